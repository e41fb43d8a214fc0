package modernhopfield

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

// What the reference implementation, hflayers 1.0.2, does wrong, and these layers must not. Each test computes the reference's result
// too, where it has one, and wants another.

// The reference multiplies column j of the projected states by beta[j mod H], while head h owns the columns hD to hD+D−1.
func TestBetaIsOfItsHead(t *testing.T) {
	const heads, depth = 2, 3
	betas := []float64{0.4, 2.5}
	h := layerOf(Config{Input: 4, Hidden: depth, Heads: heads, Betas: betas, NoOutput: true, Steps: 2}, tensor.Float64)
	require.NoError(t, h.Param("beta").Set(betas))
	x := normals(1, 3*4)
	g := G.NewGraph()
	got := graphtest.Value(t, must(h.Forward(given(g, "x", tensor.Float64, x, 3, 4))))[0]
	patterns := splitIn(x, 4)
	o := plainOf(&h.associator)
	require.InDeltaSlice(t, o.bag(patterns, patterns, patterns, oracleMask{}).flat(), got, 1e-12)

	// By features, in the first association, which is where the reference still runs when D is no multiple of H.
	one := layerOf(Config{Input: 4, Hidden: depth, Heads: heads, Betas: betas, NoOutput: true}, tensor.Float64)
	require.NoError(t, one.Param("beta").Set(betas))
	o = plainOf(&one.associator)
	keys, values := o.memory(patterns, patterns)
	var wrong []float64
	for _, x := range patterns {
		q := append([]float64(nil), o.query(x)...)
		for j := range q {
			q[j] *= betas[j%heads]
		}
		for h := range heads {
			var z []float64
			for _, k := range keys {
				z = append(z, similarity(energy.Dot, head(q, h, heads), head(k, h, heads)))
			}
			wrong = append(wrong, average(separate(energy.Softmax().Rule(), z), values, h, heads)...)
		}
	}
	differs(t, wrong, graphtest.Value(t, must(one.Forward(given(G.NewGraph(), "x", tensor.Float64, x, 3, 4))))[0])
}

// differs wants two results that are not the same, by more than rounding.
func differs(t *testing.T, x, y []float64) {
	t.Helper()
	require.Len(t, y, len(x))
	worst := 0.0
	for i := range x {
		worst = max(worst, math.Abs(x[i]-y[i]))
	}
	require.Greater(t, worst, 1e-3)
}

// The reference lays static patterns out head by head (r·N + n), and projected ones bag by bag (n·H + h), and pairs them so.
func TestStaticPatternsStayInTheirBags(t *testing.T) {
	const heads, bagsOf, width = 2, 2, 3
	h := layerOf(Config{Input: 4, Hidden: width, Heads: heads, StoredStatic: true, NoOutput: true, Projection: 4}, tensor.Float64)
	stored, x := normals(1, bagsOf*4*width), normals(2, bagsOf*4*4)
	g := G.NewGraph()
	states := given(g, "x", tensor.Float64, x, bagsOf, 4, 4)
	got := graphtest.Value(t, must(h.Associate(given(g, "stored", tensor.Float64, stored, bagsOf, 4, width), states, states, Masks{})))[0]
	o := plainOf(&h.associator)
	var want, wrong []float64
	for n := range bagsOf {
		in := splitIn(x[n*16:(n+1)*16], 4)
		want = append(want, o.bag(splitIn(stored[n*12:(n+1)*12], width), in, in, oracleMask{}).flat()...)
		var mixed rows // head h of bag n gets what stands at n·H + h of the other layout
		for s := range 4 {
			var key []float64
			for h := range heads {
				from := (n*heads + h) % bagsOf
				key = append(key, stored[from*12+s*width:from*12+(s+1)*width]...)
			}
			mixed = append(mixed, key)
		}
		values := rows{}
		for _, z := range in {
			values = append(values, o.value(z))
		}
		for i, x := range in {
			q := o.query(x)
			for h := range heads {
				wrong = append(wrong, average(o.weights(h, i, 4, head(q, h, heads), mixed, oracleMask{}), values, h, heads)...)
			}
		}
	}
	require.InDeltaSlice(t, want, got, 1e-12)
	differs(t, wrong, got)
}

// The reference makes the parameters of a bias pattern and never appends it; with one static input it raises.
func TestBiasPatternIsStored(t *testing.T) {
	for name, c := range map[string]Config{
		"projected": {Input: 4, Hidden: 3, Pattern: 2, Heads: 2, BiasPattern: true}, "stored static": {Input: 4, Hidden: 3, Heads: 2, StoredStatic: true, Projection: 4, BiasPattern: true},
		"values static": {Input: 4, Hidden: 3, Heads: 2, ProjectionStatic: true, BiasPattern: true},
	} {
		h := layerOf(c, tensor.Float64)
		p := h.plan
		require.Equal(t, tensor.Shape{2 * p.Hidden}, h.Param("bias_stored").Value().Shape())
		require.Equal(t, tensor.Shape{2 * p.Pattern}, h.Param("bias_value").Value().Shape(), "not the width of the keys")
		g := G.NewGraph()
		stored, x := random(g, "stored", tensor.Float64, 1, 2, 5, p.Stored), random(g, "x", tensor.Float64, 2, 2, 3, 4)
		projection := random(g, "projection", tensor.Float64, 3, 2, 5, p.Projection)
		w := must(h.Association(stored, x, Masks{}))
		y := must(h.Associate(stored, x, projection, Masks{}))
		require.Equal(t, tensor.Shape{4, 3, 6}, w.Shape())
		values := graphtest.Value(t, w, y)
		for i := 5; i < len(values[0]); i += 6 {
			require.Greater(t, values[0][i], 1e-4, name)
		}
		slopes := graphtest.Value(t, must(G.Grad(must(G.Sum(y)), must(h.Param("bias_stored").Node(g)), must(h.Param("bias_value").Node(g))))...)
		require.NotZero(t, slopes[0][0], "%s: no dead parameter", name)
		require.NotZero(t, slopes[1][0], "%s: no dead parameter", name)
		c.BiasPattern = false
		without := layerOf(c, tensor.Float64)
		for _, q := range without.Params() {
			require.NoError(t, q.Set(h.Param(q.Name()[2:]).Float64s()))
		}
		g = G.NewGraph()
		differs(t, graphtest.Value(t, must(without.Associate(random(g, "stored", tensor.Float64, 1, 2, 5, p.Stored), random(g, "x", tensor.Float64, 2, 2, 3, 4),
			random(g, "projection", tensor.Float64, 3, 2, 5, p.Projection), Masks{})))[0], values[1])
	}
}

// The reference cannot learn β, since it takes nothing but a float or a plain tensor for it.
func TestBetaIsLearned(t *testing.T) {
	h := layerOf(Config{Input: 4, Heads: 2, LearnBeta: true, Betas: []float64{0.5, 2}}, tensor.Float64)
	require.NoError(t, h.Param("log_beta").Set([]float64{math.Log(0.5), math.Log(2)}))
	g := G.NewGraph()
	x := random(g, "x", tensor.Float64, 1, 2, 3, 4)
	cost := must(G.Sum(must(G.HadamardProd(must(h.Forward(x)), random(g, "c", tensor.Float64, 2, 2, 3, 4)))))
	require.Contains(t, layers.Wrt(cost, h), must(h.Param("log_beta").Node(g)))
	slopes := graphtest.Value(t, must(G.Grad(cost, must(h.Param("log_beta").Node(g))))...)[0]
	require.NotZero(t, slopes[0])
	require.NotZero(t, slopes[1])

	// A fixed β is the very number, and no learnable.
	fixed := must(NewHopfield("f", Config{Input: 4, Beta: 0.1, Dtype: tensor.Float64}))
	require.Equal(t, []float64{0.1}, fixed.Param("beta").Float64s())
	must(fixed.Forward(x))
	require.NotContains(t, layers.Learnables(g, fixed), must(fixed.Param("beta").Node(g)))
}

// With batch_first=False the reference's pooling gives (quantity, N·O): it flattens the axis of the batch.
func TestPoolingKeepsTheBatch(t *testing.T) {
	p := must(NewPooling("p", PoolingConfig{Config: Config{Input: 4, Output: 3}, Quantity: 5}))
	y := must(p.Forward(random(G.NewGraph(), "x", tensor.Float32, 1, 2, 6, 4)))
	require.Equal(t, tensor.Shape{2, 15}, y.Shape())
}

// Masks of bytes stop the reference with a NameError. Here every number that is not 0 forbids, and a mask has the layer's dtype.
func TestMasksOfAnyNumber(t *testing.T) {
	h := layerOf(Config{Input: 4}, tensor.Float64)
	var first []float64
	for i, one := range []float64{1, 255, -1, 0.5} {
		g := G.NewGraph()
		x := random(g, "x", tensor.Float64, 1, 2, 3, 4)
		mask := given(g, "mask", tensor.Float64, []float64{0, one, one, 0, 0, one, 0, 0, 0}, 3, 3)
		got := graphtest.Value(t, must(h.Associate(x, x, x, Masks{Forbidden: mask})))[0]
		if i == 0 {
			first = got
		}
		require.Equal(t, first, got)
	}
	g := G.NewGraph()
	x := random(g, "x", tensor.Float64, 1, 2, 3, 4)
	_, err := h.Associate(x, x, x, Masks{Forbidden: graphtest.Input(g, "bytes", tensor.New(tensor.Of(tensor.Uint8), tensor.WithShape(3, 3)))})
	require.ErrorIs(t, err, energy.ErrDtype)
}

// The reference's normalize_hopfield_space and the decoder's output_size raise.
func TestConfigurationsCanBeRead(t *testing.T) {
	require.Equal(t, PlainNorm, must(NewHopfield("h", Config{Input: 4, SpaceNorm: PlainNorm})).Config().SpaceNorm)
	d := must(NewDecoder("d", DecoderConfig{Self: Config{Input: 4}, Cross: Config{Input: 4, Stored: 3, Output: 4}}))
	require.Equal(t, 4, d.Config().Cross.Output)
}

// The reference chooses its projections by whether three tensors hold equal numbers, which it compares at every call.
func TestTheGraphDoesNotDependOnNumbers(t *testing.T) {
	for _, dt := range dtypes {
		h := layerOf(Config{Input: 4, Heads: 2}, dt)
		g := G.NewGraph()
		x := random(g, "x", dt, 1, 2, 3, 4)
		same := graphtest.Value(t, must(h.Forward(x)))[0]
		other := graphtest.Value(t, must(h.Associate(random(g, "stored", dt, 1, 2, 3, 4), x, random(g, "projection", dt, 1, 2, 3, 4), Masks{})))[0]
		require.Equal(t, same, other, "equal numbers in nodes of their own")
	}
}

// The reference goes on multiplying the states of heads that have stopped by β, until they overflow.
func TestStoppedHeadsStayAsTheyAre(t *testing.T) {
	h := must(NewHopfield("h", Config{Input: 2, Hidden: 2, Heads: 2, Betas: []float64{1e4, 0.5}, HeadTolerances: []float64{1e-3, 1e-7}, HeadSteps: []int{200, -1},
		StoredNorm: NoNorm, StateNorm: NoNorm, ProjectionNorm: NoNorm}))
	shuffleParams(h, 1)
	require.NoError(t, h.Param("beta").Set([]float64{1e4, 0.5}))
	x := random(G.NewGraph(), "x", tensor.Float32, 1, 2, 3, 2)
	y := must(h.Forward(x))
	values := graphtest.Value(t, append(G.Nodes{y}, must(G.Grad(must(G.Sum(y)), x))...)...)
	for _, all := range values {
		for _, v := range all {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
		}
	}
}

// The reference gives NaN for a row in which everything is masked (TestNothingLeft), takes no masks for the associations of encoders and
// decoders, and takes a name that it does not know for no activation (TestConfigRefuses).
func TestBlocksTakeMasks(t *testing.T) {
	e := must(NewEncoder("e", EncoderConfig{Association: Config{Input: 4, Heads: 2}, Feedforward: 3}))
	d := must(NewDecoder("d", DecoderConfig{Self: Config{Input: 4}, Cross: Config{Input: 4, Heads: 2}, Feedforward: 3}))
	shuffleParams(e, 1)
	shuffleParams(d, 1)
	g := G.NewGraph()
	x := random(g, "x", tensor.Float32, 1, 2, 3, 4)
	causal := Masks{Forbidden: given(g, "causal", tensor.Float32, []float64{0, 1, 1, 0, 0, 1, 0, 0, 0}, 3, 3)}
	w := []*G.Node{must(e.Association(x, causal)), must(d.SelfAssociation(x, causal)), must(d.CrossAssociation(x, x, Masks{}, causal))}
	for i, all := range graphtest.Value(t, w...) {
		require.Equal(t, tensor.Shape{[]int{4, 2, 4}[i], 3, 3}, w[i].Shape())
		for n := range len(all) / 9 {
			for l := range 3 {
				for s := range 3 {
					require.Equal(t, s <= l, all[9*n+3*l+s] > 0, fmt.Sprint(i, n, l, s))
				}
			}
		}
	}
}

// The gradient through updates: under PyTorch before 2.1 the reference's is wrong where it should flow to keys (golden_scrambled_test.go).
func TestGradientsOfUpdatesAreInTheirPlaces(t *testing.T) {
	scrambledDiffers := 0
	for _, c := range readGolden(t, "testdata/hopfield_layers.json") {
		layer, mapped := c.layer(t)
		if c.Cotangent == nil || core(layer).plan.updates == nil {
			continue
		}
		require.Error(t, c.compareGradients(t, layer, mapped, c.build))
		require.NoError(t, c.compareGradients(t, layer, mapped, c.scrambled))
		scrambledDiffers++
	}
	require.Equal(t, 4, scrambledDiffers)
}

// A copy of a block shares nothing with it, whatever its name; the reference copies the modules that it is given.
func TestBlocksShareNothing(t *testing.T) {
	config := EncoderConfig{Association: Config{Input: 4}, Feedforward: 3}
	one, two := must(NewEncoder("one", config)), must(NewEncoder("two", config))
	g := G.NewGraph()
	x := random(g, "x", tensor.Float32, 1, 2, 3, 4)
	both := must(two.Forward(must(one.Forward(x))))
	require.Len(t, layers.Learnables(g, one, two), 2*len(layers.Learnables(g, one)))
	before := graphtest.Value(t, both)[0]
	require.NoError(t, one.Param("W_expand").Set(make([]float64, 12)))
	require.NotEqual(t, before, graphtest.Value(t, both)[0])
	require.NotEqual(t, one.Param("W_expand").Float64s(), two.Param("W_expand").Float64s())
}
