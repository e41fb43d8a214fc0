package modernhopfield

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

func poolingOf(c PoolingConfig, dt tensor.Dtype) *Pooling {
	c.Dtype = dt
	p := must(NewPooling("p", c))
	shuffleParams(p, 5)
	return p
}

// Each row is what the state patterns retrieve from the bag, side by side: alone, in a batch, among bags of other lengths.
func TestPooling(t *testing.T) {
	for name, c := range map[string]PoolingConfig{
		"one":           {Config: Config{Input: 4}},
		"heads":         {Config: Config{Input: 5, Stored: 4, Hidden: 3, Heads: 2, Output: 3, Steps: 2}, Quantity: 3},
		"extras":        {Config: Config{Input: 4, BiasPattern: true, NullPattern: true, NoOutput: true}, Quantity: 2},
		"static states": {Config: Config{Hidden: 3, Stored: 4, Heads: 2, StateStatic: true, Output: 2}, Quantity: 2},
	} {
		for _, dt := range dtypes {
			p := poolingOf(c, dt)
			o := plainOf(&p.associator)
			states := splitIn(o.params["state_patterns"], p.plan.Input)
			x := normals(8, 3*4*4)
			for i := range x {
				x[i] = float64(float32(x[i]))
			}
			var want []float64
			for n := range 3 {
				bag := splitIn(x[n*16:(n+1)*16], 4)
				want = append(want, o.bag(bag, states, bag, oracleMask{}).flat()...)
			}
			width := len(want) / 3
			graphtest.Run(t, tolerances[dt], func(g *G.ExprGraph) G.Nodes {
				return G.Nodes{must(p.Forward(given(g, "x", dt, x, 3, 4, 4)))}
			}, graphtest.Tensor(dt, want, 3, width))

			// Alone, and in rows of bags of other lengths, it has the same bits.
			g := G.NewGraph()
			all := must(p.Forward(given(g, "x", dt, x, 3, 4, 4)))
			alone := must(p.Forward(given(g, "second", dt, x[16:32], 4, 4)))
			rows, pooled, err := p.ForwardBags(given(g, "rows", dt, x[:4*7], 7, 4), given(g, "lengths", dt, []float64{4, 0, 3}, 3))
			require.NoError(t, err)
			require.True(t, pooled)
			third := must(p.Forward(given(g, "third", dt, x[16:28], 3, 4)))
			values := graphtest.Value(t, all, alone, rows, third)
			require.Equal(t, values[0][width:2*width], values[1], name)
			require.Equal(t, values[0][:width], values[2][:width], name)
			require.Equal(t, values[3], values[2][2*width:], name)
			require.Equal(t, tensor.Shape{3, width}, rows.Shape())

			// The empty bag: nothing but what the layer adds.
			require.InDeltaSlice(t, o.bag(nil, states, nil, oracleMask{}).flat(), values[2][width:2*width], 2e-5, name)
		}
	}
}

// Values of their own, and masks of what is padded.
func TestPool(t *testing.T) {
	p := poolingOf(PoolingConfig{Config: Config{Input: 4, Stored: 3, Projection: 2, Hidden: 2, Heads: 2}, Quantity: 2}, tensor.Float64)
	g := G.NewGraph()
	stored, projection := random(g, "stored", tensor.Float64, 1, 2, 5, 3), random(g, "projection", tensor.Float64, 2, 2, 5, 2)
	padding := given(g, "padding", tensor.Float64, []float64{0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, 2, 5)
	pick := func(n *G.Node) []float64 { return n.Value().Data().([]float64)[:8*n.Shape()[2]] }
	ragged := must(p.PoolBags(given(g, "ragged stored", tensor.Float64, pick(stored), 8, 3), given(g, "ragged projection", tensor.Float64, pick(projection), 8, 2),
		given(g, "lengths", tensor.Float64, []float64{5, 3}, 2), Masks{}))
	masked := must(p.Pool(stored, projection, Masks{Padding: padding}))
	w := must(p.Association(stored, Masks{Padding: padding}))
	e := must(p.Energy(stored, Masks{Padding: padding}))
	values := graphtest.Value(t, masked, ragged, w, e)
	require.InDeltaSlice(t, values[0], values[1], 1e-13)
	require.Equal(t, tensor.Shape{4, 2, 5}, w.Shape())
	require.Equal(t, tensor.Shape{4, 2}, e.Shape())
	for i := range 4 {
		require.Equal(t, i < 2, values[2][10*i+4] > 0, "the last pattern of bag 1 is padding")
	}
}

func TestFrozenStatePatterns(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		p := must(NewPooling("p", PoolingConfig{Config: Config{Input: 4}, Frozen: frozen}))
		require.Equal(t, !frozen, p.Param("state_patterns").Learned())
		require.Equal(t, frozen, p.Config().Frozen)
		g := G.NewGraph()
		must(p.Forward(random(g, "x", tensor.Float32, 1, 2, 3, 4)))
		nodes := layers.Learnables(g, p)
		require.Equal(t, !frozen, nodes[len(nodes)-1].Name() == "p.state_patterns")
	}
}

// A chain of layers for bags: instances first, then the pool, then what reads it out.
func TestPoolingInAChain(t *testing.T) {
	chain := must(layers.NewSequential("chain", must(layers.NewLinear("in", layers.LinearConfig{In: 3, Out: 4})), layers.ReLU(),
		must(NewPooling("pool", PoolingConfig{Config: Config{Input: 4}, Quantity: 2})), must(layers.NewLinear("out", layers.LinearConfig{In: 8, Out: 1}))))
	g := G.NewGraph()
	y, pooled, err := chain.ForwardBags(random(g, "x", tensor.Float32, 1, 6, 3), given(g, "lengths", tensor.Float32, []float64{4, 0, 2}, 3))
	require.NoError(t, err)
	require.True(t, pooled)
	require.Equal(t, tensor.Shape{3, 1}, y.Shape())
	whole := must(chain.Forward(random(g, "batch", tensor.Float32, 1, 2, 5, 3)))
	require.Equal(t, tensor.Shape{2, 1}, whole.Shape())
	graphtest.Value(t, y, whole)
}
