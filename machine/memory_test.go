package machine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/machine"
)

// From the second run on, a step allocates nothing, nor does one with another size of batch that has been seen.
func TestRunsDoNotAllocate(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		cost, wrt := contrastive(t, dtype, 20, 10, 8)
		g := cost.Graph()
		v, w := g.ByName("v")[0], g.ByName("w")[0]
		gradients := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt})
		descent := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Descend: wrt, Guard: cost})
		descent.SetRate(0.01)
		var batches [2][2]*tensor.Dense
		for i, rows := range []int{8, 3} {
			batches[i] = [2]*tensor.Dense{ones(dtype, rows, 20, 3), ones(dtype, rows, 20, 5)}
		}
		for name, m := range map[string]*machine.Machine{"gradients": gradients, "descent": descent} {
			step := func() {
				for _, b := range batches {
					if m.Let(v, b[0]) != nil || m.Let(w, b[1]) != nil || m.RunAll() != nil || m.RunAll() != nil {
						t.Fail()
					}
				}
			}
			step()
			if allocations := testing.AllocsPerRun(5, step); !race.Enabled {
				require.Zero(t, allocations, "%s in %v", name, dtype)
			}
		}
	}
}

// What a view shows must stay as long as the view is read: the memory of the sigmoid below is wanted again right after the
// reshape, and its last own reader has run.
func TestViewsKeepTheirMemory(t *testing.T) {
	graphtest.Run(t, 1e-15, func(g *G.ExprGraph) G.Nodes {
		x := input(g, "x", []int{2, 3}, 0, 0, 0, 0, 0, 0)
		half := G.Must(op.Sigmoid(x))
		view := G.Must(G.Reshape(half, tensor.Shape{3, 2}))
		grown := G.Must(op.Gemm(view, G.Must(op.Combine([]float64{2}, G.Must(op.Combine([]float64{3}, x)))), false, false)) // two more of that size
		return G.Nodes{G.Must(op.Gemm(G.Must(G.Reshape(view, tensor.Shape{2, 3})), grown, false, false)), view}
	}, graphtest.Tensor(tensor.Float64, make([]float64, 6), 2, 3), graphtest.Tensor(tensor.Float64, []float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, 3, 2))
}

// On the tape machine, built-in ops write over a parameter that a view shows.
func TestInputsAreNeverWritten(t *testing.T) {
	g := G.NewGraph()
	w := input(g, "w", []int{2, 3}, 1, 2, 3, 4, 5, 6)
	var outputs G.Nodes
	for _, view := range []*G.Node{
		w, G.Must(G.Reshape(w, tensor.Shape{3, 2})), G.Must(G.Reshape(w, tensor.Shape{1, 6})), G.Must(G.Transpose(w, 1, 0)), G.Must(G.Slice(w, nil, G.S(1, 3))),
		G.Must(G.Concat(0, w)),
	} {
		for _, f := range []func(*G.Node) (*G.Node, error){
			G.Square, G.Neg, G.Exp, G.Sigmoid, G.Cube, op.Sigmoid, op.Tanh,
			func(x *G.Node) (*G.Node, error) { return G.Add(x, G.Must(G.Square(x))) },
			func(x *G.Node) (*G.Node, error) { return G.Sub(x, x) },
			func(x *G.Node) (*G.Node, error) { return G.Add(x, x) },
			func(x *G.Node) (*G.Node, error) { return G.HadamardProd(x, x) },
			func(x *G.Node) (*G.Node, error) { return G.Sum(x, 0) },
			func(x *G.Node) (*G.Node, error) { return G.Max(x, 1) },
			func(x *G.Node) (*G.Node, error) { return op.Combine([]float64{2, 3}, x, x) },
		} {
			outputs = append(outputs, G.Must(f(view)))
		}
	}
	m := newMachine(t, g, machine.Config{Outputs: outputs})
	for range 2 {
		require.NoError(t, m.RunAll())
		require.Equal(t, []float64{1, 2, 3, 4, 5, 6}, numbers(w.Value()))
	}
}

// An op that may write over an argument must not where it reads that memory by another argument, too.
func TestArgumentsThatShareMemory(t *testing.T) {
	graphtest.Run(t, 0, func(g *G.ExprGraph) G.Nodes {
		x := input(g, "x", []int{1, 2}, 1, 2)
		h, k := G.Must(op.Combine([]float64{2}, x)), G.Must(op.Combine([]float64{4}, x))
		return G.Nodes{
			G.Must(op.Combine([]float64{2, 3, 4}, h, h, h)),
			G.Must(op.Combine([]float64{2, 3, 4}, k, x, G.Must(G.Reshape(k, tensor.Shape{1, 2})))),
		}
	}, graphtest.Tensor(tensor.Float64, []float64{18, 36}, 1, 2), graphtest.Tensor(tensor.Float64, []float64{27, 54}, 1, 2))
}

// Values that users see keep their memory to the end of a run, whatever is computed from them.
func TestOutputsAreNotOverwritten(t *testing.T) {
	g := G.NewGraph()
	n := input(g, "x", []int{1, 4}, 1, 2, 3, 4)
	var outputs G.Nodes
	for i := range 6 {
		n = G.Must(op.Combine([]float64{2}, n))
		if i%2 == 0 {
			outputs = append(outputs, n)
		}
	}
	m := newMachine(t, g, machine.Config{Outputs: outputs})
	for range 2 {
		require.NoError(t, m.RunAll())
		for i, scale := range []float64{2, 8, 32} {
			require.Equal(t, []float64{scale, 2 * scale, 3 * scale, 4 * scale}, numbers(outputs[i].Value()))
		}
	}
}

func TestReads(t *testing.T) {
	g := G.NewGraph()
	x := input(g, "x", []int{1, 2}, 1, 2)
	doubled := G.Must(op.Combine([]float64{2}, x))
	cost := G.Must(G.Sum(G.Must(op.Combine([]float64{3}, doubled))))
	var into, sum G.Value
	G.Read(doubled, &into)
	G.Read(cost, &sum)
	m := newMachine(t, g, machine.Config{})
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{2, 4}, numbers(into))
	require.Equal(t, []float64{18}, numbers(sum))

	first := into
	copy(x.Value().(*tensor.Dense).Float64s(), []float64{5, 6})
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{10, 12}, numbers(into))
	require.Same(t, first, into, "a copy is used again")

	into = nil
	copy(x.Value().(*tensor.Dense).Float64s(), []float64{7, 8})
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{14, 16}, numbers(into))
	require.Equal(t, []float64{10, 12}, numbers(first), "a copy that was taken out stays")

	require.NoError(t, m.Let(x, graphtest.Tensor(tensor.Float64, []float64{1, 2, 3, 4}, 2, 2)))
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{2, 4, 6, 8}, numbers(into))
}
