package op

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/fault"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// headBuilders are those of heads that lie side by side, here two.
var headBuilders = []builder{
	{name: "SplitRows", args: "bu", out: "kn", plain: same, apply: one(func(x *G.Node) (*G.Node, error) { return SplitRows(x, 2) })},
	{name: "Tile", args: "bn", out: "bu", plain: each(func(x []float64) []float64 { return slices.Repeat(x, 2) }),
		apply: one(func(x *G.Node) (*G.Node, error) { return Tile(x, 2) })},
	{name: "Standardize", args: "bn", out: "bn", plain: each(func(x []float64) (out []float64) {
		m, v := mean(x), 0.0
		for _, xi := range x {
			v += (xi - m) * (xi - m) / float64(len(x))
		}
		for _, xi := range x {
			out = append(out, (xi-m)/math.Sqrt(v+0.01))
		}
		return out
	}), apply: one(func(x *G.Node) (*G.Node, error) { return Standardize(x, 0.01) })},
	{name: "HeadEnergies", args: "bu bq q+", out: "bq", plain: func(in []array) (out []float64) {
		n := in[0].cols / 2
		for i := range in[0].rows() {
			for h, beta := range in[2].x {
				x := in[0].row(i)[h*n : (h+1)*n]
				out = append(out, 0.5*dot(x, x)-in[1].row(i)[h]/beta)
			}
		}
		return out
	}, apply: func(in []*G.Node) (*G.Node, error) { return HeadEnergies(in[0], in[1], in[2], 0.5) }},
}

func TestRowCount(t *testing.T) {
	for _, dtype := range dtypes {
		for _, rows := range []int{1, 3, 70} {
			x := graphtest.Tensor(dtype, make([]float64, rows*2), rows, 2)
			graphtest.Run(t, 0, func(g *G.ExprGraph) G.Nodes {
				return G.Nodes{G.Must(RowCount(graphtest.Input(g, "x", x)))}
			}, graphtest.Tensor(dtype, []float64{float64(rows)}, 1))
		}
		x := graphtest.Input(G.NewGraph(), "x", graphtest.Tensor(dtype, []float64{1, 2}, 1, 2))
		_, err := G.Grad(G.Must(Mean(G.Must(RowCount(x)))), x)
		require.Error(t, err)
	}
}

func TestHeadsThatAreNone(t *testing.T) {
	x := graphtest.Input(G.NewGraph(), "x", graphtest.Tensor(dtypes[0], make([]float64, 6), 2, 3))
	for name, build := range map[string]func() (*G.Node, error){
		"SplitRows 0": func() (*G.Node, error) { return SplitRows(x, 0) }, "SplitRows 2": func() (*G.Node, error) { return SplitRows(x, 2) },
		"Tile 0": func() (*G.Node, error) { return Tile(x, 0) }, "Tile of nil": func() (*G.Node, error) { return Tile(nil, 1) },
	} {
		n, err := build()
		require.ErrorIs(t, err, ErrShape, name)
		require.Nil(t, n)
	}
}

// Each head has its own number of updates: that of one number for all where they are equal, and none where it is 0.
func TestSettleOfHeads(t *testing.T) {
	g := G.NewGraph()
	input := func(name string, shape ...int) *G.Node {
		x := make([]float64, shape[0]*shape[1])
		for i := range x {
			x[i] = math.Sin(float64(i*i + len(name)))
		}
		return graphtest.Input(g, name, graphtest.Tensor(dtypes[0], x, shape...))
	}
	n := AssociationNodes{Q: input("q", 3, 4), K: input("keys", 5, 4), Beta: graphtest.Input(g, "beta", graphtest.Tensor(dtypes[0], []float64{0.7, 1.5}, 2))}
	settle := func(s SettleConfig) *G.Node { return G.Must(Settle(AssociationConfig{Heads: 2}, n, s)) }
	values := graphtest.Value(t, settle(SettleConfig{HeadSteps: []int{3, 3}}), settle(SettleConfig{Steps: 3}), settle(SettleConfig{HeadSteps: []int{3, 0}}), n.Q,
		settle(SettleConfig{HeadSteps: []int{-1, 3}, Tolerance: 1e-3}), settle(SettleConfig{Steps: 3, Tolerance: 1e-3}), settle(SettleConfig{Tolerance: 1e-3}),
		settle(SettleConfig{Steps: 3, HeadTolerances: []float64{0, 1e9}}), settle(SettleConfig{Steps: 1}))
	require.Equal(t, values[1], values[0])
	for i := range values[0] {
		if i%4 < 2 { // head 0
			require.Equal(t, values[1][i], values[2][i])
			require.Equal(t, values[6][i], values[4][i])
			require.Equal(t, values[1][i], values[7][i])
		} else {
			require.Equal(t, values[3][i], values[2][i])
			require.Equal(t, values[5][i], values[4][i])
			require.Equal(t, values[8][i], values[7][i])
		}
	}
	for name, s := range map[string]SettleConfig{
		"heads": {HeadSteps: []int{1}}, "tolerances": {Steps: 1, HeadTolerances: []float64{1}}, "never": {HeadSteps: []int{1, -1}}, "below": {HeadSteps: []int{-2, 1}, Tolerance: 1},
		"no tolerance": {HeadSteps: []int{1, 1}, HeadTolerances: []float64{0, 1}, Implicit: true}, "NaN": {Steps: 1, HeadTolerances: []float64{1, math.NaN()}},
	} {
		_, err := Settle(AssociationConfig{Heads: 2}, n, s)
		require.ErrorIs(t, err, fault.ErrConfig, name)
	}
}
