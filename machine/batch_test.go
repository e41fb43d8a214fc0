package machine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// One graph serves batches of any size as a graph of that size does, in any order, cost and gradients.
func TestBatchSizes(t *testing.T) {
	cost, wrt := contrastive(t, tensor.Float64, 6, 4, 5)
	g := cost.Graph()
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt})
	for _, rows := range []int{5, 2, 7, 5, 1, 12, 2, 3, 4, 6, 8, 9, 10, 7, 5} { // more than a machine remembers
		require.NoError(t, m.Let(g.ByName("v")[0], ones(tensor.Float64, rows, 6, 3)))
		require.NoError(t, m.Let(g.ByName("w")[0], ones(tensor.Float64, rows, 6, 5)))
		require.NoError(t, m.RunAll(), "%d rows", rows)

		other, again := contrastive(t, tensor.Float64, 6, 4, rows)
		fresh := newMachine(t, other.Graph(), machine.Config{Outputs: G.Nodes{other}, Wrt: again})
		require.NoError(t, fresh.RunAll())
		require.Equal(t, numbers(other.Value()), numbers(cost.Value()), "%d rows", rows)
		for i, p := range wrt {
			want, err := again[i].Grad()
			require.NoError(t, err)
			got, err := p.Grad()
			require.NoError(t, err)
			require.Equal(t, numbers(want), numbers(got), "%s with %d rows", p.Name(), rows)
		}
	}
}

// The last value counts, whoever gave it.
func TestLet(t *testing.T) {
	g := G.NewGraph()
	x := input(g, "x", []int{1, 2}, 1, 2)
	out := G.Must(op.ReLU(x))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
	for _, c := range []struct {
		let  func(n *G.Node, x *tensor.Dense) error
		x    []float64
		rows int
	}{
		{func(n *G.Node, x *tensor.Dense) error { return nil }, []float64{1, 2}, 1},
		{func(n *G.Node, x *tensor.Dense) error { return m.Let(n, x) }, []float64{3, 4, 5, 6}, 2},
		{func(n *G.Node, x *tensor.Dense) error { return nil }, []float64{3, 4, 5, 6}, 2},
		{func(n *G.Node, x *tensor.Dense) error { return G.Let(n, x) }, []float64{7, 8}, 1},
		{func(n *G.Node, x *tensor.Dense) error { return m.Let(n, x) }, []float64{9, 10}, 1},
		{func(n *G.Node, x *tensor.Dense) error { return m.Let(n, x) }, []float64{1, 2, 3, 4, 5, 6}, 3},
	} {
		require.NoError(t, c.let(x, graphtest.Tensor(tensor.Float64, c.x, c.rows, 2)))
		require.NoError(t, m.RunAll())
		require.Equal(t, c.x, numbers(m.Value(out)))
		require.Equal(t, tensor.Shape{c.rows, 2}, out.Value().Shape())
	}
}

// Sums whose terms no longer fit together are refused, where one of them might be written over, too.
func TestBatchSizesThatDiffer(t *testing.T) {
	g := G.NewGraph()
	x, y := input(g, "x", []int{1, 2}, 1, 1), input(g, "y", []int{1, 2}, 1, 1)
	for _, out := range []*G.Node{
		G.Must(G.Add(x, G.Must(op.Combine([]float64{2}, y)))),
		G.Must(G.Add(G.Must(op.Combine([]float64{4}, y)), x)),
		G.Must(G.Add(x, G.Must(op.Gemm(y, input(g, "w", []int{2, 2}, 1, 2, 3, 4), false, false)))),
		G.Must(op.Combine([]float64{2, 3}, x, G.Must(op.Combine([]float64{2}, y)))),
	} {
		m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
		require.NoError(t, m.RunAll())
		require.NoError(t, m.Let(x, ones(tensor.Float64, 100, 2, 1)))
		err := m.RunAll()
		require.ErrorContains(t, err, "wrong shape")
		require.ErrorContains(t, err, out.Name())
	}
}

// What was folded for one size is still there after another size has had the memory.
func TestBatchSizesWithConstants(t *testing.T) {
	g := G.NewGraph()
	x := input(g, "x", []int{1, 2}, 1, 1)
	constant := g.AddNode(G.NewConstant(graphtest.Tensor(tensor.Float64, []float64{1, 2, 3, 4}, 2, 2)))
	out := G.Must(op.Gemm(G.Must(op.Combine([]float64{3}, x)), G.Must(op.Combine([]float64{2}, constant)), false, false))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
	for _, rows := range []int{1, 2, 1, 3, 0, 2, 1} {
		require.NoError(t, m.Let(x, ones(tensor.Float64, rows, 2, 1)))
		require.NoError(t, m.RunAll())
		for i, v := range numbers(m.Value(out)) {
			require.Equal(t, []float64{24, 36}[i%2], v)
		}
	}
}

// Gorgonia's ops follow where they can; those that keep shapes say that they do not.
func TestBatchSizesOfBuiltIns(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(x, b *G.Node) (*G.Node, error)
		fails bool
	}{
		{"Tanh", func(x, _ *G.Node) (*G.Node, error) { return G.Tanh(x) }, false},
		{"BroadcastAdd", func(x, b *G.Node) (*G.Node, error) { return G.BroadcastAdd(x, b, nil, []byte{0}) }, false},
		{"Mean", func(x, _ *G.Node) (*G.Node, error) { return G.Mean(x, 0) }, false},
		{"Max", func(x, _ *G.Node) (*G.Node, error) { return G.Max(x, 1) }, false},
		{"Transpose", func(x, _ *G.Node) (*G.Node, error) { return G.Transpose(x, 1, 0) }, false},
		{"Concat", func(x, _ *G.Node) (*G.Node, error) { return G.Concat(0, x, x) }, false},
		{"Mul", func(x, b *G.Node) (*G.Node, error) { return G.Mul(x, G.Must(G.Transpose(b, 1, 0))) }, false},
		{"Reshape", func(x, _ *G.Node) (*G.Node, error) { return G.Reshape(x, tensor.Shape{3, 2}) }, true},
		{"Slice", func(x, _ *G.Node) (*G.Node, error) { return G.Slice(x, G.S(0, 2)) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			build := func(rows int) (x, out *G.Node) {
				g := G.NewGraph()
				x = graphtest.Input(g, "x", ones(tensor.Float64, rows, 3, 2))
				return x, G.Must(c.build(x, input(g, "b", []int{1, 3}, 1, 2, 3)))
			}
			x, out := build(2)
			m := newMachine(t, x.Graph(), machine.Config{Outputs: G.Nodes{out}})
			require.NoError(t, m.RunAll())
			require.NoError(t, m.Let(x, ones(tensor.Float64, 5, 3, 2)))
			err := m.RunAll()
			if c.fails {
				require.ErrorIs(t, err, machine.ErrShape)
				require.ErrorContains(t, err, out.Name())
				require.ErrorContains(t, err, "built for argument 0 of shape (2, 3), and shape (5, 3) came")
				return
			}
			require.NoError(t, err)
			_, want := build(5)
			fresh := newMachine(t, want.Graph(), machine.Config{Outputs: G.Nodes{want}})
			require.NoError(t, fresh.RunAll())
			require.Equal(t, fresh.Value(want).Shape(), m.Value(out).Shape())
			require.Equal(t, numbers(fresh.Value(want)), numbers(m.Value(out)))
		})
	}
}

// A given node is what was let, and what only it needs does not run.
func TestGiven(t *testing.T) {
	g := G.NewGraph()
	x := input(g, "x", []int{1, 2}, 1, 2)
	inner := G.Must(op.ReLU(x))
	out := G.Must(op.Sigmoid(inner))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out, inner}, Given: G.Nodes{inner}})
	require.ErrorIs(t, m.Let(x, graphtest.Tensor(tensor.Float64, []float64{1, 2}, 1, 2)), machine.ErrConfig)
	require.ErrorContains(t, m.RunAll(), "has no value")
	given := graphtest.Tensor(tensor.Float64, []float64{0, 0, 0, 0}, 2, 2)
	require.NoError(t, m.Let(inner, given))
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{0.5, 0.5, 0.5, 0.5}, numbers(m.Value(out)))
	require.Equal(t, []float64{0, 0, 0, 0}, numbers(given), "written over")

	_, err := machine.New(g, machine.Config{Outputs: G.Nodes{out}, Given: G.Nodes{x}})
	require.ErrorIs(t, err, machine.ErrConfig)
}
