package machine_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

func TestOnlyAncestorsRun(t *testing.T) {
	g := G.NewGraph()
	x := vector(g, "x", 1, 2)
	used, usedCount := counted(x, "used")
	_, unusedCount := counted(x, "unused")
	out := G.Must(G.Neg(used))
	G.NewVector(g, G.Float64, G.WithName("no value"), G.WithShape(2))

	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{-1, -2}, numbers(m.Value(out)))
	require.Equal(t, []int{1, 0}, []int{*usedCount, *unusedCount})

	err := newMachine(t, g, machine.Config{}).RunAll()
	require.ErrorIs(t, err, machine.ErrConfig)
	require.ErrorContains(t, err, `"no value"`)
}

// Outputs nil runs all of the graph, and shows what a tape machine shows of it.
func TestWholeGraph(t *testing.T) {
	build := func() (*G.ExprGraph, G.Nodes, *int) {
		g := G.NewGraph()
		x, w := input(g, "x", []int{2, 2}, 1, -2, 3, 4), input(g, "w", []int{2, 2}, 2, 0, 1, -1)
		h := G.Must(op.Sigmoid(G.Must(op.Gemm(x, w, false, false))))
		cost := G.Must(G.Sum(h))
		_, err := G.Grad(cost, x, w)
		require.NoError(t, err)
		side, count := counted(w, "side")
		return g, G.Nodes{cost, x.Deriv(), w.Deriv(), side}, count
	}
	g, want, _ := build()
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	require.NoError(t, vm.RunAll())
	g, got, count := build()
	m := newMachine(t, g, machine.Config{})
	require.NoError(t, m.RunAll())
	require.NoError(t, m.RunAll(), "without Reset")
	require.Equal(t, 2, *count)
	for i, n := range got {
		require.InDeltaSlice(t, numbers(want[i].Value()), numbers(n.Value()), 1e-15, "%v", n)
		require.Same(t, n.Value(), m.Value(n))
	}
}

// What hangs on constants alone is computed once; sizes are, for each shape; what draws random numbers is not.
func TestConstantsAreFolded(t *testing.T) {
	g := G.NewGraph()
	x := vector(g, "x", 1, 2)
	five := g.AddNode(G.NewConstant(5.0))
	folded, count := counted(five, "folded")
	again, againCount := counted(G.Must(G.Neg(folded)), "again")
	rows := G.Must(G.SizeOf(0, x))
	out := G.Must(G.HadamardProd(G.Must(G.Add(x, again)), rows))

	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
	for range 3 {
		require.NoError(t, m.RunAll())
		require.Equal(t, []float64{2 * (1 - 5), 2 * (2 - 5)}, numbers(m.Value(out)))
	}
	require.NoError(t, m.Let(x, graphtest.Tensor(tensor.Float64, []float64{1, 2, 3}, 3)))
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{3 * (1 - 5), 3 * (2 - 5), 3 * (3 - 5)}, numbers(m.Value(out)))
	require.Equal(t, []int{2, 2}, []int{*count, *againCount}, "once a shape")

	g = G.NewGraph()
	noise := op.NewNoise(1, "noise")
	constant := g.AddNode(G.NewConstant(graphtest.Tensor(tensor.Float64, make([]float64, 64), 1, 64)))
	draws := G.Must(op.Bernoulli(G.Must(op.Sigmoid(constant)), noise))
	vector(g, "x", 1)
	m = newMachine(t, g, machine.Config{Outputs: G.Nodes{draws}})
	require.NoError(t, m.RunAll())
	first := numbers(m.Value(draws))
	noise.SetStep(1)
	require.NoError(t, m.RunAll())
	require.NotEqual(t, first, numbers(m.Value(draws)))
}

func TestModes(t *testing.T) {
	g := G.NewGraph()
	noise := op.NewNoise(1, "mask")
	x := input(g, "x", []int{1, 8}, 1, 2, 3, 4, 5, 6, 7, 8)
	dropped := G.Must(op.Dropout(x, 0.5, noise))
	training, quiet := newMachine(t, g, machine.Config{}), newMachine(t, g, machine.Config{Eval: true})
	for range 2 { // each sets the mode that it wants
		require.NoError(t, training.RunAll())
		require.NotEqual(t, numbers(x.Value()), numbers(dropped.Value()))
		require.NoError(t, quiet.RunAll())
		require.Equal(t, numbers(x.Value()), numbers(dropped.Value()))
	}
}

// A sum of products is accumulated; x+x and a sum that is itself an output are not mistaken for one.
func TestSums(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		tensorOf := func(x ...float64) *tensor.Dense { return graphtest.Tensor(dtype, x, 2, 2) }
		a, b := tensorOf(1, 2, 3, 4), tensorOf(5, -6, 7, 8)
		graphtest.Run(t, 0, func(g *G.ExprGraph) G.Nodes {
			a, b := graphtest.Input(g, "a", a), graphtest.Input(g, "b", b)
			product := func(x, y *G.Node) *G.Node { return G.Must(op.Gemm(x, y, false, false)) }
			add := func(x, y *G.Node) *G.Node { return G.Must(G.Add(x, y)) }
			ab := product(a, b)
			return G.Nodes{
				add(add(product(a, a), product(b, b)), product(b, a)),
				add(ab, ab), ab,
				add(a, a), add(a, b), add(add(a, b), b),
				add(G.Must(G.Transpose(b, 1, 0)), product(b, a)), // a base that is not in row-major order
			}
		},
			tensorOf(7+-17-13, 10-78-14, 15+91+31, 22+22+46), tensorOf(38, 20, 86, 28), tensorOf(19, 10, 43, 14),
			tensorOf(2, 4, 6, 8), tensorOf(6, -4, 10, 12), tensorOf(11, -10, 17, 20), tensorOf(-8, -7, 25, 54))
		require.Equal(t, []any{tensorOf(1, 2, 3, 4).Data(), tensorOf(5, -6, 7, 8).Data()}, []any{a.Data(), b.Data()}, "an input was overwritten")
	}
}

// A product that is wanted by itself is not only accumulated.
func TestSumOfOutputs(t *testing.T) {
	g := G.NewGraph()
	x := input(g, "x", []int{2, 2}, 1, 2, 3, 4)
	product := G.Must(op.Gemm(x, x, false, false))
	sum := G.Must(G.Add(x, product))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{product, sum}})
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{7, 10, 15, 22}, numbers(m.Value(product)))
	require.Equal(t, []float64{8, 12, 18, 26}, numbers(m.Value(sum)))
}

func TestResetAndClose(t *testing.T) {
	g := G.NewGraph()
	out := G.Must(op.ReLU(input(g, "x", []int{1, 2}, -1, 2)))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
	require.Nil(t, m.Value(out))
	require.NoError(t, m.RunAll())
	before := m.Value(out)
	m.Reset()
	require.NoError(t, m.RunAll())
	require.Same(t, before, m.Value(out))
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.RunAll(), machine.ErrConfig)
	require.Nil(t, m.Value(out))
	require.Equal(t, []float64{0, 2}, numbers(before))
}

// Machines over different graphs run at the same time, sharing the memory of a parameter.
func TestTwoMachinesAtOnce(t *testing.T) {
	var machines []*machine.Machine
	for range 2 {
		cost, wrt := contrastive(t, tensor.Float32, 6, 4, 5)
		machines = append(machines, newMachine(t, cost.Graph(), machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt}))
	}
	var wait sync.WaitGroup
	for _, m := range machines {
		wait.Go(func() {
			for range 20 {
				if err := m.RunAll(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

func TestOneMachineTwiceAtOnce(t *testing.T) {
	g := G.NewGraph()
	entered, leave := make(chan bool), make(chan bool)
	G.Must(G.ApplyOp(&probe{"wait", func(x G.Value) (G.Value, error) {
		entered <- true
		<-leave
		return x, nil
	}}, vector(g, "x", 1, 2)))
	m := newMachine(t, g, machine.Config{})
	done := make(chan error)
	go func() { done <- m.RunAll() }()
	<-entered
	require.ErrorIs(t, m.RunAll(), machine.ErrConfig)
	leave <- true
	require.NoError(t, <-done)
}
