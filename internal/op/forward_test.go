package op

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

var tolerance = map[tensor.Dtype]float64{tensor.Float32: 2e-6, tensor.Float64: 1e-14}

func TestForward(t *testing.T) {
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		values := b.tensors(dtype, size)
		want := b.want(dtype, b.tensors(tensor.Float64, size), size)
		graphtest.Run(t, tolerance[dtype], func(g *G.ExprGraph) G.Nodes { return G.Nodes{G.Must(b.apply(b.nodes(g, values)))} }, want)
	})
}

// What is not finite goes the way of the formula, and NaN never disappears.
func TestForwardNotFinite(t *testing.T) {
	for _, b := range builders() {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			size := sizes[0]
			for i, v := range b.tensors(tensor.Float64, size) {
				if strings.HasSuffix(strings.Fields(b.args)[i], "#") {
					continue // refused: TestLengthsThatAreNone
				}
				for _, at := range []int{0, v.DataSize() - 1} {
					values := b.tensors(tensor.Float64, size)
					values[i].Float64s()[at] = bad
					want := b.want(tensor.Float64, values, size)
					run := func(g *G.ExprGraph) G.Nodes { return G.Nodes{G.Must(b.apply(b.nodes(g, values)))} }
					t.Run(b.name, func(t *testing.T) { graphtest.Run(t, 1e-12, run, want) })
				}
			}
		}
	}
}

// Rows of −Inf, and −Inf where the target is 0: what a mask makes.
func TestMaskedRows(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		g := G.NewGraph()
		x := graphtest.Input(g, "x", graphtest.Tensor(dtype, []float64{-inf, 0, 0, -inf, -inf, -inf, 800, -800, -inf}, 3, 3))
		y := graphtest.Input(g, "y", graphtest.Tensor(dtype, []float64{0, 1, 0, 1, 0, 0, 0, 1, 0}, 3, 3))
		got := graphtest.Value(t, G.Must(LogSumExp(x)), G.Must(Softmax(x)), G.Must(CrossEntropy(x, y)))
		require.InDeltaSlice(t, []float64{math.Ln2, 800}, []float64{got[0][0], got[0][2]}, 1e-6)
		require.Equal(t, -inf, got[0][1])
		require.Equal(t, []float64{0, 0.5, 0.5}, got[1][:3])
		require.Equal(t, []float64{1, 0, 0}, got[1][6:])
		require.True(t, math.IsNaN(sum(got[1][3:6])))
		require.InDelta(t, math.Ln2, got[2][0], 1e-6)
		require.True(t, math.IsNaN(got[2][1]))
		require.InDelta(t, 1600, got[2][2], 1e-3)

		grads, err := G.Grad(G.Must(G.Sum(G.Must(CrossEntropy(x, y)))), x)
		require.NoError(t, err)
		slopes := graphtest.Value(t, grads[0])[0]
		require.InDeltaSlice(t, []float64{0, -0.5, 0.5}, slopes[:3], 1e-6)
		require.Equal(t, []float64{1, -1, 0}, slopes[6:])

		// a row of weight 0 is not there
		g = G.NewGraph()
		f := graphtest.Input(g, "f", graphtest.Tensor(dtype, []float64{1, nan, 4}, 3))
		w := graphtest.Input(g, "w", graphtest.Tensor(dtype, []float64{2, 0, 1}, 3))
		cost := G.Must(WeightedMean(f, w))
		grads, err = G.Grad(cost, f)
		require.NoError(t, err)
		got = graphtest.Value(t, cost, grads[0])
		require.Equal(t, []float64{2}, got[0])
		require.InDeltaSlice(t, []float64{2. / 3, 0, 1. / 3}, got[1], 1e-7)
	}
}

// The same results as Gorgonia's own ops, composed; in float32, as Gorgonia's float64 softplus is cut off at 16.
func TestAgainstBuiltIns(t *testing.T) {
	b := builder{args: "bn nm m bn"}
	in := b.nodes(G.NewGraph(), b.tensors(tensor.Float32, sizes[0]))
	x, w, c, y := in[0], in[1], in[2], in[3]
	for name, pair := range map[string]G.Nodes{
		"Affine":     {G.Must(Affine(x, w, c, false)), G.Must(G.BroadcastAdd(G.Must(G.Mul(x, w)), c, nil, []byte{0}))},
		"Gemm":       {G.Must(Gemm(x, y, false, true)), G.Must(G.Mul(x, G.Must(G.Transpose(y, 1, 0))))},
		"RowDot":     {G.Must(RowDot(x, y)), G.Must(G.Sum(G.Must(G.HadamardProd(x, y)), 1))},
		"Multiply":   {G.Must(Multiply(x, y)), G.Must(G.HadamardProd(x, y))},
		"Softmax":    {G.Must(Softmax(x)), G.Must(G.SoftMax(x, 1))},
		"Sigmoid":    {G.Must(Sigmoid(x)), G.Must(G.Sigmoid(x))},
		"Softplus":   {G.Must(Softplus(y)), G.Must(G.Softplus(y))},
		"Tanh":       {G.Must(Tanh(x)), G.Must(G.Tanh(x))},
		"ReLU":       {G.Must(ReLU(x)), G.Must(G.Rectify(x))},
		"CGF of log": {G.Must(CGF(bernoulliFamily.kind, y, nil)), G.Must(G.Sum(G.Must(G.Softplus(y)), 1))},
	} {
		got := graphtest.Value(t, pair...)
		require.InDeltaSlice(t, got[1], got[0], 1e-5, name)
	}
}
