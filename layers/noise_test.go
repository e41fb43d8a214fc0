package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// draws runs a layer on rows of the number x at each of the steps 0, 1, 2 and gives its outputs and the gradients of their sum.
func draws(t *testing.T, l Layer, dt tensor.Dtype, rows int, x float64, options ...G.VMOpt) (out, gradients [3][]float64) {
	const n = 20
	in := make([]float64, rows*n)
	for i := range in {
		in[i] = x
	}
	g := G.NewGraph()
	node := input(g, "x", dense(dt, tensor.Shape{rows, n}, in...))
	y := must(l.Forward(node))
	var value, slope G.Value
	G.Read(y, &value)
	grads, err := G.Grad(G.Must(G.Sum(y)), node)
	require.NoError(t, err)
	G.Read(grads[0], &slope)
	vm := G.NewTapeMachine(g, options...)
	defer vm.Close()
	for step := range out {
		l.(Stochastic).SetStep(uint64(step))
		require.NoError(t, vm.RunAll())
		out[step], gradients[step] = numbers(value), numbers(slope)
		vm.Reset()
	}
	return out, gradients
}

func TestDropout(t *testing.T) {
	for _, dt := range dtypes {
		layer := func(name string, seed uint64) Layer { return must(NewDropout(name, 0.25, seed)) }
		out, gradients := draws(t, layer("d", 1), dt, 10, 2)
		for step := range out {
			for i, y := range out[step] {
				if y != 0 {
					require.InDelta(t, 2/0.75, y, 1e-6)
				}
				require.InDelta(t, y/2, gradients[step][i], 1e-6, "the gradient has the mask of the value")
			}
		}
		require.NotEqual(t, out[0], out[1])
		again, _ := draws(t, layer("d", 1), dt, 10, 2)
		require.Equal(t, out, again, "a function of seed, name and step")
		other, _ := draws(t, layer("e", 1), dt, 10, 2)
		require.NotEqual(t, out, other)
		other, _ = draws(t, layer("d", 2), dt, 10, 2)
		require.NotEqual(t, out, other)
		short, _ := draws(t, layer("d", 1), dt, 4, 2)
		require.Equal(t, out[1][:len(short[1])], short[1], "a row's mask does not depend on the batch")

		quiet, slope := draws(t, layer("d", 1), dt, 10, 2, G.EvalMode())
		for i := range quiet[0] {
			require.Equal(t, 2., quiet[0][i])
			require.Equal(t, 1., slope[0][i])
		}
	}
}

func TestStochasticBernoulli(t *testing.T) {
	for _, dt := range dtypes {
		layer := func(name string, seed uint64) Layer { return must(NewStochasticBernoulli(name, seed)) }
		out, gradients := draws(t, layer("s", 1), dt, 10, 0.3)
		for step := range out {
			for i, y := range out[step] {
				require.Contains(t, []float64{0, 1}, y)
				require.Equal(t, 1., gradients[step][i], "straight through")
			}
		}
		require.NotEqual(t, out[0], out[1])
		again, _ := draws(t, layer("s", 1), dt, 10, 0.3)
		require.Equal(t, out, again)
		other, _ := draws(t, layer("t", 1), dt, 10, 0.3)
		require.NotEqual(t, out, other)
		drop, _ := draws(t, must(NewDropout("s", 0.3, 1)), dt, 10, 1)
		for i, y := range drop[0] {
			drop[0][i] = 1 - min(y, 1) // 1 where the uniform number is below 0.3, as in out
		}
		require.NotEqual(t, out[0], drop[0], "another kind of layer draws otherwise")

		quiet, slope := draws(t, layer("s", 1), dt, 1, 0.3, G.EvalMode())
		require.InDelta(t, 0.3, quiet[0][0], 1e-7)
		require.Equal(t, 1., slope[0][0])
	}
}

func kept(x []float64) []bool {
	out := make([]bool, len(x))
	for i, v := range x {
		out[i] = v != 0
	}
	return out
}

func TestNoiseRates(t *testing.T) {
	const rows, alpha = 1000, 1e-6 // 20,000 draws
	share := func(l Layer, dt tensor.Dtype, x, rate float64) error {
		out, _ := draws(t, l, dt, rows, x)
		ones := make([]float64, len(out[0]))
		for i, k := range kept(out[0]) {
			if k {
				ones[i] = 1
			}
		}
		return stattest.Mean(ones, rate, math.Sqrt(rate*(1-rate)), alpha)
	}
	for _, dt := range dtypes {
		for _, seed := range stattest.Seeds {
			drop, coin := must(NewDropout("d", 0.3, seed)), must(NewStochasticBernoulli("s", seed))
			require.NoError(t, share(drop, dt, 1, 0.7))
			require.NoError(t, share(coin, dt, 0.2, 0.2))
			require.Error(t, share(drop, dt, 1, 0.65), "the test sees a rate that is off by 0.05")
			require.Error(t, share(coin, dt, 0.25, 0.2))
		}
	}
}
