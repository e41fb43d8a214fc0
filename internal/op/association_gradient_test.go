package op

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/fault"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

var separations = []association.Rule{
	{}, {Kind: association.Entmax, Alpha: 2}, {Kind: association.Entmax, Alpha: 1.5}, {Kind: association.Entmax, Alpha: 1.3},
	{Kind: association.Normmax, Alpha: 2}, {Kind: association.Normmax, Alpha: 1.5}, {Kind: association.TopK, K: 2}, {Kind: association.Subsets, K: 2},
}

// bagged are inputs of two bags of three queries and of unequal numbers of stored patterns, two heads of two columns: queries, keys,
// values, beta, α − 1.
func bagged(dtype tensor.Dtype, stored ...int) []*tensor.Dense {
	total := 0
	for _, s := range stored {
		total += s
	}
	return []*tensor.Dense{
		normal(1, dtype, 3*len(stored), 4), normal(2, dtype, total, 4), normal(3, dtype, total, 6),
		graphtest.Tensor(dtype, []float64{0.75, 1.5}, 2), graphtest.Tensor(dtype, []float64{0.5, 0.75}, 2),
	}
}

// gradients checks an op of nodes made of the inputs.
func gradients(t *testing.T, what string, dtype tensor.Dtype, inputs []*tensor.Dense, wrt []int, tolerance float64, build func(in []*G.Node) (*G.Node, error)) {
	t.Helper()
	err := gradcheck.Check(gradcheck.Case{
		Dtype: dtype, Inputs: inputs, Wrt: wrt, Tolerance: tolerance,
		Build: func(in []*G.Node) (*G.Node, error) {
			out, err := build(in)
			if err != nil {
				return nil, err
			}
			return weighted(out, graphtest.Input(in[0].Graph(), "weighting", weights(in[0].Dtype(), out.Shape())))
		},
	})
	require.NoError(t, err, what)
}

func lengths(in []*G.Node, name string, values ...float64) *G.Node {
	return graphtest.Input(in[0].Graph(), name, graphtest.Tensor(in[0].Dtype(), values, len(values)))
}

// Every separation function with every similarity, over bags, heads, masks and extras.
func TestAssociationGradients(t *testing.T) {
	for _, dtype := range dtypes {
		tolerance := 1e-5
		if dtype == tensor.Float32 {
			tolerance = 1e-3
		}
		for _, rule := range separations {
			for sim := association.Dot; sim <= association.Manhattan; sim++ {
				for _, masked := range []bool{false, true} {
					c := AssociationConfig{Heads: 2, Similarity: sim, Rule: rule}
					stored := []int{4, 6}
					if masked {
						stored, c.Extra = []int{5, 5}, 1
					}
					learned := rule.Kind == association.Entmax && rule.Alpha == 1.5
					wrt := []int{0, 1, 2, 3}
					if learned {
						wrt = append(wrt, 4)
					}
					nodes := func(in []*G.Node) AssociationNodes {
						n := AssociationNodes{Q: in[0], K: in[1], V: in[2], Beta: in[3],
							Queries: lengths(in, "queries", 3, 3), Stored: lengths(in, "stored", float64(stored[0]), float64(stored[1]))}
						if learned {
							n.Excess = in[4]
						}
						if masked {
							g, dtype := in[0].Graph(), in[0].Dtype()
							n.Ignored = graphtest.Input(g, "ignored", graphtest.Tensor(dtype, []float64{0, 0, 1, 0, 0, 0, 0, 0}, 2, 4))
							n.Forbidden = graphtest.Input(g, "forbidden", graphtest.Tensor(dtype, []float64{0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1}, 3, 4))
							n.Added = graphtest.Input(g, "added", normal(8, dtype, 4, 3, 4))
						}
						return n
					}
					inputs := bagged(dtype, stored...)
					what := fmt.Sprintf("%v, %v, masked %v, %v", rule, sim, masked, dtype)
					gradients(t, what, dtype, inputs, wrt, tolerance, func(in []*G.Node) (*G.Node, error) { return AssociateBags(c, nodes(in)) })
					gradients(t, what+": conjugate", dtype, inputs, []int{0, 1, 3}, tolerance, func(in []*G.Node) (*G.Node, error) {
						n := nodes(in)
						n.Excess = nil
						return AssociationConjugate(c, n)
					})
					gradients(t, what+": one node", dtype, inputs, []int{0, 1, 3}, tolerance, func(in []*G.Node) (*G.Node, error) {
						n := nodes(in)
						n.V = n.K
						return AssociateBags(c, n)
					})
					gradients(t, what+": settle", dtype, inputs, []int{0, 1, 3}, tolerance, func(in []*G.Node) (*G.Node, error) {
						return Settle(c, nodes(in), SettleConfig{Steps: 3})
					})
				}
			}
		}
	}
}

// Several blocks, and dropout, whose mask is that of the forward run.
func TestAssociationGradientsOfBlocks(t *testing.T) {
	for _, rule := range separations {
		for _, dropout := range []float64{0, 0.4} {
			c := AssociationConfig{Rule: rule, Dropout: dropout, Noise: NewNoise(1, "association")}
			c.Noise.SetStep(3)
			inputs := []*tensor.Dense{normal(1, tensor.Float64, 2, 2), normal(2, tensor.Float64, 131, 2), normal(3, tensor.Float64, 131, 2),
				graphtest.Tensor(tensor.Float64, []float64{1.5}, 1)}
			gradients(t, fmt.Sprintf("%v, dropout %g", rule, dropout), tensor.Float64, inputs, []int{0, 1, 2, 3}, 0, func(in []*G.Node) (*G.Node, error) {
				return AssociateBags(c, AssociationNodes{Q: in[0], K: in[1], V: in[2], Beta: in[3]})
			})
			gradients(t, fmt.Sprintf("%v, dropout %g, one node", rule, dropout), tensor.Float64, inputs, []int{0, 1, 3}, 0, func(in []*G.Node) (*G.Node, error) {
				return AssociateBags(c, AssociationNodes{Q: in[0], K: in[1], V: in[1], Beta: in[3]})
			})
		}
	}
}

// settled returns the states and the gradients with regard to queries, keys and beta.
func settled(t *testing.T, c AssociationConfig, s SettleConfig, values []*tensor.Dense) [][]float64 {
	g := G.NewGraph()
	in := builder{}.nodes(g, values)
	out, err := Settle(c, AssociationNodes{Q: in[0], K: in[1], Beta: in[2]}, s)
	require.NoError(t, err)
	grads, err := G.Grad(G.Must(weighted(out, graphtest.Input(g, "w", normal(5, values[0].Dtype(), out.Shape()...)))), in...)
	require.NoError(t, err)
	return graphtest.Value(t, append(G.Nodes{out}, grads...)...)
}

// At the fixed point the implicit gradient is what going back through all updates comes to, and none flows to the start.
func TestImplicitGradient(t *testing.T) {
	for _, rule := range []association.Rule{{}, {Kind: association.Entmax, Alpha: 1.5}, {Kind: association.Normmax, Alpha: 2}} {
		for _, sim := range []association.Similarity{association.Dot, association.Euclidean} {
			c := AssociationConfig{Heads: 2, Rule: rule, Similarity: sim}
			values := []*tensor.Dense{normal(1, tensor.Float64, 5, 6), normal(2, tensor.Float64, 9, 6), graphtest.Tensor(tensor.Float64, []float64{0.3, 0.5}, 2)}
			unrolled := settled(t, c, SettleConfig{Tolerance: 1e-13}, values)
			implicit := settled(t, c, SettleConfig{Tolerance: 1e-13, Implicit: true}, values)
			require.Equal(t, unrolled[0], implicit[0])
			for i, x := range implicit[1] {
				require.Zero(t, x, "%v: query gradient %d", rule, i)
				require.InDelta(t, 0, unrolled[1][i], 1e-9)
			}
			for k := 2; k < 4; k++ {
				for i, want := range unrolled[k] {
					require.InDelta(t, want, implicit[k][i], 1e-8, "%v, %v: gradient %d, number %d", rule, sim, k, i)
				}
			}
		}
	}
}

// Where the update does not contract, or has not settled, the gradient goes back through the updates that were made.
func TestImplicitGradientFallsBack(t *testing.T) {
	// Two patterns and a state right between them at a β for which the middle repels: a fixed point with J = β/4·|x − y|² = 2.
	values := []*tensor.Dense{
		graphtest.Tensor(tensor.Float64, []float64{0, 0.25}, 1, 2),
		graphtest.Tensor(tensor.Float64, []float64{1, 0.25, -1, 0.25}, 2, 2), graphtest.Tensor(tensor.Float64, []float64{2}, 1),
	}
	s := SettleConfig{Steps: 3, Tolerance: 1e-9}
	unrolled := settled(t, AssociationConfig{}, s, values)
	s.Implicit = true
	require.Equal(t, unrolled, settled(t, AssociationConfig{}, s, values))
	require.Greater(t, math.Abs(unrolled[1][0]), 1., "the start counts: it is stretched by 2 each time")

	values = []*tensor.Dense{normal(1, tensor.Float64, 5, 3), normal(2, tensor.Float64, 9, 3), graphtest.Tensor(tensor.Float64, []float64{0.8}, 1)}
	s = SettleConfig{Steps: 2, Tolerance: 1e-12}
	unrolled = settled(t, AssociationConfig{}, s, values)
	s.Implicit = true
	require.Equal(t, unrolled, settled(t, AssociationConfig{}, s, values), "not settled after two updates")
}

// Each query of each head stops by itself: it ends where it would alone.
func TestSettleStopsEachQuery(t *testing.T) {
	for _, dtype := range dtypes {
		values := []*tensor.Dense{normal(1, dtype, 6, 4), normal(2, dtype, 9, 4), graphtest.Tensor(dtype, []float64{1.5}, 1)}
		run := func(q *tensor.Dense) []float64 {
			in := builder{}.nodes(G.NewGraph(), []*tensor.Dense{q, values[1], values[2]})
			return graphtest.Value(t, G.Must(Settle(AssociationConfig{}, AssociationNodes{Q: in[0], K: in[1], Beta: in[2]}, SettleConfig{Tolerance: 1e-2})))[0]
		}
		all := run(values[0])
		for i := range 6 {
			row := graphtest.Tensor(dtype, float64s(values[0])[4*i:4*i+4], 1, 4)
			require.Equal(t, all[4*i:4*i+4], run(row), "query %d", i)
		}
	}
}

// A state that is not a number is not updated until the steps run out.
func TestSettleStopsAtNaN(t *testing.T) {
	e := association.New[float64](association.Config{})
	var settled association.Settled[float64]
	b := &association.Batch[float64]{Depth: 1, Q: []float64{math.NaN(), 1}, K: []float64{1, 2}, Beta: []float64{1}}
	out := make([]float64, 2)
	e.Settle(out, b, association.Settling{Steps: []int{1000}, Tolerances: []float64{1e-9}}, &settled, true)
	require.True(t, math.IsNaN(out[0]) && out[1] > 1)
	require.Equal(t, 1, settled.Taken[0])
	require.Greater(t, settled.Taken[1], 1)
	require.Less(t, settled.Taken[1], 1000)
}

func TestAssociationRefuses(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(n *AssociationNodes, in []*G.Node)
		want   string
	}{
		{"a padding mask of another shape", func(n *AssociationNodes, in []*G.Node) { n.Ignored = lengths(in, "m", 0, 1, 0) }, "padding mask has shape (3)"},
		{"an association mask of another shape", func(n *AssociationNodes, in []*G.Node) {
			n.Forbidden = graphtest.Input(in[0].Graph(), "m", normal(1, tensor.Float64, 2, 5))
		}, "association mask has shape (2, 5), want (3, 5)"},
		{"no beta of a head", func(n *AssociationNodes, in []*G.Node) { n.Beta = lengths(in, "b", 1) }, "does not fit 2 heads"},
		{"lengths of one side", func(n *AssociationNodes, in []*G.Node) { n.Queries = nil }, "go together"},
	} {
		in := builder{}.nodes(G.NewGraph(), bagged(tensor.Float64, 5, 5))
		n := AssociationNodes{Q: in[0], K: in[1], V: in[2], Beta: in[3], Queries: lengths(in, "queries", 3, 3), Stored: lengths(in, "stored", 5, 5)}
		c.change(&n, in)
		_, err := AssociateBags(AssociationConfig{Heads: 2}, n)
		require.ErrorContains(t, err, c.want, c.what)
	}
	in := builder{}.nodes(G.NewGraph(), bagged(tensor.Float64, 5, 5))
	n := AssociationNodes{Q: in[0], K: in[1], V: in[2], Beta: in[3], Queries: lengths(in, "queries", 2, 4), Stored: lengths(in, "stored", 5, 5)}
	n.Added = graphtest.Input(in[0].Graph(), "added", normal(1, tensor.Float64, 3, 5))
	out, err := AssociateBags(AssociationConfig{Heads: 2}, n)
	require.NoError(t, err, "what lengths hold is known when a machine runs")
	vm := G.NewTapeMachine(out.Graph())
	defer vm.Close()
	require.ErrorContains(t, vm.RunAll(), "want bags of equal lengths")

	for _, s := range []SettleConfig{{}, {Steps: -1}, {Steps: 1, Implicit: true}, {Tolerance: math.NaN()}} {
		_, err := Settle(AssociationConfig{Heads: 2}, AssociationNodes{Q: in[0], K: in[1], Beta: in[3]}, s)
		require.ErrorIs(t, err, fault.ErrConfig)
	}
	_, err = Settle(AssociationConfig{Heads: 2, Similarity: association.Cosine}, AssociationNodes{Q: in[0], K: in[1], Beta: in[3]}, SettleConfig{Tolerance: 1, Implicit: true})
	require.ErrorIs(t, err, fault.ErrConfig)
}
