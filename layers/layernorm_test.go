package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func TestLayerNormIsItsFormula(t *testing.T) {
	l := must(NewLayerNorm("n", LayerNormConfig{Size: 4, Epsilon: 0.5, Dtype: tensor.Float64}))
	x := []float64{1, 2, 3, 6}
	forward := func() []float64 {
		return graphtest.Value(t, must(l.Forward(input(G.NewGraph(), "x", dense(tensor.Float64, tensor.Shape{1, 4}, x...)))))[0]
	}
	fresh := forward()
	standard := must(NewLayerNorm("n", LayerNormConfig{Size: 4, Dtype: tensor.Float64}))
	flat := graphtest.Value(t, must(standard.Forward(input(G.NewGraph(), "x", dense(tensor.Float64, tensor.Shape{1, 4}, 0, 0, 0.01, 0.01)))))[0]
	require.InDelta(t, 0.005/math.Sqrt(2.5e-5+1e-5), flat[3], 1e-12, "epsilon is 1e-5 unless it is given")
	require.NoError(t, l.gain.Set([]float64{1, 2, 3, 4}))
	require.NoError(t, l.bias.Set([]float64{4, 3, 2, 1}))
	got := forward()
	for i, v := range x { // mean 3, variance 3.5
		require.InDelta(t, (v-3)/2, fresh[i], 1e-12, "gain 1 and bias 0 at first")
		require.InDelta(t, float64(i+1)*(v-3)/2+float64(4-i), got[i], 1e-12)
	}
}
