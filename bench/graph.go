package bench

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// input makes a node that reads a tensor.
func input(g *G.ExprGraph, name string, t *tensor.Dense) *G.Node {
	return G.NewTensor(g, t.Dtype(), t.Dims(), G.WithName(name), G.WithShape(t.Shape()...), G.WithValue(t))
}

// bits is a tensor of zeros and ones, a fifth of them ones, which is about what MNIST has of ink.
func bits(dtype tensor.Dtype, seed uint32, shape ...int) *tensor.Dense {
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	for i := range t.Shape().TotalSize() {
		if hashed(uint32(i), seed) >= 0.2 {
			continue
		}
		if dtype == tensor.Float32 {
			t.Float32s()[i] = 1
		} else {
			t.Float64s()[i] = 1
		}
	}
	return t
}

// filled is a float32 tensor made by [Fill].
func filled(seed uint32, scale float64, shape ...int) *tensor.Dense {
	t := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	Fill(t.Float32s(), seed, scale)
	return t
}

// numbers returns n numbers made by [Fill].
func numbers(seed uint32, scale float64, n int) []float64 {
	x := make([]float64, n)
	Fill(x, seed, scale)
	return x
}
