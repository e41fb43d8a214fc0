package graphtest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
)

func TestRunAndValue(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		Run(t, 0, func(g *G.ExprGraph) G.Nodes {
			x := Input(g, "x", Tensor(dtype, []float64{1, -2, 3, math.NaN(), 5, math.Inf(1)}, 2, 3))
			y := Input(g, "y", Tensor(dtype, []float64{2, 3}, 2))
			return G.Nodes{G.Must(G.Neg(x)), G.Must(G.Sum(y))}
		}, Tensor(dtype, []float64{-1, 2, -3, math.NaN(), -5, math.Inf(-1)}, 2, 3), Tensor(dtype, []float64{5}))

		x := Input(G.NewGraph(), "x", Tensor(dtype, []float64{1, 2, 3, 4, 5, 6}, 2, 3))
		turned := G.Must(G.Transpose(x, 1, 0))
		require.Equal(t, [][]float64{{1, 4, 2, 5, 3, 6}, {21}}, Value(t, turned, G.Must(G.Sum(x))))
	}
}

func TestEvaluate(t *testing.T) {
	ones := make([]float64, 64)
	for i := range ones {
		ones[i] = 1
	}
	dropped := func() *G.Node {
		return G.Must(op.Dropout(Input(G.NewGraph(), "x", Tensor(tensor.Float64, ones, 8, 8)), 0.5, op.NewNoise(1, "mask")))
	}
	require.Equal(t, ones, Evaluate(t, dropped())[0])
	require.NotEqual(t, ones, Value(t, dropped())[0])
}

// compare must find what is wrong, and say where.
func TestCompare(t *testing.T) {
	x := Tensor(tensor.Float64, []float64{1, 2, 3, 4, 5, 6}, 2, 3)
	for _, c := range []struct {
		want *tensor.Dense
		text string
	}{
		{Tensor(tensor.Float64, []float64{1, 2, 3, 4, 5.1, 7}, 2, 3), "at [1 1]: 5, want 5.1"},
		{Tensor(tensor.Float64, []float64{1, 2, 3, math.NaN(), 5, 6}, 2, 3), "at [1 0]: 4, want NaN"},
		{Tensor(tensor.Float64, []float64{1, math.Inf(1), 3, 4, 5, 6}, 2, 3), "at [0 1]: 2, want +Inf"},
		{Tensor(tensor.Float64, []float64{1, 2, 3, 4, 5, 6}, 3, 2), "shape (2, 3) of float64, want (3, 2) of float64"},
		{Tensor(tensor.Float64, []float64{1, 2, 3, 4, 5, 6}, 6, 1), "shape (2, 3) of float64, want (6, 1) of float64"},
		{Tensor(tensor.Float32, []float64{1, 2, 3, 4, 5, 6}, 2, 3), "shape (2, 3) of float64, want (2, 3) of float32"},
	} {
		require.EqualError(t, compare(x, c.want, 0.01), c.text)
	}
	require.Error(t, compare(Tensor(tensor.Float64, []float64{1, 2}, 2), Tensor(tensor.Float64, []float64{1, 2}, 2, 1), 0))
	require.NoError(t, compare(x, Tensor(tensor.Float64, []float64{1, 2, 3, 4, 5.1, 6}, 2, 3), 0.02))
	require.Error(t, compare(Tensor(tensor.Float64, []float64{math.Inf(1)}, 1), Tensor(tensor.Float64, []float64{math.Inf(-1)}, 1), 1))
}
