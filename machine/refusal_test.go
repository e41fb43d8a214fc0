package machine_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

func TestNewRefuses(t *testing.T) {
	g, other := G.NewGraph(), G.NewGraph()
	w, still := input(g, "w", []int{2, 2}, 1, 2, 3, 4), vector(g, "still", 1, 2)
	scale := G.NewScalar(g, G.Float64, G.WithName("scale"), G.WithValue(2.0))
	h := G.Must(op.Gemm(w, w, false, false))
	cost := G.Must(G.HadamardProd(scale, G.Must(G.Sum(h))))
	_, err := G.Grad(cost, w, scale)
	require.NoError(t, err)
	elsewhere := vector(other, "elsewhere", 1)
	for _, c := range []struct {
		graph  *G.ExprGraph
		config machine.Config
		text   string
	}{
		{nil, machine.Config{}, "machine: the graph is nil"},
		{g, machine.Config{Outputs: G.Nodes{}}, "machine: Outputs is empty"},
		{g, machine.Config{Outputs: G.Nodes{cost, nil}}, "machine: Outputs[1] is nil"},
		{g, machine.Config{Outputs: G.Nodes{elsewhere}}, `machine: Outputs[0]: node "elsewhere" of shape (1) is of another graph`},
		{g, machine.Config{Wrt: G.Nodes{h}}, "machine: Wrt[0]: node"},
		{g, machine.Config{Wrt: G.Nodes{still}}, `machine: Wrt[0]: node "still" of shape (2) has no gradient`},
		{g, machine.Config{Wrt: G.Nodes{w, w}}, `machine: Wrt names node "w" of shape (2, 2) twice`},
		{g, machine.Config{Descend: G.Nodes{elsewhere}}, `machine: Descend[0]: node "elsewhere" of shape (1) is of another graph`},
		{g, machine.Config{Descend: G.Nodes{still}}, `machine: Descend[0]: node "still" of shape (2) has no gradient`},
		{g, machine.Config{Descend: G.Nodes{scale}}, `machine: Descend: node "scale" of shape () is a scalar`},
		{g, machine.Config{Wrt: G.Nodes{w}, Descend: G.Nodes{w}}, `machine: node "w" of shape (2, 2) is in Wrt and in Descend`},
		{g, machine.Config{Guard: cost}, "machine: Guard without Descend"},
		{g, machine.Config{Descend: G.Nodes{w}, Guard: h}, "machine: Guard: node"},
		{g, machine.Config{Descend: G.Nodes{w}, Guard: elsewhere}, `machine: Guard: node "elsewhere"`},
	} {
		_, err := machine.New(c.graph, c.config)
		require.ErrorIs(t, err, machine.ErrConfig, c.text)
		require.ErrorContains(t, err, c.text)
	}
}

func TestLetRefuses(t *testing.T) {
	cost, wrt := contrastive(t, tensor.Float64, 4, 3, 2)
	g := cost.Graph()
	v, unused := g.ByName("v")[0], vector(g, "unused", 1)
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{cost}, Wrt: wrt})
	w := g.ByName("rbm.W")[0]
	for _, c := range []struct {
		node  *G.Node
		value G.Value
		is    error
		text  string
	}{
		{cost, G.NewF64(1), machine.ErrConfig, "is no input of what runs"},
		{unused, ones(tensor.Float64, 1, 1, 1), machine.ErrConfig, `node "unused" of shape (1) is no input of what runs`},
		{v, nil, machine.ErrConfig, `node "v" of shape (2, 4) gets no value`},
		{v, ones(tensor.Float32, 2, 4, 1), machine.ErrDtype, "gets a value of dtype float32, want float64"},
		{v, ones(tensor.Float64, 2, 5, 1), machine.ErrShape, "gets a value of shape (2, 5)"},
		{v, graphtest.Tensor(tensor.Float64, []float64{1, 2, 3, 4}, 4), machine.ErrShape, "gets a value of shape (4)"},
		{v, G.NewF64(1), machine.ErrShape, "gets a value of shape ()"},
		{w, ones(tensor.Float64, 5, 3, 1), machine.ErrShape, `node "rbm.W" of shape (4, 3) gets a value of shape (5, 3)`},
	} {
		err := m.Let(c.node, c.value)
		require.ErrorIs(t, err, c.is, c.text)
		require.ErrorContains(t, err, c.text)
	}
	require.NoError(t, m.RunAll())
}

// The tape machine lets a panic of an op end the process.
func TestPanicsAndErrorsNameTheNode(t *testing.T) {
	for _, c := range []struct {
		f    func(G.Value) (G.Value, error)
		text string
	}{
		{func(G.Value) (G.Value, error) { panic("out of cheese") }, "panic: out of cheese"},
		{func(x G.Value) (G.Value, error) { return nil, machine.ErrDtype }, "wrong dtype"},
		{func(x G.Value) (G.Value, error) { return nil, nil }, "the op gave no value"},
	} {
		g := G.NewGraph()
		x := vector(g, "x", 1, 2)
		broken := true
		out := G.Must(G.ApplyOp(&probe{"strange", func(x G.Value) (G.Value, error) {
			if broken {
				return c.f(x)
			}
			return x, nil
		}}, x))
		m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
		require.ErrorContains(t, m.RunAll(), `machine: node "strange(%0)" of shape (2): `)
		require.ErrorContains(t, m.RunAll(), c.text)
		broken = false
		require.NoError(t, m.RunAll(), "the machine is whole after an error")
		require.Equal(t, []float64{1, 2}, numbers(m.Value(out)))
	}
	// One of Gorgonia's: a product of matrices that a Let made unequal.
	g := G.NewGraph()
	x, w := input(g, "x", []int{1, 2}, 1, 2), input(g, "w", []int{2, 1}, 3, 4)
	product := G.Must(G.Mul(x, w))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{product}})
	require.NoError(t, m.Let(w, ones(tensor.Float64, 3, 1, 1)))
	require.ErrorContains(t, m.RunAll(), "machine: node \"A × B(%0, %1)\" of shape (1, 1): arguments of shapes [(1, 2) (3, 1)]")
}

// A run with a wrong shape in the middle leaves nothing of it to the next.
func TestRunAfterWrongShape(t *testing.T) {
	g := G.NewGraph()
	x := vector(g, "x", 1, 2)
	wrong := true
	odd := G.Must(G.ApplyOp(&probe{"odd", func(x G.Value) (G.Value, error) {
		if wrong {
			return graphtest.Tensor(tensor.Float64, []float64{1, 2, 3}, 3), nil
		}
		return x, nil
	}}, x))
	out := G.Must(G.Add(x, G.Must(op.Combine([]float64{2}, odd))))
	m := newMachine(t, g, machine.Config{Outputs: G.Nodes{out}})
	require.ErrorIs(t, m.RunAll(), machine.ErrShape)
	wrong = false
	require.NoError(t, m.RunAll())
	require.Equal(t, []float64{3, 6}, numbers(m.Value(out)))
}

// The first value that is not finite is named, an input or a result.
func TestWatch(t *testing.T) {
	for _, c := range []struct {
		config machine.Config
		x      []float64
		text   string // of the error, or none
	}{
		{machine.Config{WatchNaN: true, WatchInf: true}, []float64{1, 4}, ""},
		{machine.Config{WatchNaN: true}, []float64{1, math.NaN()}, `node "x" of shape (2) holds NaN as element 1`},
		{machine.Config{WatchNaN: true}, []float64{4, -1}, `node "sqrt(%0)" of shape (2) holds NaN as element 1`},
		{machine.Config{WatchNaN: true}, []float64{0, 4}, ""},
		{machine.Config{WatchInf: true}, []float64{0, 4}, `node "inv(%1)" of shape (2) holds +Inf as element 0`},
		{machine.Config{WatchInf: true}, []float64{4, -1}, ""},
		{machine.Config{}, []float64{0, math.NaN()}, ""},
	} {
		g := G.NewGraph()
		x := vector(g, "x", c.x...)
		c.config.Outputs = G.Nodes{G.Must(G.Inverse(G.Must(G.Sqrt(x))))}
		err := newMachine(t, g, c.config).RunAll()
		if c.text == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, machine.ErrNotFinite)
		require.ErrorContains(t, err, c.text)
	}
	// A product that a sum would take up is looked at by itself.
	g := G.NewGraph()
	a, b := input(g, "a", []int{1, 1}, 1e200), input(g, "b", []int{1, 1}, 1)
	sum := G.Must(G.Add(b, G.Must(op.Gemm(a, a, false, false))))
	err := newMachine(t, g, machine.Config{Outputs: G.Nodes{sum}, WatchInf: true}).RunAll()
	require.ErrorContains(t, err, "Gemm")
}
