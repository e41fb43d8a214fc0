package layers

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// Activation is an elementwise function, or a softmax over rows, as a layer without parameters.
type Activation struct {
	kind  string
	build func(*G.Node) (*G.Node, error)
}

// Sigmoid returns the layer 1/(1 + exp(−x)); unlike Gorgonia's it is exact in float64.
func Sigmoid() *Activation { return &Activation{"sigmoid", op.Sigmoid} }

// Tanh returns the layer tanh x.
func Tanh() *Activation { return &Activation{"tanh", op.Tanh} }

// ReLU returns the layer max(x, 0); its gradient at 0 is 0.
func ReLU() *Activation { return &Activation{"relu", op.ReLU} }

// Softplus returns the layer log(1 + exp x); unlike Gorgonia's it is exact in float64.
func Softplus() *Activation { return &Activation{"softplus", op.Softplus} }

// Softmax returns the layer exp x_ij / Σ_k exp x_ik over each row of a (B, n) batch, or over each instance of (B, T, n).
func Softmax() *Activation {
	return &Activation{"softmax", func(x *G.Node) (*G.Node, error) { return rowwise(x, op.Softmax) }}
}

// Name is the name of the function.
func (a *Activation) Name() string { return a.kind }

// Params returns nil.
func (a *Activation) Params() []*Param { return nil }

// Forward builds the function of x, of x's shape. Gradient flows to x.
func (a *Activation) Forward(x *G.Node) (*G.Node, error) {
	return build(a.kind+": Forward", func() (*G.Node, error) { return a.build(x) }, x)
}

// Spec describes the layer for a file.
func (a *Activation) Spec() (kind string, config any) { return a.kind, struct{}{} }
