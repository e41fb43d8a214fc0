package modernhopfield

import (
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

var dtypes = []tensor.Dtype{tensor.Float64, tensor.Float32}

// must is for what a test takes for granted.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func normals(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// random is an input of g with normal numbers.
func random(g *G.ExprGraph, name string, dt tensor.Dtype, seed uint64, shape ...int) *G.Node {
	return graphtest.Input(g, name, graphtest.Tensor(dt, normals(seed, tensor.Shape(shape).TotalSize()), shape...))
}

// given is an input of g with given numbers.
func given(g *G.ExprGraph, name string, dt tensor.Dtype, x []float64, shape ...int) *G.Node {
	return graphtest.Input(g, name, graphtest.Tensor(dt, x, shape...))
}

// shuffleParams gives every parameter of a layer random values, so that nothing is 0 by accident; a fixed β stays positive.
func shuffleParams(l layers.Layer, seed uint64) {
	for i, p := range l.Params() {
		x := normals(seed+uint64(i), p.Value().Shape().TotalSize())
		for k := range x {
			x[k] *= 0.5
			if !p.Learned() && p.Name()[len(p.Name())-4:] == "beta" {
				x[k] = 0.5 + x[k]*x[k]
			}
		}
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
}
