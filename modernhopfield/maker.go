package modernhopfield

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
)

// maker makes the parameters of a layer and keeps them in order.
type maker struct {
	*layers.Maker
	params []*layers.Param

	seed      uint64
	deviation float64 // as configured
	drawn     bool    // some initial values are random
}

func newMaker(kind, name string, dtype tensor.Dtype, file *modelfile.File, seed uint64, deviation float64) *maker {
	return &maker{Maker: layers.NewMaker("modernhopfield: "+kind, name, dtype, file), seed: seed, deviation: deviation}
}

func (m *maker) param(name string, learned bool, init func(i int) float64, shape ...int) *layers.Param {
	p := m.Param(name, learned, init, shape...)
	if p != nil {
		m.params = append(m.params, p)
	}
	return p
}

// normal makes a learned parameter with normal initial values of the configured deviation.
func (m *maker) normal(name string, shape ...int) *layers.Param {
	return m.normals(name, true, or(m.deviation, 0.02), shape...)
}

func (m *maker) normals(name string, learned bool, deviation float64, shape ...int) *layers.Param {
	m.drawn = true
	return m.param(name, learned, m.Normal(m.seed, name, deviation, tensor.Shape(shape).TotalSize()), shape...)
}

// finish returns the first error, or what is wrong with the whole.
func (m *maker) finish() error {
	if err := m.Err(); err != nil {
		return err
	}
	if m.deviation != 0 && !m.drawn {
		return fmt.Errorf("InitDeviation is %g, but nothing has random initial values: %w", m.deviation, energy.ErrConfig)
	}
	return nil
}

// owner is what every layer of the package has: a name and parameters.
type owner struct {
	kind, name string
	params     []*layers.Param
}

// Name returns the layer's name.
func (o *owner) Name() string { return o.name }

// Params lists the parameters in a fixed order.
func (o *owner) Params() []*layers.Param { return append([]*layers.Param(nil), o.params...) }

// Param returns the parameter of a short name ("W_query", …), or nil.
func (o *owner) Param(name string) *layers.Param {
	for _, p := range o.params {
		if p.Name() == o.name+"."+name {
			return p
		}
	}
	return nil
}

// fail says which layer and call an error comes from.
func (o *owner) fail(call string, err error) error {
	return fmt.Errorf("modernhopfield: %s %q: %s: %w", o.kind, o.name, call, err)
}
