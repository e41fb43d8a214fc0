package layers

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Maker makes the parameters of one layer: new ones, or those of a file. It is for whoever writes a layer, in this package or in
// another: the first thing that goes wrong stays in it, what is asked of it afterwards is nil, and Err says it once at the end.
//
// A Param is registered under "layer.param", shared by every graph that binds it, and found again in the layer's file.
type Maker struct {
	layer string
	dtype tensor.Dtype
	file  *modelfile.File
	err   error
}

// NewMaker starts a layer; kind names its package and type in errors, as in "layers: Linear". The zero dtype means Float32. With a
// file the parameters are taken from there.
func NewMaker(kind, name string, dtype tensor.Dtype, file *modelfile.File) *Maker {
	m := &Maker{layer: name, dtype: dtype, file: file}
	if m.err = checkName(kind, name); m.err != nil {
		return m
	}
	if dtype == (tensor.Dtype{}) {
		m.dtype = tensor.Float32
	} else if dtype != tensor.Float32 && dtype != tensor.Float64 {
		m.err = fmt.Errorf("%s %q: dtype %v, want float32 or float64: %w", kind, name, dtype, energy.ErrDtype)
	}
	return m
}

// Err is the first error: ErrConfig for a name or a size, ErrDtype, or what is wrong with the file.
func (m *Maker) Err() error { return m.err }

// Dtype is the dtype of the parameters, the default filled in.
func (m *Maker) Dtype() tensor.Dtype { return m.dtype }

// Param makes a parameter. init gives the initial values; nil is zeros. A file's tensor is taken over only with the very
// shape and dtype that the configuration demands, so no size in a hostile configuration is ever allocated.
func (m *Maker) Param(name string, learned bool, init func(i int) float64, shape ...int) *Param {
	if m.err != nil {
		return nil
	}
	p := &Param{name: m.layer + "." + name, shape: shape, dtype: m.dtype, learned: learned}
	if m.file != nil {
		m.err = p.take(m.file)
		return p
	}
	if m.dtype == tensor.Float32 {
		p.data = make([]float32, p.shape.TotalSize())
	} else {
		p.data = make([]float64, p.shape.TotalSize())
	}
	if init != nil {
		p.fill(init)
	}
	return p
}

// maxNumbers bounds a parameter: 16 GiB of float32. Without it an absurd size would be a panic of make.
const maxNumbers = 1 << 32

// Normal returns independent normal initial values of a given deviation, for Param. Streams are told apart by the layer's name, so
// that layers of one seed start differently.
func (m *Maker) Normal(seed uint64, param string, deviation float64, n int) func(i int) float64 {
	if m.err != nil || m.file != nil {
		return nil
	}
	if int64(n) > maxNumbers {
		m.err = fmt.Errorf("%s has %d numbers, want at most %d: %w", param, n, int64(maxNumbers), energy.ErrConfig)
		return nil
	}
	z := make([]float64, n)
	rng.Normal(rng.New(seed, "init "+m.layer+"."+param).Row(0, 0), z)
	return func(i int) float64 { return deviation * z[i] }
}
