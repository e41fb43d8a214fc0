package modernhopfield

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// settings are configurations that together use every field, in widths that differ.
func settings() map[string]Config {
	cross := Config{Input: 6, Stored: 5, Projection: 4, Hidden: 3, Pattern: 2, Output: 7, Heads: 3, Betas: []float64{0.5, 1.3, 2.7}}
	all := map[string]Config{
		"default":      {Input: 6},
		"cross":        cross,
		"heads":        {Input: 6, Heads: 2, Steps: 2},
		"plain norms":  {Input: 6, StoredNorm: PlainNorm, StateNorm: PlainNorm, ProjectionNorm: PlainNorm, SpaceNorm: PlainNorm, StoredEpsilon: 0.1, SpaceEpsilon: 0.2},
		"no norms":     {Input: 6, StoredNorm: NoNorm, StateNorm: NoNorm, ProjectionNorm: NoNorm},
		"connected":    {Input: 6, Hidden: 3, Pattern: 4, Heads: 2, ProjectionConnected: true},
		"static":       {Hidden: 3, Heads: 2, Betas: []float64{0.7, 1.9}, StoredStatic: true, StateStatic: true, ProjectionStatic: true, NoOutput: true, Steps: 1},
		"retrieval":    RetrievalConfig(1.5, 2),
		"stored only":  {Input: 6, Hidden: 3, Heads: 2, StoredStatic: true},
		"states only":  {Hidden: 3, Heads: 2, StateStatic: true, Stored: 5, Output: 4},
		"values only":  {Input: 6, Heads: 2, Projection: 4, ProjectionStatic: true},
		"static norms": {Hidden: 3, StoredStatic: true, StateStatic: true, StoredNorm: AffineNorm, StateNorm: AffineNorm, ProjectionStatic: true, ProjectionNorm: PlainNorm},
	}
	for name, change := range map[string]func(c *Config){
		"connected static": func(c *Config) { c.Projection, c.Pattern, c.ProjectionConnected, c.ProjectionStatic = 5, 0, true, true },
		"learned beta":     func(c *Config) { c.LearnBeta = true },
		"one beta":         func(c *Config) { c.Betas, c.Beta = nil, 0.8 },
		"steps":            func(c *Config) { c.Steps = 3 },
		"tolerance":        func(c *Config) { c.Steps, c.Tolerance = 4, 0.3 },
		"until settled":    func(c *Config) { c.Tolerance = 1e-6 },
		"space norm":       func(c *Config) { c.SpaceNorm, c.Steps = AffineNorm, 1 },
		"epsilons":         func(c *Config) { c.StateEpsilon, c.ProjectionEpsilon = 0.3, 0.4 },
		"no bias":          func(c *Config) { c.NoBias = true },
		"no output":        func(c *Config) { c.NoOutput, c.Output = true, 0 },
		"bias pattern":     func(c *Config) { c.BiasPattern, c.Steps = true, 1 },
		"null pattern":     func(c *Config) { c.NullPattern, c.Steps = true, 1 },
		"bias and null":    func(c *Config) { c.BiasPattern, c.NullPattern, c.NoBias = true, true, true },
		"relu":             func(c *Config) { c.Activation = "relu" },
		"tanh":             func(c *Config) { c.Activation = "tanh" },
		"sigmoid":          func(c *Config) { c.Activation = "sigmoid" },
		"softplus":         func(c *Config) { c.Activation = "softplus" },
		"sparsemax":        func(c *Config) { c.Separation = energy.Sparsemax() },
		"entmax":           func(c *Config) { c.Separation, c.Steps = energy.Entmax(1.5), 1 },
		"learned entmax":   func(c *Config) { c.Separation, c.Steps = energy.LearnedEntmax(1.7), 1 },
		"normmax":          func(c *Config) { c.Separation = energy.Normmax(1.5) },
		"top k":            func(c *Config) { c.Separation = energy.TopK(2) },
		"subsets":          func(c *Config) { c.Separation = energy.Subsets(2) },
		"cosine":           func(c *Config) { c.Similarity, c.Steps = energy.Cosine, 1 },
		"euclidean":        func(c *Config) { c.Similarity, c.Steps = energy.Euclidean, 1 },
		"manhattan":        func(c *Config) { c.Similarity, c.Steps = energy.Manhattan, 1 },
		"everything is odd": func(c *Config) {
			c.Separation, c.Similarity, c.BiasPattern = energy.Entmax(1.3), energy.Euclidean, true
		},
	} {
		c := cross
		change(&c)
		all[name] = c
	}
	return all
}

// sizes of the bags in these tests: N bags of L states and S stored patterns.
const bagCount, stateCount, storedCount = 2, 3, 4

// inputs are stored patterns, states and projections for a configuration.
func inputs(c Config, seed uint64) (widths [3]int, x [3][]float64) {
	p := must(c.resolve(tensor.Float64))
	widths = [3]int{or(p.Stored, 6), or(p.Input, 6), or(p.Projection, 6)}
	for i, n := range [3]int{storedCount, stateCount, storedCount} {
		x[i] = normals(seed+uint64(i), bagCount*n*widths[i])
		for k := range x[i] {
			x[i][k] = float64(float32(x[i][k])) // the same in both dtypes
		}
	}
	return widths, x
}

// maskings are masks as numbers, in the shapes that a graph takes; nil for none.
type masking struct {
	padding, forbidden, added []float64
	perHead                   bool
}

func maskings(heads int) map[string]masking {
	padding := []float64{0, 1, 0, 0, 0, 0, -1, 0.5} // bag 0 has lost pattern 1, bag 1 has lost 2 and 3
	forbidden := []float64{0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 1}
	added := normals(90, stateCount*storedCount)
	var each, addedEach []float64
	for i := range bagCount * heads {
		for j := range stateCount * storedCount {
			each = append(each, float64((i+j*j)%3/2)) // no row is all 1
		}
		addedEach = append(addedEach, normals(uint64(100+i), stateCount*storedCount)...)
	}
	return map[string]masking{
		"none": {}, "padding": {padding: padding}, "forbidden": {forbidden: forbidden}, "added": {added: added},
		"forbidden of heads": {forbidden: each, perHead: true}, "added to heads": {added: addedEach, perHead: true},
		"all": {padding: padding, forbidden: forbidden, added: added},
	}
}

func (m masking) nodes(g *G.ExprGraph, dt tensor.Dtype, heads int) (masks Masks) {
	shape := []int{stateCount, storedCount}
	if m.perHead {
		shape = []int{bagCount * heads, stateCount, storedCount}
	}
	if m.padding != nil {
		masks.Padding = given(g, "padding", dt, m.padding, bagCount, storedCount)
	}
	if m.forbidden != nil {
		masks.Forbidden = given(g, "forbidden", dt, m.forbidden, shape...)
	}
	if m.added != nil {
		masks.Added = given(g, "added", dt, m.added, shape...)
	}
	return masks
}

// of is the mask of a bag.
func (m masking) of(bag, heads int) oracleMask {
	at := func(x []float64, h, l, s int) float64 {
		if m.perHead {
			return x[((bag*heads+h)*stateCount+l)*storedCount+s]
		}
		return x[l*storedCount+s]
	}
	return oracleMask{
		hidden: func(h, l, s int) bool {
			return m.padding != nil && m.padding[bag*storedCount+s] != 0 || m.forbidden != nil && at(m.forbidden, h, l, s) != 0
		},
		added: func(h, l, s int) float64 {
			if m.added == nil {
				return 0
			}
			return at(m.added, h, l, s)
		},
	}
}

// layerOf is a layer with parameters that are nowhere 0 and the same in both dtypes.
func layerOf(c Config, dt tensor.Dtype) *Hopfield {
	c.Dtype = dt
	h := must(NewHopfield("h", c))
	shuffleParams(h, 3)
	return h
}

// sized is the plan of a layer with the widths of its inputs filled in, where it takes any.
func (o plainLayer) sized(widths [3]int) plainLayer {
	o.plan.Hidden, o.plan.Pattern = or(o.plan.Hidden, widths[1]), or(o.plan.Pattern, widths[2])
	return o
}

var tolerances = map[tensor.Dtype]float64{tensor.Float64: 1e-11, tensor.Float32: 3e-5}

// Every setting, behind every mask, is what plain loops give, on all machines and in both dtypes.
func TestAgainstOracle(t *testing.T) {
	for name, c := range settings() {
		for _, dt := range dtypes {
			if dt == tensor.Float32 && c.Tolerance > 0 && c.Steps == 0 {
				continue // a tolerance that float32 does not reach
			}
			h := layerOf(c, dt)
			heads := h.plan.Heads
			widths, x := inputs(c, 20)
			o := plainOf(&h.associator).sized(widths)
			for masked, m := range maskings(heads) {
				t.Run(fmt.Sprintf("%s/%v/%s", name, dt, masked), func(t *testing.T) {
					var want []float64
					for n := range bagCount {
						want = append(want, o.bag(bagOf(x[0], widths[0], n), bagOf(x[1], widths[1], n), bagOf(x[2], widths[2], n), m.of(n, heads)).flat()...)
					}
					graphtest.Run(t, tolerances[dt], func(g *G.ExprGraph) G.Nodes {
						in := nodesOf(g, dt, widths, x)
						return G.Nodes{must(h.Associate(in[0], in[1], in[2], m.nodes(g, dt, heads)))}
					}, graphtest.Tensor(dt, want, bagCount, stateCount, len(want)/bagCount/stateCount))
				})
			}
		}
	}
}

// bagOf is the patterns of bag n out of those of all bags, of a width.
func bagOf(x []float64, width, n int) rows {
	size := len(x) / bagCount
	return splitIn(x[n*size:(n+1)*size], width)
}

func nodesOf(g *G.ExprGraph, dt tensor.Dtype, widths [3]int, x [3][]float64) (in []*G.Node) {
	for i, n := range [3]int{storedCount, stateCount, storedCount} {
		in = append(in, given(g, []string{"stored", "states", "projection"}[i], dt, x[i], bagCount, n, widths[i]))
	}
	return in
}

// The association matrix has the oracle's weights, with the patterns that the layer adds at the end.
func TestAssociationMatrix(t *testing.T) {
	for name, c := range settings() {
		h := layerOf(c, tensor.Float64)
		heads := h.plan.Heads
		widths, x := inputs(c, 20)
		o := plainOf(&h.associator).sized(widths)
		m := maskings(heads)["all"]
		var want []float64
		for n := range bagCount {
			states := bagOf(x[1], widths[1], n)
			keys, _ := o.memory(bagOf(x[0], widths[0], n), bagOf(x[2], widths[2], n))
			settled := o.settled(storedCount, states, keys, m.of(n, heads))
			for h := range heads {
				for i := range states {
					want = append(want, o.weights(h, i, storedCount, settled[i][h], keys, m.of(n, heads))...)
				}
			}
		}
		g := G.NewGraph()
		in := nodesOf(g, tensor.Float64, widths, x)
		w := must(h.Association(in[0], in[1], m.nodes(g, tensor.Float64, heads)))
		require.Equal(t, tensor.Shape{bagCount * heads, stateCount, storedCount + h.extra()}, w.Shape(), name)
		require.InDeltaSlice(t, want, graphtest.Value(t, w)[0], 1e-10, name)
		for i := 0; i < len(want); i += storedCount + h.extra() {
			total := 0.0
			for _, p := range want[i : i+storedCount+h.extra()] {
				total += p
			}
			if c.Separation != energy.Subsets(2) { // which gives all of fewer patterns than it wants weight 1
				require.InDelta(t, 1, total, 1e-9, name)
			}
		}
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Values are the oracle's, without the patterns that the layer adds.
func TestValues(t *testing.T) {
	for name, c := range settings() {
		h := layerOf(c, tensor.Float64)
		widths, x := inputs(c, 20)
		o := plainOf(&h.associator).sized(widths)
		var want rows
		for _, z := range splitIn(x[2], widths[2]) {
			want = append(want, o.value(z))
		}
		g := G.NewGraph()
		v := must(h.Values(nodesOf(g, tensor.Float64, widths, x)[2]))
		require.Equal(t, tensor.Shape{bagCount, storedCount, len(want[0])}, v.Shape(), name)
		require.InDeltaSlice(t, want.flat(), graphtest.Value(t, v)[0], 1e-12, name)
	}
}

// The masks of these tests leave every state something to see, so that they are no test of what happens otherwise.
func TestMasksLeaveSomething(t *testing.T) {
	for name, m := range maskings(3) {
		for n := range bagCount {
			for h := range 3 {
				for l := range stateCount {
					seen := 0
					for s := range storedCount {
						seen += boolean(!m.of(n, 3).hidden(h, l, s))
					}
					require.Positive(t, seen, name)
				}
			}
		}
		require.False(t, slices.ContainsFunc(m.added, math.IsNaN))
	}
}

// What is learned as a logarithm is read as what it stands for.
func TestBetasAndAlphas(t *testing.T) {
	h, err := NewHopfield("h", Config{Input: 4, Heads: 2, Betas: []float64{0.25, 3}})
	require.NoError(t, err)
	require.Equal(t, []float64{0.25, 3}, h.Betas())
	require.Nil(t, h.Alphas())
	p, err := NewPooling("p", PoolingConfig{
		Config: Config{Input: 4, Heads: 2, Beta: 2, LearnBeta: true, Separation: energy.LearnedEntmax(1.75)}})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{2, 2}, p.Betas(), 1e-6)
	require.InDeltaSlice(t, []float64{1.75, 1.75}, p.Alphas(), 1e-6)
	e, err := NewEncoder("e", EncoderConfig{Association: Config{Input: 4, Beta: 0.5}})
	require.NoError(t, err)
	require.Equal(t, []float64{0.5}, e.Betas())
}
