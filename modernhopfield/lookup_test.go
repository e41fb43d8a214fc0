package modernhopfield

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func lookupOf(c LookupConfig, dt tensor.Dtype) *Lookup {
	c.Dtype = dt
	l := must(NewLookup("l", c))
	shuffleParams(l, 5)
	return l
}

// States retrieve from the patterns that are parameters, in rows, bags and batches alike.
func TestLookup(t *testing.T) {
	for name, c := range map[string]LookupConfig{
		"one":       {Config: Config{Input: 4}, Quantity: 3},
		"heads":     {Config: Config{Input: 4, Stored: 5, Hidden: 3, Heads: 2, Output: 3, Steps: 2}, Quantity: 6},
		"separated": {Config: Config{Input: 4, Projection: 2, Activation: "tanh"}, Quantity: 3, Separated: true},
		"static":    {Config: Config{Input: 4, Hidden: 4, Heads: 2, StoredStatic: true}, Quantity: 3},
		"extras":    {Config: Config{Input: 4, NoOutput: true, NullPattern: true, BiasPattern: true}, Quantity: 2},
	} {
		for _, dt := range dtypes {
			l := lookupOf(c, dt)
			o := plainOf(&l.associator)
			stored := splitIn(o.params["stored_patterns"], l.plan.Stored)
			targets := stored
			if c.Separated {
				targets = splitIn(o.params["targets"], l.plan.Projection)
			}
			x := normals(8, 6*4)
			for i := range x {
				x[i] = float64(float32(x[i]))
			}
			want := o.bag(stored, splitIn(x, 4), targets, oracleMask{}).flat()
			width := len(want) / 6
			graphtest.Run(t, tolerances[dt], func(g *G.ExprGraph) G.Nodes {
				rows, pooled, err := l.ForwardBags(given(g, "rows", dt, x, 6, 4), given(g, "lengths", dt, []float64{2, 4}, 2))
				require.NoError(t, err)
				require.False(t, pooled)
				return G.Nodes{must(l.Forward(given(g, "batch", dt, x, 2, 3, 4))), must(l.Forward(given(g, "x", dt, x, 6, 4))), rows}
			}, graphtest.Tensor(dt, want, 2, 3, width), graphtest.Tensor(dt, want, 6, width), graphtest.Tensor(dt, want, 6, width))

			// A mask that forbids nothing changes nothing, and one of a bag only that bag.
			g := G.NewGraph()
			batch := given(g, "batch", dt, x, 2, 3, 4)
			q := l.quantity
			padding := make([]float64, 2*q)
			padding[2*q-1] = 1
			masked := must(l.Associate(batch, Masks{Padding: given(g, "padding", dt, padding, 2, q)}))
			nothing := must(l.Associate(batch, Masks{Added: given(g, "nothing", dt, make([]float64, 3*q), 3, q)}))
			w, v := must(l.Association(batch, Masks{})), must(l.Association(given(g, "x", dt, x, 6, 4), Masks{}))
			e := must(l.Energy(batch, Masks{}))
			values := graphtest.Value(t, masked, nothing, w, v, e)
			require.InDeltaSlice(t, want[:3*width], values[0][:3*width], 3e-5, name)
			differs(t, want[3*width:], values[0][3*width:])
			require.InDeltaSlice(t, want, values[1], 3e-5, name)
			heads := l.plan.Heads
			require.Equal(t, tensor.Shape{2 * heads, 3, q + l.extra()}, w.Shape())
			require.Equal(t, tensor.Shape{heads, 6, q + l.extra()}, v.Shape())
			require.Equal(t, tensor.Shape{2, 3, heads}, e.Shape())
			require.Equal(t, values[2][:3*(q+l.extra())], values[3][:3*(q+l.extra())], "head 0 of bag 0")
		}
	}
}

// The patterns are projected once for the whole batch: the projection has as many rows as there are patterns.
func TestLookupProjectsPatternsOnce(t *testing.T) {
	l := must(NewLookup("l", LookupConfig{Config: Config{Input: 4}, Quantity: 7}))
	g := G.NewGraph()
	must(l.Forward(random(g, "x", tensor.Float32, 1, 5, 3, 4)))
	projections := 0
	for _, n := range g.AllNodes() {
		if n.Op() != nil && strings.HasPrefix(n.Op().String(), "Affine") && n.Shape()[0] == 7 {
			projections++
		}
	}
	require.Equal(t, 2, projections, "keys and values")
}

// With its training set stored, nothing projected and a large β a lookup is the nearest neighbour's label.
func TestLookupOfData(t *testing.T) {
	patterns := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float64{0, 0, 0, 3, 3, 0, 3, 3}))
	labels := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}))
	config := LookupConfig{
		Config:    Config{Beta: 50, Similarity: 2, StoredStatic: true, StateStatic: true, ProjectionStatic: true, NoOutput: true, Dtype: tensor.Float64},
		Separated: true, Patterns: patterns, Targets: labels, Frozen: true, TargetsFrozen: true,
	}
	l := must(NewLookup("l", config))
	require.Equal(t, 4, l.Config().Quantity)
	require.Nil(t, l.Config().Patterns)
	require.Equal(t, patterns.Data(), l.Param("stored_patterns").Float64s())
	require.False(t, l.Param("stored_patterns").Learned())
	require.False(t, l.Param("targets").Learned())
	got := graphtest.Value(t, must(l.Forward(given(G.NewGraph(), "x", tensor.Float64, []float64{0.4, 2.6, 2.9, 0.1}, 2, 2))))[0]
	require.InDeltaSlice(t, []float64{0, 1, 0, 0, 0, 1}, got, 1e-9)

	// The data are copied.
	require.NoError(t, l.Param("stored_patterns").Set(make([]float64, 8)))
	require.Equal(t, 3., patterns.Data().([]float64)[3])
	rounded := must(NewLookup("r", LookupConfig{Config: Config{Input: 2}, Patterns: tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{0.1, 0.2}))}))
	require.Equal(t, []float64{float64(float32(0.1)), float64(float32(0.2))}, rounded.Param("stored_patterns").Float64s())
}
