package layers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

var dtypes = []tensor.Dtype{tensor.Float64, tensor.Float32}

// dense is a tensor of a dtype with the given numbers.
func dense(dt tensor.Dtype, shape tensor.Shape, x ...float64) *tensor.Dense {
	if dt == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(append([]float64(nil), x...)))
	}
	single := make([]float32, len(x))
	for i, v := range x {
		single[i] = float32(v)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(single))
}

// input is a named input node of g with a value.
func input(g *G.ExprGraph, name string, value *tensor.Dense) *G.Node {
	return G.NewTensor(g, value.Dtype(), value.Dims(), G.WithName(name), G.WithShape(value.Shape()...), G.WithValue(value))
}

// numbers copies the numbers of a tensor or scalar.
func numbers(v G.Value) []float64 {
	switch data := v.Data().(type) {
	case []float64:
		return append([]float64(nil), data...)
	case []float32:
		out := make([]float64, len(data))
		for i, x := range data {
			out[i] = float64(x)
		}
		return out
	case float64:
		return []float64{data}
	case float32:
		return []float64{float64(data)}
	}
	panic(fmt.Sprintf("%T holds no floats", v))
}

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

// within moves rows of numbers into the range of units, away from its ends.
func within(u energy.Units, x []float64) []float64 {
	x = slices.Clone(x)
	relu, poisson, binomial := u.Columns("ReLU"), u.Columns("Poisson"), u.Columns("Binomial")
	for i, v := range x {
		switch j := i % u.Len(); {
		case relu[j], poisson[j]:
			x[i] = 0.05 + math.Abs(v)
		case binomial[j]:
			x[i] = 1 + 0.9*math.Tanh(v) // of 2 trials or more
		}
	}
	return x
}

// shuffleParams gives every parameter of a layer random values, so that nothing is 0 by accident.
func shuffleParams(l Layer, seed uint64) {
	for i, p := range l.Params() {
		x := normals(seed+uint64(i), p.shape.TotalSize())
		for k := range x {
			x[k] *= 0.5
		}
		admissible(p, x)
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
}

// admissible makes values ones that a parameter takes: couplings are symmetric with a zero diagonal, and pairs that are not coupled have 0, as
// they do from the start.
func admissible(p *Param, x []float64) {
	if p.check == nil {
		return
	}
	n := p.shape[0]
	now := p.Float64s()
	of := couplingsOf(func(i int) float64 { return x[i] }, n)
	for i := range x {
		if x[i] = of(i); now[i] == 0 {
			x[i] = 0
		}
	}
}
