package op

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/race"
)

func normal(seed uint64, dtype tensor.Dtype, shape ...int) *tensor.Dense {
	r, x := rand.New(rand.NewPCG(seed, 1)), make([]float64, tensor.Shape(shape).TotalSize())
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return graphtest.Tensor(dtype, x, shape...)
}

// patterns are random queries (L, D), keys (S, D) and values (S, E), and beta.
func patterns(dtype tensor.Dtype, queries, stored, depth, width int, beta float64) []*tensor.Dense {
	return []*tensor.Dense{
		normal(1, dtype, queries, depth), normal(2, dtype, stored, depth), normal(3, dtype, stored, width),
		graphtest.Tensor(dtype, []float64{beta}, 1),
	}
}

// retrieval is a builder of this file over queries, keys, values and beta, and the same thing through its matrix of scores.
type retrieval struct {
	name               string
	streamed, composed func(in []*G.Node) (*G.Node, error)
	wrt                []int
}

var retrievals = []retrieval{
	{"Associate",
		func(in []*G.Node) (*G.Node, error) { return Associate(in[0], in[1], in[2], in[3]) },
		func(in []*G.Node) (*G.Node, error) {
			return Gemm(G.Must(Softmax(scores(in))), in[2], false, false)
		}, []int{0, 1, 2, 3}},
	{"Associate of one node",
		func(in []*G.Node) (*G.Node, error) { return Associate(in[0], in[1], in[1], in[3]) },
		func(in []*G.Node) (*G.Node, error) { return Gemm(G.Must(Softmax(scores(in))), in[1], false, false) }, []int{0, 1, 3}},
	{"AssociationConjugate",
		func(in []*G.Node) (*G.Node, error) {
			return AssociationConjugate(AssociationConfig{}, AssociationNodes{Q: in[0], K: in[1], Beta: in[3]})
		},
		func(in []*G.Node) (*G.Node, error) { return LogSumExp(scores(in)) }, []int{0, 1, 3}},
}

func scores(in []*G.Node) *G.Node {
	return G.Must(G.HadamardProd(G.Must(Gemm(in[0], in[1], false, true)), G.Must(G.Sum(in[3]))))
}

// evaluate returns the numbers of the result and of the gradients of a random weighting of it.
func (r retrieval) evaluate(t *testing.T, build func(in []*G.Node) (*G.Node, error), values []*tensor.Dense) [][]float64 {
	in := builder{}.nodes(G.NewGraph(), values)
	out, err := build(in)
	require.NoError(t, err)
	w := graphtest.Input(in[0].Graph(), "w", normal(4, values[0].Dtype(), out.Shape()...))
	wrt := G.Nodes{}
	for _, i := range r.wrt {
		wrt = append(wrt, in[i])
	}
	grads, err := G.Grad(G.Must(weighted(out, w)), wrt...)
	require.NoError(t, err)
	return graphtest.Value(t, append(G.Nodes{out}, grads...)...)
}

// Blocks, chunks and groups give what the matrix of scores gives, forward and backward.
func TestAssociationAgainstScores(t *testing.T) {
	for _, c := range []struct {
		what                          string
		queries, stored, depth, width int
		beta                          float64
	}{
		{"one block", 5, 40, 3, 4, 0.7},
		{"nine blocks, the last one ragged", 70, 1100, 8, 5, 0.5},
		{"a last block of one pattern", 3, 129, 4, 4, 1},
		{"one query", 1, 1100, 6, 7, 2},
		{"one pattern", 6, 1, 4, 3, 1},
		{"two chunks, the last one ragged", 70, 7300, 4, 3, 0.5},
		{"two groups", 513, 65, 1, 2050, 0.5},
		{"beta 0", 4, 200, 3, 3, 0},
		{"a negative beta", 4, 200, 3, 3, -1},
		{"large scores", 4, 200, 3, 3, 300},
	} {
		for _, r := range retrievals {
			for _, dtype := range dtypes {
				values := patterns(dtype, c.queries, c.stored, c.depth, c.width, c.beta)
				got, want := r.evaluate(t, r.streamed, values), r.evaluate(t, r.composed, values)
				for k := range want {
					size := 1.0 // of the largest number
					for _, x := range want[k] {
						size = max(size, math.Abs(x))
					}
					worst := 0.0
					for i, x := range want[k] {
						worst = max(worst, math.Abs(got[k][i]-x))
					}
					require.LessOrEqual(t, worst, 50*max(1, math.Abs(c.beta))*tolerance[dtype]*size, "%s: %s of %v: result %d", c.what, r.name, dtype, k)
				}
			}
		}
	}
}

// A query retrieves the same bits alone as among others.
func TestAssociationRowByRow(t *testing.T) {
	for _, r := range retrievals {
		for _, dtype := range dtypes {
			values := patterns(dtype, 67, 1100, 9, 5, 0.5)
			run := func(queries *tensor.Dense) []float64 {
				in := builder{}.nodes(G.NewGraph(), append([]*tensor.Dense{queries}, values[1:]...))
				return graphtest.Value(t, G.Must(r.streamed(in)))[0]
			}
			all := run(values[0])
			for _, i := range []int{0, 1, 66} {
				row, err := values[0].Slice(G.S(i, i+1), nil)
				require.NoError(t, err)
				alone := tensor.New(tensor.Of(dtype), tensor.WithShape(1, 9))
				require.NoError(t, tensor.Copy(alone, row))
				got := run(alone)
				require.Equal(t, all[i*len(got):(i+1)*len(got)], got, "%s of %v: query %d", r.name, dtype, i)
			}
		}
	}
}

// What is not finite goes the way of the formula, across blocks: a score of −Inf has probability 0, also where a whole block
// has no other; where there are only such scores nothing is retrieved, and where there is one of +Inf or NaN there is no
// distribution.
func TestAssociationNotFinite(t *testing.T) {
	inf := math.Inf(1)
	for _, dtype := range dtypes {
		run := func(change func(key []float64)) (out, lse float64) {
			values := patterns(dtype, 1, 200, 1, 1, 1)
			keys := make([]float64, 200)
			change(keys)
			values[0], values[1] = graphtest.Tensor(dtype, []float64{1}, 1, 1), graphtest.Tensor(dtype, keys, 200, 1)
			values[2] = graphtest.Tensor(dtype, keys200(), 200, 1)
			in := builder{}.nodes(G.NewGraph(), values)
			got := graphtest.Value(t, G.Must(retrievals[0].streamed(in)), G.Must(retrievals[2].streamed(in)))
			return got[0][0], got[1][0]
		}
		out, lse := run(func(keys []float64) { // the first block, and half the last
			for j := range 64 {
				keys[j] = -inf
			}
			keys[199] = -inf
		})
		require.InDelta(t, math.Log(135), lse, 1e-5)
		require.InDelta(t, (64.+198)/2, out, 1e-3)
		out, lse = run(func(keys []float64) {
			for j := range keys {
				keys[j] = -inf
			}
		})
		require.Equal(t, -inf, lse)
		require.Zero(t, out, "a query that sees no pattern retrieves 0")
		out, lse = run(func(keys []float64) { keys[150] = inf })
		require.Equal(t, inf, lse)
		require.True(t, math.IsNaN(out))
		out, lse = run(func(keys []float64) { keys[3] = math.NaN() })
		require.True(t, math.IsNaN(out) && math.IsNaN(lse))
	}
}

// keys200 is 0, 1, …, 199.
func keys200() []float64 {
	x := make([]float64, 200)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

// Forward and backward together allocate less than the matrix of scores takes.
func TestAssociationMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the kernels' scratch memory is made anew all the time")
	}
	const queries, stored, depth = 64, 60000, 4
	allocated := func(build func(in []*G.Node) (*G.Node, error)) int {
		in := builder{}.nodes(G.NewGraph(), patterns(tensor.Float32, queries, stored, depth, depth, 0.5))
		out := G.Must(build(in))
		w := graphtest.Input(in[0].Graph(), "w", normal(4, tensor.Float32, queries, depth))
		_, err := G.Grad(G.Must(weighted(out, w)), in...)
		require.NoError(t, err)
		vm := G.NewTapeMachine(in[0].Graph())
		defer vm.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.NoError(t, vm.RunAll())
		runtime.ReadMemStats(&after)
		return int(after.TotalAlloc - before.TotalAlloc)
	}
	require.Less(t, allocated(retrievals[0].streamed), queries*stored*4/2)
	require.Greater(t, allocated(retrievals[0].composed), queries*stored*4)
}
