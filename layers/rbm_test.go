package layers

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func TestNewRBM(t *testing.T) {
	config := RBMConfig{Visible: energy.FixedGaussian(3, 4), Hidden: energy.LearnedGaussian(2, 0.5), Seed: 7, Centered: true}
	r := must(NewRBM("r", config))
	require.Equal(t, "r", r.Name())
	require.Equal(t, tensor.Float32, r.Dtype(), "the default")
	require.Equal(t, tensor.Float32, r.Config().Dtype)
	require.Equal(t, "FixedGaussian(3, 4)", r.Visible().String())
	require.Equal(t, "LearnedGaussian(2, 0.5)", r.Hidden().String())

	type facts struct {
		name    string
		shape   tensor.Shape
		learned bool
	}
	var got []facts
	for _, p := range r.Params() {
		require.Equal(t, tensor.Float32, p.Value().Dtype())
		got = append(got, facts{p.Name(), p.Value().Shape(), p.Learned()})
	}
	require.Equal(t, []facts{
		{"r.W", tensor.Shape{3, 2}, true}, {"r.b", tensor.Shape{3}, true}, {"r.c", tensor.Shape{2}, true},
		{"r.visible_log_variance", tensor.Shape{3}, false}, {"r.hidden_log_variance", tensor.Shape{2}, true},
		{"r.visible_offset", tensor.Shape{3}, false}, {"r.hidden_offset", tensor.Shape{2}, false},
	}, got)
	for _, name := range []string{"b", "c", "visible_offset", "hidden_offset"} {
		require.Equal(t, make([]float64, r.Param(name).shape.TotalSize()), r.Param(name).Float64s(), name)
	}
	require.InDeltaSlice(t, []float64{1.3862944, 1.3862944, 1.3862944}, r.Param("visible_log_variance").Float64s(), 1e-6)
	require.InDeltaSlice(t, []float64{-0.6931472, -0.6931472}, r.Param("hidden_log_variance").Float64s(), 1e-6)
	require.Nil(t, r.Param("r.W"), "short names")

	plain := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Spin(2)}))
	require.Len(t, plain.Params(), 3)
	require.Nil(t, plain.Param("visible_offset"))
}

func TestContrastiveCostIsTheDifferenceOfMeans(t *testing.T) {
	for _, dt := range dtypes {
		r := must(NewRBM("r", RBMConfig{Visible: energy.Spin(3), Hidden: energy.Bernoulli(2), Dtype: dt}))
		shuffleParams(r, 1)
		g := G.NewGraph()
		plus := input(g, "plus", dense(dt, tensor.Shape{2, 3}, 1, 1, -1, -1, 1, 1))
		minus := input(g, "minus", dense(dt, tensor.Shape{3, 3}, 1, 1, 1, -1, -1, 1, 1, -1, -1))
		out := graphtest.Value(t, must(r.ContrastiveCost(plus, minus)), must(r.FreeEnergy(plus)), must(r.FreeEnergy(minus)))
		require.InDelta(t, (out[1][0]+out[1][1])/2-(out[2][0]+out[2][1]+out[2][2])/3, out[0][0], 1e-6)
		require.NotZero(t, out[0][0])
	}
}

// initial returns the initial weights of layers that are made of a seed and a name.
var initial = map[string]func(name string, seed uint64, dt tensor.Dtype) []float64{
	"RBM": func(name string, seed uint64, dt tensor.Dtype) []float64 {
		return must(NewRBM(name, RBMConfig{Visible: energy.Spin(40), Hidden: energy.Spin(50), Seed: seed, Dtype: dt})).w.Float64s()
	},
	"Linear": func(name string, seed uint64, dt tensor.Dtype) []float64 {
		return must(NewLinear(name, LinearConfig{In: 40, Out: 50, Seed: seed, Dtype: dt})).w.Float64s()
	},
}

func TestInitialWeights(t *testing.T) {
	deviations := map[string]float64{"RBM": 0.01, "Linear": 0.14907119849998599} // √(2/90)
	for kind, weights := range initial {
		for _, seed := range stattest.Seeds {
			w := weights("a", seed, tensor.Float64)
			require.Equal(t, w, weights("a", seed, tensor.Float64), "the same seed and name give the same bits")
			require.InDeltaSlice(t, w, weights("a", seed, tensor.Float32), 1e-7, "rounded in float32")
			require.Equal(t, weights("a", seed, tensor.Float32), weights("a", seed, tensor.Float32))
			b, next := weights("b", seed, tensor.Float64), weights("a", seed+1, tensor.Float64)
			for i := range w {
				require.NotEqual(t, w[i], b[i], "another name")
				require.NotEqual(t, w[i], next[i], "another seed")
			}
			normal := distuv.Normal{Sigma: deviations[kind]}
			require.NoError(t, stattest.KolmogorovSmirnov(w, normal.CDF, 1e-6))
			normal.Sigma *= 1.3
			require.Error(t, stattest.KolmogorovSmirnov(w, normal.CDF, 1e-6), "the test sees a deviation that is off by 30 %")
		}
	}
	require.NotEqual(t, initial["RBM"]("a", 1, tensor.Float64)[0]/0.01, initial["Linear"]("b", 1, tensor.Float64)[0]/deviations["Linear"])

	wide := must(NewRBM("a", RBMConfig{Visible: energy.Spin(40), Hidden: energy.Spin(50), InitDeviation: 0.5, Dtype: tensor.Float64}))
	narrow := must(NewRBM("a", RBMConfig{Visible: energy.Spin(40), Hidden: energy.Spin(50), Dtype: tensor.Float64}))
	for i, w := range narrow.w.Float64s() {
		require.InDelta(t, 50*w, wide.w.Float64s()[i], 1e-12)
	}
}
