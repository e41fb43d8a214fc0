package op

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/machine"
)

func same(in []array) []float64 { return slices.Clone(in[0].x) }

// bagBuilders are those of instances and bags.
var bagBuilders = []builder{
	{name: "Flatten", args: "btn", out: "fn", apply: one(Flatten), plain: same, ranks: true},
	{name: "Fold", args: "fm btn", out: "btm", wrt: []int{0}, apply: two(Fold), plain: same},
	{name: "FoldVector", args: "k", out: "bq", plain: same, apply: one(func(x *G.Node) (*G.Node, error) { return FoldVector(x, 2) })},
	{name: "Ravel", args: "bq", out: "k", plain: same, apply: one(Ravel)},
	{name: "JoinRows", args: "kn", out: "bu", plain: same, apply: one(func(x *G.Node) (*G.Node, error) { return JoinRows(x, 2) })},
	{name: "AppendRow", args: "rn n b#", out: "en", wrt: []int{0, 1}, free: []int{2}, plain: appended,
		apply: func(in []*G.Node) (*G.Node, error) { return AppendRow(in[0], in[1], in[2]) }},
	{name: "AppendRow of zeros", args: "rn b#", out: "en", wrt: []int{0}, free: []int{0, 1},
		plain: func(in []array) []float64 { return appended([]array{in[0], {make([]float64, in[0].cols), 1}, in[1]}) },
		apply: two(func(x, lengths *G.Node) (*G.Node, error) { return AppendRow(x, nil, lengths) })},
	{name: "Repeat", args: "qn b", out: "kn", wrt: []int{0}, free: []int{0, 1}, apply: two(Repeat),
		plain: func(in []array) []float64 { return slices.Repeat(in[0].x, len(in[1].x)) }},
}

func appended(in []array) (out []float64) {
	row := 0
	for _, l := range in[2].x {
		for range int(l) {
			out = append(out, in[0].row(row)...)
			row++
		}
		out = append(out, in[1].x...)
	}
	return out
}

func TestLengths(t *testing.T) {
	for _, dtype := range dtypes {
		for _, shape := range [][]int{{3, 2, 4}, {1, 5, 1}, {2, 1, 3}} {
			x := graphtest.Tensor(dtype, make([]float64, shape[0]*shape[1]*shape[2]), shape...)
			want := graphtest.Tensor(dtype, slices.Repeat([]float64{float64(shape[1])}, shape[0]), shape[0])
			build := func(g *G.ExprGraph) G.Nodes { return G.Nodes{G.Must(Lengths(graphtest.Input(g, "x", x)))} }
			graphtest.Run(t, 0, build, want)
			eachOp(t, build(G.NewGraph())[0], func(op ownOp, in []G.Value, out G.Value) {
				requireNoAllocations(t, op, func() {
					if _, err := op.UsePreallocDo(out, in...); err != nil {
						t.Fatal(err)
					}
				})
			})
		}
		x := graphtest.Input(G.NewGraph(), "x", graphtest.Tensor(dtype, []float64{1, 2}, 1, 2, 1))
		_, err := G.Grad(G.Must(Mean(G.Must(Lengths(x)))), x)
		require.Error(t, err)
	}
}

// What reshapes a matrix refuses three dimensions, and what flattens wants them.
func TestReshapeErrors(t *testing.T) {
	g := G.NewGraph()
	matrix := graphtest.Input(g, "x", graphtest.Tensor(tensor.Float64, make([]float64, 6), 3, 2))
	vector := graphtest.Input(g, "v", graphtest.Tensor(tensor.Float64, make([]float64, 3), 3))
	for name, build := range map[string]func() (*G.Node, error){
		"Flatten":          func() (*G.Node, error) { return Flatten(matrix) },
		"Lengths":          func() (*G.Node, error) { return Lengths(matrix) },
		"Fold":             func() (*G.Node, error) { return Fold(matrix, matrix) },
		"JoinRows":         func() (*G.Node, error) { return JoinRows(matrix, 2) },
		"JoinRows of none": func() (*G.Node, error) { return JoinRows(matrix, 0) },
		"SplitRows":        func() (*G.Node, error) { return SplitRows(matrix, 4) },
		"FoldVector":       func() (*G.Node, error) { return FoldVector(vector, 2) },
		"FoldVector by 0":  func() (*G.Node, error) { return FoldVector(vector, 0) },
		"Ravel":            func() (*G.Node, error) { return Ravel(vector) },
	} {
		n, err := build()
		require.ErrorIs(t, err, ErrShape, name)
		require.Nil(t, n)
	}
}

// Numbers that are no lengths of bags are refused when a machine runs, by the op and by its gradients.
func TestLengthsThatAreNone(t *testing.T) {
	for name, lengths := range map[string][]float64{
		"too few rows": {1, 2}, "too many": {2, 3}, "fractions": {1.5, 2.5}, "below 0": {-1, 5}, "NaN": {math.NaN(), 4},
		"infinite": {math.Inf(1), 0}, "beyond all integers": {1e30, 0}, "minus infinity": {math.Inf(-1), 4}, "a longer bag": {0, 5},
	} {
		for _, dtype := range dtypes {
			g := G.NewGraph()
			x := graphtest.Input(g, "x", graphtest.Tensor(dtype, make([]float64, 4), 4, 1))
			longer := graphtest.Input(g, "longer", graphtest.Tensor(dtype, make([]float64, 6), 6, 1))
			row := graphtest.Input(g, "row", graphtest.Tensor(dtype, []float64{1}, 1))
			l := graphtest.Input(g, "lengths", graphtest.Tensor(dtype, lengths, 2))
			for _, n := range []*G.Node{
				G.Must(AppendRow(x, row, l)), G.Must(AppendRow(x, nil, l)), G.Must(dropLast(longer, l)), G.Must(sumLast(longer, l)),
			} {
				m, err := machine.New(g, machine.Config{Outputs: G.Nodes{n}})
				require.NoError(t, err)
				require.ErrorIs(t, m.RunAll(), ErrShape, "%s: %v", name, n)
			}
		}
	}
}

// One graph serves bags of any number and length, of nothing but empty ones too, with the bits of a graph of that size.
func TestBagsOfAnySize(t *testing.T) {
	build := func(x, q, lengths *tensor.Dense) (inputs G.Nodes, cost *G.Node) {
		g := G.NewGraph()
		in := G.Nodes{graphtest.Input(g, "x", x), graphtest.Input(g, "q", q), graphtest.Input(g, "lengths", lengths)}
		row := graphtest.Input(g, "row", graphtest.Tensor(tensor.Float64, []float64{0.5, -2}, 2))
		longer := G.Must(AppendRow(in[0], row, in[2]))
		queries := G.Must(JoinRows(G.Must(Repeat(in[1], in[2])), 2))
		var sum Terms
		sum.Add(1)(SquaredDistance(G.Must(Exp(longer)), 1))
		sum.Add(2)(SquaredDistance(G.Must(AddConstant(queries, 1)), 0))
		cost, err := sum.Build()
		require.NoError(t, err)
		_, err = G.Grad(cost, in[0], in[1], row)
		require.NoError(t, err)
		return append(in, row), cost
	}
	numbers := func(seed, rows, cols int) *tensor.Dense {
		x := make([]float64, rows*cols)
		for i := range x {
			x[i] = math.Sin(float64(seed + 7*i))
		}
		return graphtest.Tensor(tensor.Float64, x, rows, cols)
	}
	q := numbers(3, 2, 2)
	in, cost := build(numbers(1, 3, 2), q, graphtest.Tensor(tensor.Float64, []float64{1, 2}, 2))
	m, err := machine.New(cost.Graph(), machine.Config{Outputs: G.Nodes{cost, in[0].Deriv()}, Wrt: G.Nodes{in[1], in[3]}})
	require.NoError(t, err)
	for _, lengths := range [][]float64{{1, 2}, {3, 0, 4}, {0}, {2, 2}, {0, 0, 0}, {5}, {1, 2}} {
		rows := int(sum(lengths))
		x, l := numbers(1, rows, 2), graphtest.Tensor(tensor.Float64, lengths, len(lengths))
		require.NoError(t, m.Let(in[0], x))
		require.NoError(t, m.Let(in[2], l))
		require.NoError(t, m.RunAll(), "%v", lengths)

		total, drow := 0.0, make([]float64, 2)
		for _, v := range x.Float64s() {
			total += (math.Exp(v) - 1) * (math.Exp(v) - 1)
		}
		for i, v := range []float64{0.5, -2} {
			total += float64(len(lengths)) * (math.Exp(v) - 1) * (math.Exp(v) - 1)
			drow[i] = float64(len(lengths)) * 2 * (math.Exp(v) - 1) * math.Exp(v)
		}
		dq := make([]float64, 4)
		for i, v := range q.Float64s() {
			total += float64(len(lengths)) * 2 * (v + 1) * (v + 1)
			dq[i] = float64(len(lengths)) * 4 * (v + 1)
		}
		require.InDelta(t, total, m.Value(cost).Data(), 1e-12*total, "%v", lengths)
		dx := m.Value(in[0].Deriv()).(*tensor.Dense)
		require.Equal(t, tensor.Shape{rows, 2}, dx.Shape())
		for i, v := range x.Float64s() {
			require.InDelta(t, 2*(math.Exp(v)-1)*math.Exp(v), dx.Float64s()[i], 1e-12)
		}
		for k, want := range map[int][]float64{1: dq, 3: drow} {
			got, err := in[k].Grad()
			require.NoError(t, err)
			require.InDeltaSlice(t, want, got.Data(), 1e-12, "%v", lengths)
		}
	}
}
