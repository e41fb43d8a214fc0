package layers

import (
	"fmt"
	"slices"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/modelfile"
)

// Param is a named tensor that a layer owns: a vector or a matrix of float32 or float64.
type Param struct {
	name    string
	shape   tensor.Shape
	dtype   tensor.Dtype
	data    any // []float32 or []float64: the one memory that every graph's node shares
	learned bool

	// check is what Set demands of values besides being finite; nil for nothing.
	check func(values []float64) error
}

// Name is "layer.param", as in graphs and files.
func (p *Param) Name() string { return p.name }

// Learned reports whether training changes the parameter by its gradient; offsets and fixed variances are not learned.
func (p *Param) Learned() bool { return p.learned }

// Value returns the parameter as a tensor that shares its memory. Every call makes a new header: machines flip a header's
// access pattern while they run, so two graphs must not share one.
func (p *Param) Value() *tensor.Dense {
	return tensor.New(tensor.WithShape(p.shape...), tensor.WithBacking(p.data))
}

// Float64s returns a copy of the values, row major.
func (p *Param) Float64s() []float64 {
	out := make([]float64, p.shape.TotalSize())
	switch data := p.data.(type) {
	case []float32:
		for i, v := range data {
			out[i] = float64(v)
		}
	case []float64:
		copy(out, data)
	}
	return out
}

// Set overwrites the values, row major, rounded to the parameter's dtype. Values move: no machine may be running.
func (p *Param) Set(values []float64) error {
	if len(values) != p.shape.TotalSize() {
		return fmt.Errorf("layers: %s: Set: %d values, want %d for shape %v: %w", p.name, len(values), p.shape.TotalSize(), p.shape, energy.ErrShape)
	}
	for i, v := range values {
		if p.dtype == tensor.Float32 {
			v = float64(float32(v))
		}
		if v-v != 0 { // NaN or infinite
			return fmt.Errorf("layers: %s: Set: value %d is %v, want a finite %v: %w", p.name, i, values[i], p.dtype, energy.ErrNotFinite)
		}
	}
	if p.check != nil {
		if err := p.check(values); err != nil {
			return fmt.Errorf("layers: %s: Set: %w", p.name, err)
		}
	}
	p.fill(func(i int) float64 { return values[i] })
	return nil
}

func (p *Param) fill(value func(i int) float64) {
	switch data := p.data.(type) {
	case []float32:
		for i := range data {
			data[i] = float32(value(i))
		}
	case []float64:
		for i := range data {
			data[i] = value(i)
		}
	}
}

// Finite reports whether no value is NaN or infinite.
func (p *Param) Finite() bool {
	if data, ok := p.data.([]float32); ok {
		return kernel.AllFinite(data)
	}
	return kernel.AllFinite(p.data.([]float64))
}

// Node returns the parameter's node in g, made at the first call.
func (p *Param) Node(g *G.ExprGraph) (*G.Node, error) {
	if g == nil {
		return nil, fmt.Errorf("layers: %s: Node: the graph is nil: %w", p.name, energy.ErrConfig)
	}
	if n := p.bound(g); n != nil {
		return n, nil
	}
	for _, n := range g.ByName(p.name) {
		if n.Op() == nil {
			return nil, fmt.Errorf("layers: %s: the graph has another input of this name, of shape %v and dtype %v: %w",
				p.name, n.Shape(), n.Dtype(), energy.ErrConfig)
		}
	}
	return G.NewTensor(g, p.dtype, p.shape.Dims(), G.WithName(p.name), G.WithShape(p.shape...), G.WithValue(p.Value())), nil
}

// bound returns the node of g that shares this parameter's memory. Names alone do not tell: op nodes can bear them, and so
// can an input of the user's own.
func (p *Param) bound(g *G.ExprGraph) *G.Node {
	for _, n := range g.ByName(p.name) {
		if n.Op() != nil || !slices.Equal(n.Shape(), p.shape) || n.Dtype() != p.dtype {
			continue
		}
		if v, ok := n.Value().(*tensor.Dense); ok && first(v.Data()) == first(p.data) {
			return n
		}
	}
	return nil
}

// first is the address of a slice's first number.
func first(data any) unsafe.Pointer {
	switch data := data.(type) {
	case []float32:
		return unsafe.Pointer(unsafe.SliceData(data))
	case []float64:
		return unsafe.Pointer(unsafe.SliceData(data))
	}
	return nil
}

func (p *Param) take(file *modelfile.File) error {
	t, err := file.Tensor(p.name)
	if err != nil {
		return fmt.Errorf("%w: %w", err, energy.ErrConfig)
	}
	if !slices.Equal(p.shape, t.Shape) { // to Shape.Eq a vector equals its column
		return fmt.Errorf("tensor %q has shape %v, want %v: %w", p.name, t.Shape, p.shape, energy.ErrShape)
	}
	p.data = t.Data
	if got := p.Value().Dtype(); got != p.dtype {
		return fmt.Errorf("tensor %q has dtype %v, want %v: %w", p.name, got, p.dtype, energy.ErrDtype)
	}
	if !p.Finite() {
		return fmt.Errorf("tensor %q: %w", p.name, energy.ErrNotFinite)
	}
	return nil
}
