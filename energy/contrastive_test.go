package energy_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// likelihood is the gradient of the mean negative log-likelihood of some rows as gorgonia.Grad finds it: the free energy of
// the data, less that of every state of a side that can be enumerated, weighted by its probability.
func (m model) likelihood(t *testing.T, e energy.RBM, wrt G.Nodes, rows [][]float64) [][]float64 {
	g := e.W.Graph()
	positive := G.Must(e.FreeEnergy(matrix(g, "data", rows)))
	if unlisted(m.Visible) && unlisted(m.Hidden) {
		grads := gradient(t, G.Must(G.Mean(positive)), wrt...)
		moments, err := m.Moments() // ∂E/∂W = −v hᵀ, ∂E/∂b = −v, ∂E/∂c = −h, ∂E/∂s = −x²/2σ²
		require.NoError(t, err)
		for k, moment := range nonNil(moments.VH, moments.V, moments.H, halved(moments.VV, m.Visible.LogVariance), halved(moments.HH, m.Hidden.LogVariance)) {
			for i, x := range moment {
				grads[k][i] += x
			}
		}
		return grads
	}
	logZ, err := m.LogPartition()
	require.NoError(t, err)
	side, free, build := m.Visible, m.FreeEnergy, e.FreeEnergy
	if unlisted(side) {
		side, free, build = m.Hidden, m.HiddenFreeEnergy, e.HiddenFreeEnergy
	}
	states, p := statesOf(t, side), []float64{}
	for _, x := range states {
		f, err := free(x)
		require.NoError(t, err)
		p = append(p, math.Exp(-f-logZ))
	}
	cost, err := energy.WeightedContrastiveCost(positive, nil, G.Must(build(matrix(g, "states", states))), vector(g, "p", p))
	require.NoError(t, err)
	return gradient(t, cost, wrt...)
}

func halved(second, logVariance []float64) (out []float64) {
	for i, s := range logVariance {
		out = append(out, second[i]/2*math.Exp(-s))
	}
	return out
}

func TestLikelihoodGradientEqualsEnumeration(t *testing.T) {
	for _, m := range models() {
		t.Run(m.String(), func(t *testing.T) {
			rows := statesOf(t, m.Visible)[1:6]
			want, err := m.Gradient(rows, nil)
			require.NoError(t, err)
			e := m.bind(G.NewGraph())
			got := m.likelihood(t, e, leaves(e), rows)
			for k, w := range nonNil(want.W, want.B, want.C, want.LogVarianceVisible, want.LogVarianceHidden) {
				require.InDeltaSlice(t, w, got[k], 1e-10, "parameter %d", k)
			}
		})
	}
}

func nonNil(slices ...[]float64) (all [][]float64) {
	for _, s := range slices {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// The weights of rows count as repetitions do; phases may have any lengths; no gradient flows to weights.
func TestWeightedContrastiveCost(t *testing.T) {
	g := G.NewGraph()
	positive, negative := vector(g, "positive", []float64{1, 4}), vector(g, "negative", []float64{2, 7, 9})
	weights := vector(g, "weights", []float64{3, 1})
	same := vector(g, "same", []float64{1, 1, 1, 4})
	weighted := G.Must(energy.WeightedContrastiveCost(positive, weights, negative, nil))
	plain := G.Must(energy.ContrastiveCost(same, negative))
	require.True(t, weighted.IsScalar())
	grads, err := G.Grad(weighted, positive, negative)
	require.NoError(t, err)
	require.Equal(t, [][]float64{{-4.25}, {-4.25}, {0.75, 0.25}, {-1. / 3, -1. / 3, -1. / 3}}, graphtest.Value(t, weighted, plain, grads[0], grads[1]))
	_, err = G.Grad(G.Must(energy.WeightedContrastiveCost(positive, weights, negative, nil)), weights)
	require.Error(t, err)
}

func TestContrastiveCostErrors(t *testing.T) {
	g := G.NewGraph()
	good := vector(g, "f", []float64{1, 2})
	rows := matrix(g, "rows", [][]float64{{1, 2}})
	single := G.NewVector(g, tensor.Float32, G.WithShape(2), G.WithName("single"))
	three := vector(g, "three", []float64{1, 2, 3})
	for i, c := range []struct {
		f, w, f2, w2 *G.Node
		want         error
	}{
		{nil, nil, good, nil, energy.ErrShape}, {good, nil, nil, nil, energy.ErrShape}, {rows, nil, good, nil, energy.ErrShape},
		{good, nil, rows, nil, energy.ErrShape}, {good, three, good, nil, energy.ErrShape}, {good, nil, good, three, energy.ErrShape},
		{good, rows, good, nil, energy.ErrShape}, {good, nil, single, nil, energy.ErrDtype}, {good, single, good, nil, energy.ErrDtype},
	} {
		_, err := energy.WeightedContrastiveCost(c.f, c.w, c.f2, c.w2)
		require.ErrorIs(t, err, c.want, "%d", i)
		require.ErrorContains(t, err, "energy: ContrastiveCost: ", "%d", i)
	}
}

// Joined sides: the weighted cost has the gradient of −mean log p(v), written out as mean F(v) + log Σ exp(−F), which
// equals the differences.
func TestLikelihoodGradientOfJoinedUnits(t *testing.T) {
	visible, hidden := energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3)), energy.Join(energy.Spin(1), energy.LearnedGaussian(1, 1))
	count, err := visible.StateCount()
	require.NoError(t, err)
	states := make([][]float64, count)
	for i := range states {
		states[i] = make([]float64, visible.Len())
		visible.State(i, states[i])
	}
	bound := func(in []*G.Node) (free, data *G.Node) {
		e := energy.RBM{Visible: visible, Hidden: hidden, W: in[0], B: in[1], C: in[2], HiddenLogVariance: in[3]}
		return G.Must(e.FreeEnergy(matrix(in[0].Graph(), "states", states))), G.Must(e.FreeEnergy(matrix(in[0].Graph(), "data", states[2:7])))
	}
	cost := func(in []*G.Node) (*G.Node, error) {
		free, data := bound(in)
		logZ := G.Must(G.Log(G.Must(G.Sum(G.Must(G.Exp(G.Must(G.Neg(free))))))))
		return G.Add(G.Must(G.Mean(data)), logZ)
	}
	inputs := []*tensor.Dense{
		graphtest.Tensor(tensor.Float64, random(10, 0.8), 5, 2), graphtest.Tensor(tensor.Float64, random(5, 1), 5),
		graphtest.Tensor(tensor.Float64, random(2, 1), 2), graphtest.Tensor(tensor.Float64, []float64{0, 0.4}, 2),
	}
	require.NoError(t, gradcheck.Check(gradcheck.Case{Dtype: tensor.Float64, Inputs: inputs, Build: cost}))

	nodes := func() (in []*G.Node) {
		g := G.NewGraph()
		for i, x := range inputs {
			in = append(in, graphtest.Input(g, string(rune('a'+i)), x))
		}
		return in
	}
	in := nodes()
	want := gradient(t, G.Must(cost(in)), in...)
	in = nodes()
	free, _ := bound(in)
	p := softmax(graphtest.Value(t, free)[0])
	in = nodes()
	free, data := bound(in)
	weighted := G.Must(energy.WeightedContrastiveCost(data, nil, free, vector(in[0].Graph(), "p", p)))
	for k, got := range gradient(t, weighted, in...) {
		require.InDeltaSlice(t, want[k], got, 1e-12, "parameter %d", k)
	}
}
