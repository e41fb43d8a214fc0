package layers

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
)

// LinearConfig describes a Linear layer.
type LinearConfig struct {
	In  int `json:"in"`  // columns of the input, at least 1
	Out int `json:"out"` // columns of the output, at least 1

	NoBias bool `json:"no_bias,omitempty"` // leaves b out

	// Seed of the initial weights: together with the layer's name it fixes them.
	Seed uint64 `json:"seed"`
	// InitDeviation is the standard deviation of the initial weights; 0 means √(2/(In+Out)) (Glorot & Bengio 2010, eq. 12).
	InitDeviation float64 `json:"init_deviation,omitempty"`
	// Dtype is tensor.Float32 or tensor.Float64; the zero value means Float32.
	Dtype tensor.Dtype `json:"-"`
}

// Linear is x·W + b with parameters W (In, Out) and b (Out), or x·W without a bias.
type Linear struct {
	name   string
	config LinearConfig
	w      *Param
	b      *Param // nil where NoBias
}

// maxSize bounds the sides of parameters, so that no product of sizes overflows.
const maxSize = 1 << 30

// NewLinear makes a linear layer with random weights and zero bias. Errors: ErrConfig, ErrDtype.
func NewLinear(name string, config LinearConfig) (*Linear, error) {
	return newLinear(name, config, nil)
}

func newLinear(name string, config LinearConfig, file *modelfile.File) (*Linear, error) {
	m := NewMaker("layers: Linear", name, config.Dtype, file)
	if m.err != nil {
		return nil, m.err
	}
	if config.In < 1 || config.Out < 1 || config.In > maxSize || config.Out > maxSize {
		return nil, fmt.Errorf("layers: Linear %q: In is %d and Out %d, want 1 to 2^30: %w", name, config.In, config.Out, energy.ErrConfig)
	}
	deviation := config.InitDeviation
	switch {
	case math.IsNaN(deviation) || math.IsInf(deviation, 0) || deviation < 0:
		return nil, fmt.Errorf("layers: Linear %q: InitDeviation is %g, want a positive number, or 0 for Glorot's: %w", name, deviation, energy.ErrConfig)
	case deviation == 0:
		deviation = math.Sqrt(2 / float64(config.In+config.Out))
	}
	config.Dtype = m.dtype
	l := &Linear{name: name, config: config}
	l.w = m.Param("W", true, m.Normal(config.Seed, "W", deviation, config.In*config.Out), config.In, config.Out)
	if !config.NoBias {
		l.b = m.Param("b", true, nil, config.Out)
	}
	if m.err != nil {
		return nil, fmt.Errorf("layers: Linear %q: %w", name, m.err)
	}
	return l, nil
}

// Name returns the layer's name.
func (l *Linear) Name() string { return l.name }

// Params lists W and, where there is one, b.
func (l *Linear) Params() []*Param {
	if l.b == nil {
		return []*Param{l.w}
	}
	return []*Param{l.w, l.b}
}

// Forward builds x·W + b for each row or instance: (B, In) gives (B, Out), and (B, T, In) gives (B, T, Out). Gradient flows to
// x, W and b. Errors: ErrShape, ErrDtype. Cost: one matrix product.
func (l *Linear) Forward(x *G.Node) (*G.Node, error) {
	what := fmt.Sprintf("layers: Linear %q: Forward", l.name)
	return onRows(what, x, l.config.In, l.Params(), func(x *G.Node, params []*G.Node) (*G.Node, error) {
		if l.b == nil {
			return op.Gemm(x, params[0], false, false)
		}
		return op.Affine(x, params[0], params[1], false)
	})
}

// Spec describes the layer for a file.
func (l *Linear) Spec() (kind string, config any) {
	return "linear", Typed[LinearConfig]{l.config, l.config.Dtype}
}
