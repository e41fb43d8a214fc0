package layers

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// What a layer makes of sets of instances is what it makes of the instances as rows, bit for bit.
func TestInstancesAreRows(t *testing.T) {
	const sets, instances, columns = 3, 2, 4
	for _, dt := range dtypes {
		linear := must(NewLinear("l", LinearConfig{In: columns, Out: 3, Dtype: dt}))
		noBias := must(NewLinear("no", LinearConfig{In: columns, Out: 3, NoBias: true, Dtype: dt}))
		norm := must(NewLayerNorm("n", LayerNormConfig{Size: columns, Dtype: dt}))
		drop := must(NewDropout("d", 0.5, 1))
		coin := must(NewStochasticBernoulli("c", 1))
		chain := must(NewSequential("s", norm, ReLU(), drop, noBias, Softmax()))
		fixed := must(NewHopfield("h", HopfieldConfig{Units: energy.Spin(columns), Dtype: dt}))
		unrolled := must(NewHopfield("h", HopfieldConfig{Units: energy.Bernoulli(columns), Steps: 2, InputIsState: true, Dtype: dt}))
		for i, l := range []Layer{linear, noBias, norm, drop, coin, Sigmoid(), Tanh(), ReLU(), Softplus(), Softmax(), chain, fixed, unrolled} {
			shuffleParams(l, uint64(i))
			x := normals(7, sets*instances*columns)
			rows := must(l.Forward(input(G.NewGraph(), "x", dense(dt, tensor.Shape{sets * instances, columns}, x...))))
			cube := must(l.Forward(input(G.NewGraph(), "x", dense(dt, tensor.Shape{sets, instances, columns}, x...))))
			require.Equal(t, tensor.Shape{sets, instances, rows.Shape()[1]}, cube.Shape(), l.Name())
			require.Equal(t, graphtest.Value(t, rows), graphtest.Value(t, cube), l.Name())
		}
	}
}

func TestLinearWithoutBias(t *testing.T) {
	for _, dt := range dtypes {
		with := must(NewLinear("l", LinearConfig{In: 2, Out: 3, Seed: 5, Dtype: dt}))
		without := must(NewLinear("l", LinearConfig{In: 2, Out: 3, Seed: 5, NoBias: true, Dtype: dt}))
		require.Len(t, without.Params(), 1)
		require.Equal(t, with.w.Float64s(), without.w.Float64s(), "the same weights")
		require.NoError(t, with.b.Set([]float64{1, -2, 0.5}))
		forward := func(l Layer) []float64 {
			return graphtest.Value(t, must(l.Forward(input(G.NewGraph(), "x", dense(dt, tensor.Shape{2, 2}, 1, 2, -3, 0.5)))))[0]
		}
		y, plain := forward(with), forward(without)
		for i, b := range []float64{1, -2, 0.5, 1, -2, 0.5} {
			require.InDelta(t, b, y[i]-plain[i], 1e-6)
		}
		require.Contains(t, describes(t, without), `"no_bias":true`)
		require.NotContains(t, describes(t, with), "no_bias", "files of before are as they were")
	}
}
