package machine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// maker makes a node of nodes of a random graph, all (rows, cols), or fails where its choice does not fit.
type maker func(r *rand.Rand, x, y *G.Node) (*G.Node, error)

func unary(f func(*G.Node) (*G.Node, error)) maker {
	return func(_ *rand.Rand, x, _ *G.Node) (*G.Node, error) { return f(x) }
}

func binaryOp(f func(x, y *G.Node) (*G.Node, error)) maker {
	return func(_ *rand.Rand, x, y *G.Node) (*G.Node, error) { return f(x, y) }
}

// makers are ops of ours and of Gorgonia's whose values and gradients are right, each with a result as tame as its arguments, so
// that graphs may be deep.
var makers = []maker{
	unary(op.Sigmoid), unary(op.Tanh), unary(op.ReLU), unary(op.StopGradient),
	unary(func(x *G.Node) (*G.Node, error) { return op.Softmax(x) }),
	binaryOp(func(x, y *G.Node) (*G.Node, error) { return op.Combine([]float64{0.5, -0.25}, x, y) }),
	func(r *rand.Rand, x, y *G.Node) (*G.Node, error) { // xᵀy or x yᵀ back to the shape, through a product of three
		if r.IntN(2) == 0 {
			return tame(op.Gemm(x, G.Must(op.Gemm(x, y, true, false)), false, false))
		}
		return tame(op.Gemm(G.Must(op.Gemm(x, y, false, true)), y, false, false))
	},
	func(_ *rand.Rand, x, y *G.Node) (*G.Node, error) {
		return op.ShiftRows(x, G.Must(op.ColSum(G.Must(op.Combine([]float64{0.1}, y)))))
	},

	unary(G.Sigmoid), unary(G.Tanh), unary(G.Neg), unary(G.Rectify),
	binaryOp(func(x, y *G.Node) (*G.Node, error) { return tame(G.Add(x, y)) }),
	binaryOp(func(x, y *G.Node) (*G.Node, error) { return tame(G.Sub(x, y)) }),
	binaryOp(func(x, y *G.Node) (*G.Node, error) { return tame(G.HadamardProd(x, y)) }),
	binaryOp(func(x, y *G.Node) (*G.Node, error) {
		return tame(G.Mul(x, G.Must(G.Mul(G.Must(G.Transpose(y, 1, 0)), x))))
	}),
	unary(func(x *G.Node) (*G.Node, error) { return tame(G.BroadcastAdd(x, G.Must(G.Sum(x, 1)), nil, []byte{1})) }),
	unary(func(x *G.Node) (*G.Node, error) { return tame(G.Square(x)) }),
}

// views are ops whose results share memory with their arguments, or might. What the tape machine makes of them is not to be
// trusted: it writes over such memory.
var views = []maker{
	unary(func(x *G.Node) (*G.Node, error) { // there and back, views both
		s := x.Shape()
		return G.Reshape(G.Must(G.Tanh(G.Must(G.Reshape(x, tensor.Shape{s[0] * s[1]})))), s)
	}),
	unary(func(x *G.Node) (*G.Node, error) {
		return G.Transpose(G.Must(G.Tanh(G.Must(G.Transpose(x, 1, 0)))), 1, 0)
	}),
	binaryOp(func(x, y *G.Node) (*G.Node, error) {
		s := x.Shape()
		return G.Slice(G.Must(G.Concat(0, x, y)), G.S(1, s[0]+1))
	}),
	unary(func(x *G.Node) (*G.Node, error) { return G.Concat(0, x) }),
}

func tame(n *G.Node, err error) (*G.Node, error) {
	if err != nil {
		return nil, err
	}
	return op.Tanh(n)
}

// randomGraph builds a graph of some ops over three inputs, and returns a cost, two other nodes, and the gradients with regard to
// the inputs that the cost depends on.
func randomGraph(seed uint64, size int, dtype tensor.Dtype, makers []maker) (outputs, wrt G.Nodes, err error) {
	r := rand.New(rand.NewPCG(seed, uint64(size)))
	g := G.NewGraph()
	rows, cols := 2+r.IntN(4), 2+r.IntN(4)
	var nodes G.Nodes
	for i := range 3 {
		x := make([]float64, rows*cols)
		for k := range x {
			x[k] = 2*r.Float64() - 1
		}
		nodes = append(nodes, graphtest.Input(g, fmt.Sprint("x", i), graphtest.Tensor(dtype, x, rows, cols)))
	}
	inputs := nodes[:3:3]
	for range size {
		// Late nodes are likelier arguments: graphs get deep, and most values have few readers.
		pick := func() *G.Node { return nodes[len(nodes)-1-min(r.IntN(len(nodes)), r.IntN(len(nodes)))] }
		n, err := makers[r.IntN(len(makers))](r, pick(), pick())
		if err != nil {
			return nil, nil, err
		}
		nodes = append(nodes, n)
	}
	cost, err := op.SquaredDistance(nodes[len(nodes)-1], 0.5)
	if err != nil {
		return nil, nil, err
	}
	reached := make(map[*G.Node]bool)
	reach(cost, reached)
	for _, x := range inputs {
		if reached[x] {
			wrt = append(wrt, x)
		}
	}
	outputs = G.Nodes{cost, nodes[3+r.IntN(size)], nodes[3+r.IntN(size)]}
	if len(wrt) == 0 {
		return outputs, nil, nil
	}
	grads, err := G.Grad(cost, wrt...)
	return append(outputs, grads...), wrt, err
}

// reach finds the nodes that a gradient can flow to.
func reach(n *G.Node, reached map[*G.Node]bool) {
	if reached[n] {
		return
	}
	reached[n] = true
	var args G.Nodes
	for it := n.Graph().From(n.ID()); it.Next(); {
		args = append(args, it.Node().(*G.Node))
	}
	if d, ok := n.Op().(G.SDOp); ok && len(args) > 0 {
		for i, flows := range d.DiffWRT(len(args)) {
			if flows {
				reach(args[i], reached)
			}
		}
	}
}

// simply computes a node as the definition of a graph has it: every op on copies of its arguments, nothing shared.
func simply(n *G.Node, values map[*G.Node]G.Value) (G.Value, error) {
	if v, ok := values[n]; ok || n.Value() != nil && (n.Op() == nil || n.Op().Arity() == 0) {
		if !ok {
			v = n.Value()
		}
		return v, nil
	}
	var args []G.Value
	for it := n.Graph().From(n.ID()); it.Next(); {
		v, err := simply(it.Node().(*G.Node), values)
		if err != nil {
			return nil, err
		}
		if v, err = G.CloneValue(v); err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	v, err := n.Op().Do(args...)
	values[n] = v
	return v, err
}

// requireAgreement holds machines, running twice, against values.
func requireAgreement(t *testing.T, dtype tensor.Dtype, outputs, wrt G.Nodes, want [][]float64) {
	t.Helper()
	tolerance := 1e-12
	if dtype == tensor.Float32 {
		tolerance = 1e-4
	}
	for _, c := range []machine.Config{{Outputs: outputs}, {Outputs: outputs[:1], Wrt: wrt}, {Wrt: wrt}, {Outputs: outputs, WatchNaN: true}} {
		m := newMachine(t, outputs[0].Graph(), c)
		for range 2 {
			require.NoError(t, m.RunAll())
			for i, n := range outputs {
				if v := m.Value(n); v != nil {
					require.InDeltaSlice(t, want[i], numbers(v), tolerance, "output %d (%v) with %d outputs and %d gradients", i, n, len(c.Outputs), len(c.Wrt))
				}
			}
			for i, p := range c.Wrt {
				gradient, err := p.Grad()
				require.NoError(t, err)
				require.InDeltaSlice(t, want[3+i], numbers(gradient), tolerance, "gradient %d", i)
			}
		}
		require.NoError(t, m.Close())
	}
}

// agree builds a random graph and runs it on machines, simply, and on the tape machine where that can be trusted.
func agree(t *testing.T, seed uint64, size int, withViews bool) {
	dtype, from := tensor.Float64, makers
	if seed%3 == 0 {
		dtype = tensor.Float32
	}
	if withViews {
		from = append(views, makers...)
	}
	outputs, wrt, err := randomGraph(seed, size, dtype, from)
	require.NoError(t, err)
	values := make(map[*G.Node]G.Value)
	want := make([][]float64, len(outputs))
	for i, n := range outputs {
		v, err := simply(n, values)
		require.NoError(t, err)
		want[i] = numbers(v)
	}
	requireAgreement(t, dtype, outputs, wrt, want)
	if withViews {
		return
	}
	tape := make([]G.Value, len(outputs))
	for i, n := range outputs {
		G.Read(n, &tape[i])
	}
	vm := G.NewTapeMachine(outputs[0].Graph())
	defer vm.Close()
	require.NoError(t, vm.RunAll())
	for i, v := range tape {
		want[i] = numbers(v)
	}
	requireAgreement(t, dtype, outputs, wrt, want)
}

func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(200) {
		size := 1 + int(seed)%25
		if !t.Run(fmt.Sprintf("%d nodes by seed %d", size, seed), func(t *testing.T) { agree(t, seed, size, seed%2 == 0) }) {
			return
		}
	}
}

func FuzzGraphs(f *testing.F) {
	f.Add(uint64(1), byte(30), false)
	f.Add(uint64(2), byte(30), true)
	f.Fuzz(func(t *testing.T, seed uint64, size byte, withViews bool) { agree(t, seed, 1+int(size)%40, withViews) })
}
