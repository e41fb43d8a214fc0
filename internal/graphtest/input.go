package graphtest

import (
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Tensor returns the values as a tensor of a dtype, rounded to it; a scalar has no shape.
func Tensor(dtype tensor.Dtype, values []float64, shape ...int) *tensor.Dense {
	var backing any = slices.Clone(values)
	if dtype == tensor.Float32 {
		single := make([]float32, len(values))
		for i, x := range values {
			single[i] = float32(x)
		}
		backing = single
	}
	if len(shape) == 0 {
		return tensor.New(tensor.Of(dtype), tensor.WithShape(), tensor.WithBacking(backing))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

// Input adds an input node that holds the tensor; inputs of one graph want different names.
func Input(g *G.ExprGraph, name string, x *tensor.Dense) *G.Node {
	return G.NewTensor(g, x.Dtype(), x.Dims(), G.WithShape(x.Shape()...), G.WithName(name), G.WithValue(x))
}
