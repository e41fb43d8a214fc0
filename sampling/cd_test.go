package sampling

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// transition is the enumerated probability K(v'|v) of k Gibbs steps, from the joint distribution: Σ_h p(h|v)·p(v'|h).
func (m machine) transition(t *testing.T, k int) (states [][]float64, kernel [][]float64) {
	oracle := m.exact(1)
	states, pv, err := oracle.Probabilities()
	require.NoError(t, err)
	_, _, joint, err := oracle.JointProbabilities()
	require.NoError(t, err)
	n, nh := len(states), len(joint)/len(states)
	ph := make([]float64, nh)
	for i, p := range joint {
		ph[i%nh] += p
	}
	once := make([][]float64, n)
	for i := range once {
		once[i] = make([]float64, n)
		for j := range once[i] {
			for h := range nh {
				once[i][j] += joint[i*nh+h] / pv[i] * joint[j*nh+h] / ph[h]
			}
		}
	}
	kernel = once
	for range k - 1 {
		kernel = product(kernel, once)
	}
	return states, kernel
}

func product(a, b [][]float64) [][]float64 {
	c := make([][]float64, len(a))
	for i := range c {
		c[i] = make([]float64, len(b[0]))
		for k, x := range a[i] {
			for j, y := range b[k] {
				c[i][j] += x * y
			}
		}
	}
	return c
}

// small is a machine of 8 visible and 8 hidden states.
func small(dtype tensor.Dtype) machine { return newMachine(bernoulli(3), spin(3), dtype, 8) }

// repeated is a batch of n copies of a state.
func repeated(dtype tensor.Dtype, state []float64, n int) *tensor.Dense {
	return dense(dtype, tensor.Shape{n, len(state)}, slices.Repeat(state, n)...)
}

// counts says how many rows are in which state.
func counts(states [][]float64, rows *tensor.Dense) []int {
	c, x, n := make([]int, len(states)), numbers(rows), len(states[0])
	for i := 0; i < len(x); i += n {
		c[slices.IndexFunc(states, func(s []float64) bool { return slices.Equal(s, x[i:i+n]) })]++
	}
	return c
}

// CD-k draws from the k-step transition of the data, and not from that of another number of steps.
func TestCDStartsAtTheData(t *testing.T) {
	for _, dtype := range dtypes {
		m := small(dtype)
		for _, k := range []int{0, 1, 2, 5} {
			states, kernel := m.transition(t, max(1, k))
			_, other := m.transition(t, max(1, k)+2)
			told := false // from k + 2 steps
			for i, seed := range stattest.Seeds {
				phase := must(CD{Steps: k}.Start(m.rbm, seed))
				for j, from := range []int{i, 7 - i} { // a phase goes on with any other batch
					data := repeated(dtype, states[from], 4000)
					rows, _, err := phase.Next(data, ones(4000), uint64(j))
					require.NoError(t, err)
					require.NoError(t, stattest.Distribution(counts(states, rows), kernel[from], alpha), "CD-%d from state %d", k, from)
					told = told || stattest.Distribution(counts(states, rows), other[from], alpha) != nil
					require.Equal(t, numbers(repeated(dtype, states[from], 4000)), numbers(data), "the data stay")
				}
			}
			if k < 5 { // many steps are much like a few more
				require.True(t, told, "CD-%d", k)
			}
		}
	}
}

func TestCDPhase(t *testing.T) {
	m := small(tensor.Float32)
	phase := must(CD{Steps: 2}.Start(m.rbm, 3))
	require.Equal(t, 7, phase.Rows(7))
	require.Nil(t, phase.Chains())
	batch := func(n int) *tensor.Dense { return repeated(tensor.Float32, []float64{0, 1, 0.5}, n) }
	next := func(n int, step uint64) []float64 {
		weights := make([]float64, n)
		rows, got, err := phase.Next(batch(n), weights, step)
		require.NoError(t, err)
		require.Same(t, &weights[0], &got[0], "the weights are those of the data")
		require.Equal(t, tensor.Shape{n, 3}, rows.Shape())
		return numbers(rows)
	}
	first := next(30, 5)
	require.Equal(t, first[:12], next(4, 5), "a short batch, and the same step")
	require.NotEqual(t, first, next(30, 6), "another step")
	require.Equal(t, first, next(30, 5))
	phase = must(CD{Steps: 2}.Start(m.rbm, 4))
	require.NotEqual(t, first, next(30, 5), "another seed")
	require.NoError(t, phase.(Stepped).SetSteps(1))
	one := next(30, 5)
	require.NoError(t, phase.(Stepped).SetSteps(0))
	require.Equal(t, one, next(30, 5), "0 means 1")
}

// gradients runs the graph of the machine's contrastive cost on two phases and returns the gradient of each parameter.
func gradients(t *testing.T, m *layers.RBM, data *tensor.Dense, weights []float64, negative *tensor.Dense, negativeWeights []float64) map[string][]float64 {
	g := G.NewGraph()
	input := func(name string, x *tensor.Dense) *G.Node {
		return G.NewTensor(g, x.Dtype(), x.Dims(), G.WithName(name), G.WithShape(x.Shape()...), G.WithValue(x))
	}
	e := must(m.Bind(g))
	plus, minus := must(e.FreeEnergy(input("data", data))), must(e.FreeEnergy(input("negative", negative)))
	cost := must(energy.WeightedContrastiveCost(
		plus, input("data weights", dense(m.Dtype(), tensor.Shape{len(weights)}, weights...)),
		minus, input("negative weights", dense(m.Dtype(), tensor.Shape{len(negativeWeights)}, negativeWeights...))))
	wrt := layers.Wrt(cost, m)
	must(G.Grad(cost, wrt...))
	vm := G.NewTapeMachine(g, G.BindDualValues(wrt...))
	defer vm.Close()
	require.NoError(t, vm.RunAll())
	out := map[string][]float64{}
	for _, n := range wrt {
		out[n.Name()] = numbers(must(n.Grad()).(*tensor.Dense))
	}
	return out
}

// expected is the exact expectation of the gradient of W, ⟨v E[h|v]⟩ over v⁻ less that over the data, when v⁻ comes from the
// data rows by a transition, and the standard deviation of its average over as many rows as there are data.
func expected(t *testing.T, oracle *exact.Harmonium, states, kernel [][]float64, data []int) (mean, deviation []float64) {
	mean, deviation = make([]float64, len(oracle.W)), make([]float64, len(oracle.W))
	statistics := make([][]float64, len(states))
	for s, v := range states {
		h := must(oracle.MeanHidden(v))
		for _, vi := range v {
			for _, hj := range h {
				statistics[s] = append(statistics[s], vi*hj)
			}
		}
	}
	n := float64(len(data))
	for _, from := range data {
		for i := range mean {
			first, second := 0.0, 0.0
			for s, p := range kernel[from] {
				first += p * statistics[s][i]
				second += p * statistics[s][i] * statistics[s][i]
			}
			mean[i] += (first - statistics[from][i]) / n
			deviation[i] += (second - first*first) / (n * n)
		}
	}
	for i := range deviation {
		deviation[i] = math.Sqrt(deviation[i])
	}
	return mean, deviation
}

// The average CD-1 gradient is its exact expectation, which is neither that of CD-2 nor that of the likelihood.
func TestCDGradient(t *testing.T) {
	m := small(tensor.Float64)
	states, one := m.transition(t, 1)
	_, two := m.transition(t, 2)
	_, stationary := m.transition(t, 200)
	var data []int
	var batch []float64
	for i := range 6000 {
		data = append(data, []int{1, 2, 7}[i%3])
		batch = append(batch, states[data[i]]...)
	}
	limit := -distuv.UnitNormal.Quantile(alpha / 2)
	for _, seed := range stattest.Seeds {
		positive := dense(tensor.Float64, tensor.Shape{len(data), 3}, batch...)
		rows, weights, err := must(CD{}.Start(m.rbm, seed)).Next(positive, ones(len(data)), 0)
		require.NoError(t, err)
		got := gradients(t, m.rbm, positive, ones(len(data)), rows, weights)["rbm.W"]
		off := func(kernel [][]float64) (worst float64) {
			mean, deviation := expected(t, m.exact(1), states, kernel, data)
			for i := range mean {
				worst = max(worst, math.Abs(got[i]-mean[i])/deviation[i])
			}
			return worst
		}
		require.Less(t, off(one), limit)
		require.Greater(t, off(two), limit)
		require.Greater(t, off(stationary), limit)
	}
}

func TestNegativeNames(t *testing.T) {
	for want, n := range map[string]Negative{
		"CD-1": CD{}, "CD-3": CD{Steps: 3}, "PCD-1 with 100 chains": PCD{}, "PCD-5 with 20 chains": PCD{Steps: 5, Chains: 20}, "exact gradient": Exact{},
	} {
		require.Equal(t, want, fmt.Sprint(n))
	}
}
