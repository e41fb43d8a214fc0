package training

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// clip scales gradients, as one vector g, to g·min(1, limit/|g|). Those whose norm is not finite stay as they are: the
// parameters will show it.
//
// Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, algorithm 1.
func clip(gradients []G.ValueGrad, limit float64) error {
	total := 0.0
	for _, n := range gradients {
		g, err := gradientOf(n)
		if err != nil {
			return err
		}
		if g.Dtype() == tensor.Float32 {
			total += kernel.SumSquares(g.Float32s(), 0)
		} else {
			total += kernel.SumSquares(g.Float64s(), 0)
		}
	}
	norm := math.Sqrt(total)
	if !(norm > limit) || math.IsInf(norm, 1) {
		return nil
	}
	for _, n := range gradients {
		g, err := gradientOf(n)
		if err != nil {
			return err
		}
		if g.Dtype() == tensor.Float32 {
			kernel.Scale(g.Float32s(), g.Float32s(), float32(limit/norm))
		} else {
			kernel.Scale(g.Float64s(), g.Float64s(), limit/norm)
		}
	}
	return nil
}

func gradientOf(n G.ValueGrad) (*tensor.Dense, error) {
	v, err := n.Grad()
	if err != nil {
		return nil, err
	}
	return dense(v)
}
