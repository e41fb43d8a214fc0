package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func TestActivationsAreTheirFormulas(t *testing.T) {
	x := []float64{-40, -3, -0.5, 0, 0.5, 3, 40, 100}
	row := 0.0
	for _, v := range x {
		row += math.Exp(v - 100)
	}
	for _, dt := range dtypes {
		for _, c := range []struct {
			layer *Activation
			name  string
			f     func(x float64) float64
		}{
			{Sigmoid(), "sigmoid", func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
			{Tanh(), "tanh", math.Tanh},
			{ReLU(), "relu", func(x float64) float64 { return max(x, 0) }},
			{Softplus(), "softplus", func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
			{Softmax(), "softmax", func(x float64) float64 { return math.Exp(x-100) / row }},
		} {
			require.Equal(t, c.name, c.layer.Name())
			require.Empty(t, c.layer.Params())
			got := graphtest.Value(t, must(c.layer.Forward(input(G.NewGraph(), "x", dense(dt, tensor.Shape{1, len(x)}, x...)))))[0]
			for i, v := range x {
				tolerance := 1e-13
				if dt == tensor.Float32 {
					tolerance = 1e-6
				}
				require.InDelta(t, c.f(v), got[i], tolerance*max(1, math.Abs(c.f(v))), "%s(%v) in %v", c.name, v, dt)
			}
		}
	}
}
