package machine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// The gradients are those of BindDualValues in its first run, in every run.
func TestGradients(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		cost, wrt := contrastive(t, dtype, 6, 4, 5)
		vm := G.NewTapeMachine(cost.Graph(), G.BindDualValues(wrt...))
		defer vm.Close()
		require.NoError(t, vm.RunAll())
		tolerance := 1e-15
		if dtype == tensor.Float32 {
			tolerance = 1e-7
		}
		other, again := contrastive(t, dtype, 6, 4, 5)
		m := newMachine(t, other.Graph(), machine.Config{Outputs: G.Nodes{other}, Wrt: again})
		for range 3 {
			require.NoError(t, m.RunAll())
			for i, p := range again {
				want, err := wrt[i].Grad()
				require.NoError(t, err)
				got, err := p.Grad()
				require.NoError(t, err)
				require.Equal(t, want.Shape(), got.Shape())
				require.InDeltaSlice(t, numbers(want), numbers(got), tolerance, p.Name())
			}
		}
	}
}

// What a solver does to one gradient must not be seen in another one, nor in a parameter. Here a sum hands its terms one gradient
// node, made by an op of ours and by one of Gorgonia's; and gradients are a constant, what is folded, a parameter, and a view of one.
func TestGradientsLieApart(t *testing.T) {
	g := G.NewGraph()
	a, b, c := vector(g, "a", 1, 2), vector(g, "b", 3, 4), G.NewScalar(g, G.Float64, G.WithName("c"), G.WithValue(5.0))
	d, e, h, i := vector(g, "d", 6, 7), vector(g, "e", 8, 9), vector(g, "h", 6, 7), input(g, "i", []int{2, 1}, 8, 9)
	j, k := vector(g, "j", 1, 2), vector(g, "k", 3, 4)
	cost := G.Must(G.Add(c, G.Must(G.Sum(G.Must(G.Square(G.Must(G.Add(a, b))))))))
	cost = G.Must(G.Add(cost, dotOf(d, e)))
	cost = G.Must(G.Add(cost, dotOf(h, G.Must(G.Reshape(i, tensor.Shape{2})))))
	cost = G.Must(G.Add(cost, G.Must(op.SquaredDistance(G.Must(G.Add(j, k)), 0))))
	l := G.NewScalar(g, G.Float64, G.WithName("l"), G.WithValue(5.0))
	cost = G.Must(G.Add(cost, G.Must(op.Combine([]float64{2}, l))))
	wrt := G.Nodes{a, b, c, d, e, h, i, j, k, l}
	_, err := G.Grad(cost, wrt...)
	require.NoError(t, err)
	require.Same(t, a.Deriv(), b.Deriv())
	require.Same(t, j.Deriv(), k.Deriv())
	before := parameters(wrt)
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt})
	for range 2 {
		require.NoError(t, m.RunAll())
		for at, want := range [][]float64{{8, 12}, {8, 12}, {1}, {8, 9}, {6, 7}, {8, 9}, {6, 7}, {8, 12}, {8, 12}, {2}} {
			v, err := wrt[at].Grad()
			require.NoError(t, err)
			require.Equal(t, want, numbers(v), wrt[at].Name())
			require.Equal(t, wrt[at].Shape(), v.Shape())
			G.ZeroValue(v)
		}
		require.Equal(t, before, parameters(wrt))
	}
}

// Gorgonia's solvers take their steps with it.
func TestSolver(t *testing.T) {
	minimum := func(make func(g *G.ExprGraph, wrt G.Nodes) G.VM) []float64 {
		g := G.NewGraph()
		x, w := input(g, "x", []int{3, 2}, 1, 2, 3, 4, 5, 7), input(g, "w", []int{2, 1}, 0.3, -0.2)
		y := input(g, "y", []int{3, 1}, 1, 0, 2)
		cost := G.Must(op.SquaredDistance(G.Must(G.Sub(G.Must(op.Gemm(x, w, false, false)), y)), 0))
		_, err := G.Grad(cost, w)
		require.NoError(t, err)
		vm := make(g, G.Nodes{w})
		defer vm.Close()
		solver := G.NewAdamSolver(G.WithLearnRate(0.1), G.WithL2Reg(0.01))
		for range 10 {
			require.NoError(t, vm.RunAll())
			require.NoError(t, solver.Step(G.NodesToValueGrads(G.Nodes{w})))
			vm.Reset()
		}
		return numbers(w.Value())
	}
	want := minimum(func(g *G.ExprGraph, wrt G.Nodes) G.VM { return G.NewTapeMachine(g, G.BindDualValues(wrt...)) })
	require.NotEqual(t, []float64{0.3, -0.2}, want)
	got := minimum(func(g *G.ExprGraph, wrt G.Nodes) G.VM { return newMachine(t, g, machine.Config{Wrt: wrt}) })
	require.InDeltaSlice(t, want, got, 1e-12)
}
