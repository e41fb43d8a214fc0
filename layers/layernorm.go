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

// LayerNormConfig describes a LayerNorm.
type LayerNormConfig struct {
	Size    int          `json:"size"`              // columns, at least 1
	Epsilon float64      `json:"epsilon,omitempty"` // added to the variance; 0 means 1e-5
	Dtype   tensor.Dtype `json:"-"`                 // the zero value means Float32
}

// LayerNorm is gain·(x − mean)/√(variance + ε) + bias with mean and biased variance of each row or instance, and parameters gain
// (starts at 1) and bias (starts at 0).
//
// Source: Ba, Kiros, Hinton, arXiv:1607.06450, eq. 4.
type LayerNorm struct {
	name       string
	config     LayerNormConfig
	gain, bias *Param
}

// NewLayerNorm makes a layer normalisation. Errors: ErrConfig, ErrDtype.
func NewLayerNorm(name string, config LayerNormConfig) (*LayerNorm, error) {
	return newLayerNorm(name, config, nil)
}

func newLayerNorm(name string, config LayerNormConfig, file *modelfile.File) (*LayerNorm, error) {
	m := NewMaker("layers: LayerNorm", name, config.Dtype, file)
	if m.err != nil {
		return nil, m.err
	}
	if config.Size < 1 || config.Size > maxSize {
		return nil, fmt.Errorf("layers: LayerNorm %q: Size is %d, want 1 to 2^30: %w", name, config.Size, energy.ErrConfig)
	}
	if config.Epsilon == 0 {
		config.Epsilon = 1e-5
	}
	if math.IsNaN(config.Epsilon) || math.IsInf(config.Epsilon, 0) || config.Epsilon < 0 {
		return nil, fmt.Errorf("layers: LayerNorm %q: Epsilon is %g, want a positive number, or 0 for 1e-5: %w", name, config.Epsilon, energy.ErrConfig)
	}
	config.Dtype = m.dtype
	l := &LayerNorm{name: name, config: config}
	l.gain = m.Param("gain", true, func(int) float64 { return 1 }, config.Size)
	l.bias = m.Param("bias", true, nil, config.Size)
	if m.err != nil {
		return nil, fmt.Errorf("layers: LayerNorm %q: %w", name, m.err)
	}
	return l, nil
}

// Name returns the layer's name.
func (l *LayerNorm) Name() string { return l.name }

// Params lists gain and bias.
func (l *LayerNorm) Params() []*Param { return []*Param{l.gain, l.bias} }

// Forward builds the normalised x, each row or instance by itself: (B, Size) or (B, T, Size), which the result has too.
// Gradient flows to x, gain and bias. Errors: ErrShape, ErrDtype.
func (l *LayerNorm) Forward(x *G.Node) (*G.Node, error) {
	what := fmt.Sprintf("layers: LayerNorm %q: Forward", l.name)
	return onRows(what, x, l.config.Size, l.Params(), func(x *G.Node, params []*G.Node) (*G.Node, error) {
		return op.LayerNorm(x, params[0], params[1], l.config.Epsilon)
	})
}

// Spec describes the layer for a file.
func (l *LayerNorm) Spec() (kind string, config any) {
	return "layernorm", Typed[LayerNormConfig]{l.config, l.config.Dtype}
}
