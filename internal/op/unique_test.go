package op

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// collision finds, among input names, two that a hash takes for one: hash(nameA) = hash'(nameB).
func collision(t *testing.T, hash, other func(name string) uint32) (nameA, nameB string) {
	seen, named := map[uint32]int{}, func(i int) string { return "input" + strconv.Itoa(i) }
	for i := range 1 << 21 {
		if a, ok := seen[other(named(i))]; ok {
			return named(a), named(i)
		}
		seen[hash(named(i))] = i
	}
	t.Fatal("no two names collide")
	return "", ""
}

// inputHash is the hash in Gorgonia of an input of a shape.
func inputHash(shape ...int) func(name string) uint32 {
	start := kind(shape)
	return func(name string) uint32 {
		h := fnv.New32a()
		h.Write([]byte(start + name + "\x00"))
		return h.Sum32()
	}
}

// opHash is the hash of an op that keeps the shape on such an input.
func opHash(op string, shape ...int) func(input string) uint32 {
	start, hash := kind(shape)+"harmonium."+op+"#0\x01", inputHash(shape...)
	return func(input string) uint32 {
		h := fnv.New32a()
		c := hash(input)
		h.Write(append([]byte(start), byte(c), byte(c>>8), byte(c>>16), byte(c>>24)))
		return h.Sum32()
	}
}

func kind(shape tensor.Shape) string {
	return fmt.Sprintf("%v%v", G.TensorType{Dims: len(shape), Of: tensor.Float64}, shape)
}

func vector(g *G.ExprGraph, name string, values ...float64) *G.Node {
	return graphtest.Input(g, name, graphtest.Tensor(tensor.Float64, values, len(values)))
}

// nodeHash must be Gorgonia's own hash, for every kind of node.
func TestNodeHash(t *testing.T) {
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		for _, n := range b.withGradients(t, dtype, size) {
			for _, m := range n.Graph().AllNodes() {
				op, ok := m.Op().(interface{ base() *fused })
				if !ok {
					continue
				}
				var args G.Nodes
				for it := m.Graph().From(m.ID()); it.Next(); {
					args = append(args, it.Node().(*G.Node))
				}
				require.Equal(t, m.Hashcode(), op.base().nodeHash(args), "%v", m)
				require.Zero(t, op.base().salt)
			}
		}
	})
}

// One op on two inputs: the graph itself would merge the nodes, as it does Gorgonia's own.
func TestCollisionOfOneOp(t *testing.T) {
	nameA, nameB := collision(t, opHash("ReLU", 2), opHash("ReLU", 2))
	g := G.NewGraph()
	a, b := vector(g, nameA, 1, 2), vector(g, nameB, 3, 4)
	reluA, reluB := G.Must(ReLU(a)), G.Must(ReLU(b))
	require.NotSame(t, reluA, reluB)
	require.NotEqual(t, reluA.Hashcode(), reluB.Hashcode())
	require.Same(t, reluA, G.Must(ReLU(a)))
	require.Same(t, reluB, G.Must(ReLU(b)))
	cost := G.Must(Combine([]float64{1, 10}, G.Must(SquaredDistance(reluA, 0)), G.Must(SquaredDistance(reluB, 0))))
	grads, err := G.Grad(cost, a, b)
	require.NoError(t, err)
	require.Equal(t, [][]float64{{1, 2}, {3, 4}, {255}, {2, 4}, {60, 80}}, graphtest.Value(t, reluA, reluB, cost, grads[0], grads[1]))
}

// Two ops on two inputs: the graph would keep them apart, the tape machine not.
func TestCollisionOfTwoOps(t *testing.T) {
	nameA, nameB := collision(t, opHash("ReLU", 2), opHash("StopGradient", 2))
	g := G.NewGraph()
	a, b := vector(g, nameA, 1, -2), vector(g, nameB, 3, -4)
	relu, stopped := G.Must(ReLU(a)), G.Must(StopGradient(b))
	require.NotEqual(t, relu.Hashcode(), stopped.Hashcode())
	require.Equal(t, [][]float64{{1, 0}, {3, -4}}, graphtest.Value(t, relu, stopped))
}

// Two inputs: nothing can be done, as the tape machine gives both the value of one.
func TestCollisionOfInputs(t *testing.T) {
	nameA, nameB := collision(t, inputHash(2), inputHash(2))
	g := G.NewGraph()
	a, b := vector(g, nameA, 1, 2), vector(g, nameB, 3, 4)
	require.Equal(t, a.Hashcode(), b.Hashcode())
	for _, x := range []*G.Node{a, b} {
		_, err := ReLU(x)
		require.ErrorContains(t, err, nameA)
		require.ErrorContains(t, err, nameB)
		_, err = Combine([]float64{1, 1}, vector(g, "c", 5, 6), x)
		require.Error(t, err)
	}
	negA, negB := G.Must(G.Neg(a)), G.Must(G.Neg(b))
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	require.NoError(t, vm.RunAll())
	require.Equal(t, []any{[]float64{-3, -4}, []float64{-3, -4}}, []any{negA.Value().Data(), negB.Value().Data()},
		"Gorgonia keeps nodes of equal hash apart now: this error can go")
}

// A random op that is told from another still knows its mode.
func TestCollisionOfRandomOps(t *testing.T) {
	noise := NewNoise(1, "noise")
	name := noise.op("Dropout(0.5)", nil, nil).name
	nameA, nameB := collision(t, opHash(name, 1, 2), opHash(name, 1, 2))
	g := G.NewGraph()
	a := graphtest.Input(g, nameA, graphtest.Tensor(tensor.Float64, []float64{1, 2}, 1, 2))
	b := graphtest.Input(g, nameB, graphtest.Tensor(tensor.Float64, []float64{3, 4}, 1, 2))
	droppedA, droppedB := G.Must(Dropout(a, 0.5, noise)), G.Must(Dropout(b, 0.5, noise))
	require.NotSame(t, droppedA, droppedB)
	require.Equal(t, [][]float64{{1, 2}, {3, 4}}, graphtest.Evaluate(t, droppedA, droppedB))
}
