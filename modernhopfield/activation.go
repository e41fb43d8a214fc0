package modernhopfield

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// activation builds an elementwise function of a node of any rank; nil is the identity.
type activation func(x *G.Node) (*G.Node, error)

var activations = map[string]activation{
	"": nil, "relu": op.ReLU, "tanh": op.Tanh, "sigmoid": op.Sigmoid, "softplus": op.Softplus,
}
