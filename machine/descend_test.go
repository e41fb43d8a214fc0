package machine_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// Descents are what a solver does with the gradients, whatever the gradients look like.
func TestDescend(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(g *G.ExprGraph) (cost *G.Node, wrt G.Nodes)
	}{
		{"contrastive", func(*G.ExprGraph) (*G.Node, G.Nodes) {
			cost, wrt := contrastive(t, tensor.Float64, 6, 4, 5)
			return cost, wrt
		}},
		{"each in the other's gradient", func(g *G.ExprGraph) (*G.Node, G.Nodes) {
			u, w := input(g, "u", []int{2, 2}, 1, 2, 3, 4), input(g, "w", []int{2, 2}, 5, 6, 7, -8)
			return G.Must(op.SquaredDistance(G.Must(op.Gemm(u, w, false, false)), 1)), G.Nodes{u, w}
		}},
		{"each the other's gradient", func(g *G.ExprGraph) (*G.Node, G.Nodes) {
			d, e := vector(g, "d", 6, 7), vector(g, "e", 8, 9)
			return dotOf(d, e), G.Nodes{d, e}
		}},
		{"one gradient for two", func(g *G.ExprGraph) (*G.Node, G.Nodes) {
			x, a, b := input(g, "x", []int{2, 2}, 1, 2, 3, 4), input(g, "a", []int{2, 2}, 1, 2, 0, 1), input(g, "b", []int{2, 2}, 2, 0, 1, 1)
			h := G.Must(op.Gemm(x, G.Must(G.Add(a, b)), false, false))
			return G.Must(op.SquaredDistance(h, 0)), G.Nodes{a, b}
		}},
		{"products and others", func(g *G.ExprGraph) (*G.Node, G.Nodes) {
			x, w := input(g, "x", []int{2, 2}, 1, 2, 3, 4), input(g, "w", []int{2, 2}, 1, 2, 0, 1)
			h := G.Must(op.Gemm(G.Must(op.Sigmoid(G.Must(op.Gemm(x, w, false, false)))), w, false, true))
			return G.Must(G.Add(G.Must(op.SquaredDistance(h, 0)), G.Must(G.Sum(G.Must(G.Square(w)))))), G.Nodes{w}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const rate = 0.01
			make := func(config func(cost *G.Node, wrt G.Nodes) machine.Config) (*machine.Machine, G.Nodes) {
				cost, wrt := c.build(G.NewGraph())
				if wrt[0].Deriv() == nil {
					_, err := G.Grad(cost, wrt...)
					require.NoError(t, err)
				}
				return newMachine(t, cost.Graph(), config(cost, wrt)), wrt
			}
			plain, want := make(func(cost *G.Node, wrt G.Nodes) machine.Config {
				return machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt}
			})
			for _, config := range []func(cost *G.Node, wrt G.Nodes) machine.Config{
				func(cost *G.Node, wrt G.Nodes) machine.Config {
					return machine.Config{Outputs: G.Nodes{cost}, Descend: wrt, Guard: cost}
				},
				func(cost *G.Node, wrt G.Nodes) machine.Config { return machine.Config{Descend: wrt} },
				func(cost *G.Node, wrt G.Nodes) machine.Config { return machine.Config{Descend: wrt, WatchNaN: true} },
			} {
				before := parameters(want)
				descending, got := make(config)
				descending.SetRate(rate)
				for range 3 {
					require.NoError(t, plain.RunAll())
					for _, p := range want {
						gradient, err := p.Grad()
						require.NoError(t, err)
						w := p.Value().(*tensor.Dense).Float64s()
						for i, x := range numbers(gradient) {
							w[i] -= rate * x
						}
					}
					require.NoError(t, descending.RunAll())
					for i, p := range got {
						require.InDeltaSlice(t, numbers(want[i].Value()), numbers(p.Value()), 1e-12, p.Name())
					}
				}
				for i, p := range want {
					require.NotEqual(t, before[i], numbers(p.Value()))
					copy(p.Value().(*tensor.Dense).Float64s(), before[i])
				}
			}
		})
	}
}

func parameters(nodes G.Nodes) (all [][]float64) {
	for _, n := range nodes {
		all = append(all, slices.Clone(numbers(n.Value())))
	}
	return all
}

func TestGuard(t *testing.T) {
	g := G.NewGraph()
	x, w := input(g, "x", []int{1, 2}, 1, 2), input(g, "w", []int{2, 1}, 3, 4)
	cost := G.Must(op.SquaredDistance(G.Must(op.Gemm(x, w, false, false)), 0))
	_, err := G.Grad(cost, w)
	require.NoError(t, err)
	guarded := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Descend: G.Nodes{w}, Guard: cost})
	require.ErrorContains(t, guarded.RunAll(), "the rate of descent is NaN")
	guarded.SetRate(0.125)
	for range 2 {
		x.Value().(*tensor.Dense).Float64s()[0] = math.Inf(1)
		require.NoError(t, guarded.RunAll())
		require.Equal(t, []float64{math.Inf(1)}, numbers(guarded.Value(cost)))
		require.Equal(t, []float64{3, 4}, numbers(w.Value()))
	}
	x.Value().(*tensor.Dense).Float64s()[0] = 1
	require.NoError(t, guarded.RunAll())
	require.Equal(t, []float64{3 - 22*0.125, 4 - 44*0.125}, numbers(w.Value()))

	unguarded := newMachine(t, g, machine.Config{Descend: G.Nodes{w}})
	unguarded.SetRate(1)
	x.Value().(*tensor.Dense).Float64s()[0] = math.Inf(1)
	require.NoError(t, unguarded.RunAll())
	require.Equal(t, []float64{math.Inf(-1), math.Inf(-1)}, numbers(w.Value()))
}

// A parameter whose memory another node reads would change under the products that are added to it.
func TestDescentRefusesSharedMemory(t *testing.T) {
	g := G.NewGraph()
	a := input(g, "a", []int{2, 2}, 1, 2, 3, 4)
	b := G.NewMatrix(g, G.Float64, G.WithName("b"), G.WithShape(2, 2), G.WithValue(a.Value()))
	cost := G.Must(op.Mean(G.Must(op.RowDot(G.Must(op.Gemm(a, b, false, false)), a))))
	_, err := G.Grad(cost, b)
	require.NoError(t, err)
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Descend: G.Nodes{b}})
	m.SetRate(1)
	require.ErrorIs(t, m.RunAll(), machine.ErrConfig)
	require.Equal(t, []float64{1, 2, 3, 4}, numbers(a.Value()))
}
