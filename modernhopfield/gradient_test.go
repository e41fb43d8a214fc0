package modernhopfield

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// gradientCase checks the gradients of a layer's output, summed with fixed coefficients, with regard to its inputs and to every
// learned parameter, by central differences.
type gradientCase struct {
	layer  func(dt tensor.Dtype) layers.Layer
	inputs []tensor.Shape
	build  func(l layers.Layer, in []*G.Node) (*G.Node, error)
	still  []string // learned parameters that the output does not depend on
	fixed  []int    // inputs that get no gradient
}

// graph is the cost with what it is differentiated by.
func (c gradientCase) graph(t *testing.T, dt tensor.Dtype) (cost *G.Node, wrt G.Nodes) {
	g := G.NewGraph()
	var in []*G.Node
	for i, s := range c.inputs {
		in = append(in, random(g, fmt.Sprintf("in%d", i), dt, uint64(40+i), s...))
	}
	y, err := c.build(c.layer(dt), in)
	require.NoError(t, err)
	cost = must(G.Sum(must(G.HadamardProd(y, random(g, "coefficients", dt, 50, y.Shape()...)))))
	for i, n := range in {
		if !containsInt(c.fixed, i) {
			wrt = append(wrt, n)
		}
	}
	return cost, wrt
}

func containsInt(all []int, x int) bool {
	for _, y := range all {
		if x == y {
			return true
		}
	}
	return false
}

func (c gradientCase) check(t *testing.T) {
	analytic := map[tensor.Dtype][][]float64{}
	var wrt G.Nodes
	var cost *G.Node
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		layer := c.layer(dt)
		cost, wrt = c.graph(t, dt)
		wrt = append(wrt, layers.Wrt(cost, layer)...)
		var reached []string
		for _, n := range wrt {
			reached = append(reached, n.Name())
		}
		for _, p := range layer.Params() {
			short := strings.TrimPrefix(p.Name(), layer.Name()+".")
			require.Equal(t, p.Learned() && !containsString(c.still, short), containsString(reached, p.Name()), "%s is reached", short)
		}
		grads, err := G.Grad(cost, wrt...)
		require.NoError(t, err)
		analytic[dt] = graphtest.Value(t, grads...)
	}
	vm, err := machine.New(cost.Graph(), machine.Config{Outputs: G.Nodes{cost}})
	require.NoError(t, err)
	defer vm.Close()
	value := func() float64 {
		require.NoError(t, vm.RunAll())
		return vm.Value(cost).Data().(float64)
	}
	const step = 1e-6
	for k, n := range wrt {
		x := n.Value().Data().([]float64)
		for i, at := range x {
			x[i] = at + step
			up := value()
			x[i] = at - step
			down := value()
			x[i] = at
			want := (up - down) / 2 / step
			size := max(1, math.Abs(want))
			require.InDelta(t, want, analytic[tensor.Float64][k][i], 2e-6*size, "%s at %d", n.Name(), i)
			require.InDelta(t, want, analytic[tensor.Float32][k][i], 5e-4*size, "%s at %d in float32", n.Name(), i)
		}
	}
}

func containsString(all []string, x string) bool {
	for _, y := range all {
		if x == y {
			return true
		}
	}
	return false
}

// shared is a layer that is made once for each dtype.
func shared(make func(dt tensor.Dtype) layers.Layer) func(dt tensor.Dtype) layers.Layer {
	made := map[tensor.Dtype]layers.Layer{}
	return func(dt tensor.Dtype) layers.Layer {
		if made[dt] == nil {
			made[dt] = make(dt)
			shuffleParams(made[dt], 3)
		}
		return made[dt]
	}
}

func TestGradients(t *testing.T) {
	for name, config := range settings() {
		layer := shared(func(dt tensor.Dtype) layers.Layer {
			config.Dtype = dt
			return must(NewHopfield("h", config))
		})
		heads := or(config.Heads, 1)
		widths, _ := inputs(config, 0)
		in := []tensor.Shape{{bagCount, storedCount, widths[0]}, {bagCount, stateCount, widths[1]}, {bagCount, storedCount, widths[2]}}
		for masked, m := range maskings(heads) {
			if masked != "none" && masked != "all" {
				continue
			}
			t.Run(name+"/"+masked, gradientCase{layer: layer, inputs: in, build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
				return l.(*Hopfield).Associate(in[0], in[1], in[2], m.nodes(in[0].Graph(), in[0].Dtype(), heads))
			}}.check)
		}
		if config.Similarity == energy.Cosine || config.Similarity == energy.Manhattan {
			continue
		}
		t.Run(name+"/energy", gradientCase{layer: layer, inputs: in[:2], still: []string{
			"projection_gain", "projection_bias", "W_value", "b_value", "W_output", "b_output", "bias_value", "log_excess",
		}, build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
			return l.(*Hopfield).Energy(in[0], in[1], Masks{})
		}}.check)
		t.Run(name+"/values", gradientCase{layer: layer, inputs: in[2:], still: []string{
			"stored_gain", "stored_bias", "state_gain", "state_bias", "space_gain", "space_bias", "W_query", "b_query", "W_output", "b_output", "log_beta",
			"bias_stored", "bias_value", "log_excess", map[bool]string{true: "", false: "W_stored"}[config.ProjectionConnected],
			map[bool]string{true: "", false: "b_stored"}[config.ProjectionConnected],
		}, build: func(l layers.Layer, in []*G.Node) (*G.Node, error) { return l.(*Hopfield).Values(in[0]) }}.check)
	}
}

func TestGradientsOfOtherLayers(t *testing.T) {
	c := Config{Input: 4, Stored: 3, Projection: 3, Hidden: 2, Output: 2, Heads: 2, Steps: 1, LearnBeta: true, Activation: "tanh"}
	with := func(change func(c *Config)) Config {
		d := c
		change(&d)
		return d
	}
	pooling := func(p PoolingConfig) func(dt tensor.Dtype) layers.Layer {
		return shared(func(dt tensor.Dtype) layers.Layer {
			p.Dtype = dt
			return must(NewPooling("p", p))
		})
	}
	lookup := func(l LookupConfig) func(dt tensor.Dtype) layers.Layer {
		return shared(func(dt tensor.Dtype) layers.Layer {
			l.Dtype = dt
			return must(NewLookup("l", l))
		})
	}
	lengths := func(in []*G.Node, x ...float64) *G.Node {
		return given(in[0].Graph(), "lengths", in[0].Dtype(), x, len(x))
	}
	bagged := func(x ...float64) func(l layers.Layer, in []*G.Node) (*G.Node, error) {
		return func(l layers.Layer, in []*G.Node) (*G.Node, error) {
			y, _, err := l.(layers.BagLayer).ForwardBags(in[0], lengths(in, x...))
			return y, err
		}
	}
	forward := func(l layers.Layer, in []*G.Node) (*G.Node, error) { return l.Forward(in[0]) }
	block := Config{Input: 4, Heads: 2, Steps: 1, LearnBeta: true}
	encoder := shared(func(dt tensor.Dtype) layers.Layer {
		block.Dtype = dt
		return must(NewEncoder("e", EncoderConfig{Association: block, Feedforward: 5, Activation: "tanh"}))
	})
	decoder := shared(func(dt tensor.Dtype) layers.Layer {
		block.Dtype = dt
		cross := block
		cross.Stored = 3
		return must(NewDecoder("d", DecoderConfig{Self: block, Cross: cross, Feedforward: 5, Activation: "softplus", Epsilon: 0.01}))
	})
	square := shared(func(dt tensor.Dtype) layers.Layer {
		block.Dtype = dt
		return must(NewHopfield("h", block))
	})
	for name, g := range map[string]gradientCase{
		"Hopfield.Forward":     {layer: square, inputs: []tensor.Shape{{2, 3, 4}}, build: forward},
		"Hopfield of one bag":  {layer: square, inputs: []tensor.Shape{{3, 4}}, build: forward},
		"Hopfield.ForwardBags": {layer: square, inputs: []tensor.Shape{{5, 4}}, build: bagged(2, 0, 3)},
		"Pooling":              {layer: pooling(PoolingConfig{Config: c, Quantity: 3}), inputs: []tensor.Shape{{2, 4, 3}}, build: forward},
		"Pooling of one bag":   {layer: pooling(PoolingConfig{Config: c, Quantity: 3}), inputs: []tensor.Shape{{4, 3}}, build: forward},
		"Pooling of bags":      {layer: pooling(PoolingConfig{Config: c, Quantity: 2}), inputs: []tensor.Shape{{5, 3}}, build: bagged(2, 0, 3)},
		"Pooling with extras": {layer: pooling(PoolingConfig{Config: with(func(c *Config) { c.BiasPattern, c.NullPattern = true, true })}),
			inputs: []tensor.Shape{{5, 3}}, build: bagged(0, 4, 1)},
		"Pooling, static states": {layer: pooling(PoolingConfig{Config: with(func(c *Config) { c.StateStatic, c.Input = true, 0 }), Quantity: 2}),
			inputs: []tensor.Shape{{2, 4, 3}}, build: forward},
		"Pooling of masked": {layer: pooling(PoolingConfig{Config: c, Quantity: 2}), inputs: []tensor.Shape{{2, 3, 3}, {2, 3, 3}},
			build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
				return l.(*Pooling).Pool(in[0], in[1], Masks{Padding: given(in[0].Graph(), "padding", in[0].Dtype(), []float64{0, 1, 0, 0, 0, 0}, 2, 3)})
			}},
		"Pooling.Energy": {layer: pooling(PoolingConfig{Config: c, Quantity: 2}), inputs: []tensor.Shape{{2, 3, 3}},
			still: []string{"projection_gain", "projection_bias", "W_value", "b_value", "W_output", "b_output"},
			build: func(l layers.Layer, in []*G.Node) (*G.Node, error) { return l.(*Pooling).Energy(in[0], Masks{}) }},
		"Lookup":            {layer: lookup(LookupConfig{Config: c, Quantity: 5}), inputs: []tensor.Shape{{2, 3, 4}}, build: forward},
		"Lookup of rows":    {layer: lookup(LookupConfig{Config: c, Quantity: 5}), inputs: []tensor.Shape{{3, 4}}, build: forward},
		"Lookup of bags":    {layer: lookup(LookupConfig{Config: c, Quantity: 5}), inputs: []tensor.Shape{{3, 4}}, build: bagged(1, 2)},
		"Lookup, separated": {layer: lookup(LookupConfig{Config: with(func(c *Config) { c.Projection = 5 }), Quantity: 3, Separated: true}), inputs: []tensor.Shape{{2, 3, 4}}, build: forward},
		"Lookup, masked": {layer: lookup(LookupConfig{Config: with(func(c *Config) { c.NullPattern = true }), Quantity: 3}), inputs: []tensor.Shape{{2, 2, 4}},
			build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
				return l.(*Lookup).Associate(in[0], Masks{Padding: given(in[0].Graph(), "padding", in[0].Dtype(), []float64{0, 1, 0, 0, 0, 1}, 2, 3)})
			}},
		"Lookup.Energy": {layer: lookup(LookupConfig{Config: c, Quantity: 5}), inputs: []tensor.Shape{{2, 3, 4}},
			still: []string{"projection_gain", "projection_bias", "W_value", "b_value", "W_output", "b_output"},
			build: func(l layers.Layer, in []*G.Node) (*G.Node, error) { return l.(*Lookup).Energy(in[0], Masks{}) }},
		"Encoder":         {layer: encoder, inputs: []tensor.Shape{{2, 3, 4}}, build: forward},
		"Encoder of bags": {layer: encoder, inputs: []tensor.Shape{{4, 4}}, build: bagged(3, 0, 1)},
		"Encoder, masked": {layer: encoder, inputs: []tensor.Shape{{2, 2, 4}}, build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
			return l.(*Encoder).Encode(in[0], Masks{Forbidden: given(in[0].Graph(), "causal", in[0].Dtype(), []float64{0, 1, 0, 0}, 2, 2)})
		}},
		"Decoder": {layer: decoder, inputs: []tensor.Shape{{2, 3, 4}, {2, 2, 3}}, build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
			return l.(*Decoder).Decode(in[0], in[1], Masks{}, Masks{})
		}},
	} {
		t.Run(name, g.check)
	}
}

// A check that lets a wrong gradient through would be worth nothing: here the gradient of one term is stopped.
func TestWrongGradientIsCaught(t *testing.T) {
	layer := shared(func(dt tensor.Dtype) layers.Layer { return must(NewHopfield("h", Config{Input: 3, Dtype: dt})) })
	for _, broken := range []bool{false, true} {
		c := gradientCase{layer: layer, inputs: []tensor.Shape{{2, 3}}, build: func(l layers.Layer, in []*G.Node) (*G.Node, error) {
			stored := in[0]
			if broken {
				stored = must(op.StopGradient(stored))
			}
			return l.(*Hopfield).Associate(stored, in[0], in[0], Masks{})
		}}
		cost, wrt := c.graph(t, tensor.Float64)
		got := graphtest.Value(t, must(G.Grad(cost, wrt...))...)[0][0]
		vm := must(machine.New(cost.Graph(), machine.Config{Outputs: G.Nodes{cost}}))
		x := wrt[0].Value().Data().([]float64)
		at, difference := x[0], 0.0
		for _, step := range []float64{1e-6, -1e-6} {
			x[0] = at + step
			require.NoError(t, vm.RunAll())
			difference += vm.Value(cost).Data().(float64) / step / 2
		}
		require.NoError(t, vm.Close())
		require.Equal(t, broken, math.Abs(difference-got) > 1e-5, "%g and %g", got, difference)
	}
}
