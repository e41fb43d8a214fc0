package layers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
)

// gradientCase checks the gradient of a layer's output, summed with fixed coefficients, by central differences.
type gradientCase struct {
	layer  func(dt tensor.Dtype) Layer // called for every graph; the same layer each time
	inputs []tensor.Shape              // of the nodes that build is given; gradients with regard to all of them are checked
	values []energy.Units              // whose range the inputs are moved into; nil for any numbers
	output tensor.Shape                // nil for a scalar
	build  func(l Layer, in []*G.Node) (*G.Node, error)
	reach  string // the short names of the parameters that the output depends on
	noisy  bool   // draws differ between the dtypes, so only float64 can be compared with differences, which are float64
}

func (c gradientCase) check(t *testing.T) {
	for _, dt := range dtypes {
		if c.noisy && dt != tensor.Float64 {
			continue
		}
		t.Run(dt.String(), func(t *testing.T) {
			var at []*tensor.Dense
			add := func(scale float64, s tensor.Shape) {
				x := normals(uint64(len(at)), s.TotalSize())
				for i := range x {
					x[i] *= scale
				}
				at = append(at, dense(tensor.Float64, s, x...))
			}
			var wrt []int
			for i, s := range c.inputs {
				add(1, s)
				if c.values != nil {
					at[i] = dense(tensor.Float64, s, within(c.values[i], at[i].Float64s())...)
				}
				wrt = append(wrt, i)
			}
			layer := c.layer(dt)
			reach := strings.Fields(c.reach)
			for i, p := range layer.Params() {
				add(0.5, p.shape)
				for _, name := range reach {
					if p.name == layer.Name()+"."+name || strings.Contains(name, ".") && p.name == name {
						wrt = append(wrt, len(c.inputs)+i)
					}
				}
			}
			require.Len(t, wrt, len(c.inputs)+len(reach), "every name of reach is a parameter's")
			last := len(at)
			if c.output != nil {
				add(1, c.output)
			}
			require.NoError(t, gradcheck.Check(gradcheck.Case{
				Dtype: dt, Inputs: at, Wrt: wrt,
				Build: func(in []*G.Node) (*G.Node, error) {
					l := c.layer(in[0].Dtype())
					adopt(l, in[len(c.inputs):])
					out, err := c.build(l, in[:len(c.inputs)])
					if err != nil {
						return nil, err
					}
					if c.output != nil {
						out = G.Must(G.Sum(G.Must(G.HadamardProd(out, in[last]))))
					}
					if got := len(Wrt(out, l)); got != len(reach) {
						return nil, fmt.Errorf("the cost reaches %d parameters, want %d: %v", got, len(reach), reach)
					}
					return out, nil
				},
			}))
		})
	}
}

// adopt gives the parameters of a layer the names and the memory of nodes, so that the layer binds these nodes instead of its
// own: they are what gradcheck moves. All count as learned, since gradient flows to offsets and fixed variances too.
func adopt(l Layer, nodes []*G.Node) {
	for i, p := range l.Params() {
		p.name, p.data, p.learned = nodes[i].Name(), nodes[i].Value().Data(), true
	}
}

func forward(l Layer, in []*G.Node) (*G.Node, error) { return l.Forward(in[0]) }

func TestGradientsOfRBMs(t *testing.T) {
	for _, pair := range [][2]energy.Units{
		{energy.Bernoulli(4), energy.Bernoulli(3)},
		{energy.Spin(3), energy.OneHot(2, 3)},
		{energy.LearnedGaussian(4, 0.7), energy.Spin(2)},
		{energy.OneHot(1, 3), energy.FixedGaussian(3, 1.3)},
		{energy.Gaussian(3), energy.LearnedGaussian(2, 1)},
		{energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3)), energy.Join(energy.LearnedGaussian(2, 1), energy.Spin(1))},
		{energy.ReLU(3), energy.Spin(2)},
		{energy.Gaussian(2), energy.ReLU(3)},
		{energy.Binomial(2, 3), energy.Poisson(3)},
		{energy.Join(energy.Poisson(1), energy.ReLU(2)), energy.Join(energy.Binomial(1, 2), energy.Spin(1))},
		{energy.Bernoulli(1), energy.Bernoulli(1)},
	} {
		for _, centered := range []bool{false, true} {
			visible, hidden := pair[0], pair[1]
			layer := func(dt tensor.Dtype) Layer {
				return must(NewRBM("r", RBMConfig{Visible: visible, Hidden: hidden, Centered: centered, Dtype: dt}))
			}
			var vs, hs, vo, ho string
			if s, _ := visible.LogVariance(); s != nil {
				vs = " visible_log_variance"
			}
			if s, _ := hidden.LogVariance(); s != nil {
				hs = " hidden_log_variance"
			}
			if centered {
				vo, ho = " visible_offset", " hidden_offset"
			}
			everything := "W b c" + vs + hs + vo + ho
			v, h, v2 := tensor.Shape{3, visible.Len()}, tensor.Shape{3, hidden.Len()}, tensor.Shape{2, visible.Len()}
			for name, c := range map[string]gradientCase{
				"Forward":  {inputs: []tensor.Shape{v}, values: []energy.Units{visible}, output: h, reach: "W c" + hs + vo, build: forward},
				"Backward": {inputs: []tensor.Shape{h}, values: []energy.Units{hidden}, output: v, reach: "W b" + vs + ho, build: func(l Layer, in []*G.Node) (*G.Node, error) { return l.(*RBM).Backward(in[0]) }},
				"Energy": {inputs: []tensor.Shape{v, h}, values: []energy.Units{visible, hidden}, output: v[:1], reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) {
					return l.(*RBM).Energy(in[0], in[1])
				}},
				"FreeEnergy": {inputs: []tensor.Shape{v}, values: []energy.Units{visible}, output: v[:1], reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) {
					return l.(*RBM).FreeEnergy(in[0])
				}},
				"HiddenFreeEnergy": {inputs: []tensor.Shape{h}, values: []energy.Units{hidden}, output: v[:1], reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) {
					return l.(*RBM).HiddenFreeEnergy(in[0])
				}},
				"ContrastiveCost": {inputs: []tensor.Shape{v, v2}, values: []energy.Units{visible, visible}, reach: everything, build: func(l Layer, in []*G.Node) (*G.Node, error) {
					return l.(*RBM).ContrastiveCost(in[0], in[1])
				}},
			} {
				c.layer = layer
				t.Run(fmt.Sprintf("%v-%v centered %v/%s", visible, hidden, centered, name), c.check)
			}
		}
	}
}

func TestGradientsOfLayers(t *testing.T) {
	fixed := func(l Layer) func(tensor.Dtype) Layer { return func(tensor.Dtype) Layer { return l } }
	x := tensor.Shape{3, 4}
	for name, c := range map[string]gradientCase{
		"Linear": {
			layer:  func(dt tensor.Dtype) Layer { return must(NewLinear("l", LinearConfig{In: 4, Out: 2, Dtype: dt})) },
			output: tensor.Shape{3, 2}, reach: "W b",
		},
		"Linear of one number": {
			layer:  func(dt tensor.Dtype) Layer { return must(NewLinear("l", LinearConfig{In: 1, Out: 1, Dtype: dt})) },
			inputs: []tensor.Shape{{1, 1}}, output: tensor.Shape{1, 1}, reach: "W b",
		},
		"Linear without a bias": {
			layer: func(dt tensor.Dtype) Layer {
				return must(NewLinear("l", LinearConfig{In: 4, Out: 2, NoBias: true, Dtype: dt}))
			},
			output: tensor.Shape{3, 2}, reach: "W",
		},
		"instances": {
			layer: func(dt tensor.Dtype) Layer {
				return must(NewSequential("s",
					must(NewLinear("one", LinearConfig{In: 4, Out: 5, Dtype: dt})), must(NewLayerNorm("norm", LayerNormConfig{Size: 5, Dtype: dt})),
					Tanh(), must(NewLinear("two", LinearConfig{In: 5, Out: 3, NoBias: true, Dtype: dt})), Softmax()))
			},
			inputs: []tensor.Shape{{2, 3, 4}}, output: tensor.Shape{2, 3, 3}, reach: "one.W one.b norm.gain norm.bias two.W",
		},
		"Dropout of instances": {
			layer: func(tensor.Dtype) Layer { return must(NewDropout("d", 0.4, 3)) }, noisy: true,
			inputs: []tensor.Shape{{2, 3, 4}}, output: tensor.Shape{2, 3, 4},
		},
		"LayerNorm": {
			layer:  func(dt tensor.Dtype) Layer { return must(NewLayerNorm("n", LayerNormConfig{Size: 4, Dtype: dt})) },
			output: x, reach: "gain bias",
		},
		"Sigmoid":  {layer: fixed(Sigmoid()), output: x},
		"Tanh":     {layer: fixed(Tanh()), output: x},
		"ReLU":     {layer: fixed(ReLU()), output: x},
		"Softplus": {layer: fixed(Softplus()), output: x},
		"Softmax":  {layer: fixed(Softmax()), output: x},
		"Dropout": {
			layer: func(tensor.Dtype) Layer {
				d := must(NewDropout("d", 0.4, 3))
				d.SetStep(5)
				return d
			},
			output: x, noisy: true,
		},
		"Sequential": {
			layer: func(dt tensor.Dtype) Layer {
				return must(NewSequential("s",
					must(NewLinear("one", LinearConfig{In: 4, Out: 5, Dtype: dt})),
					must(NewLayerNorm("norm", LayerNormConfig{Size: 5, Dtype: dt})),
					Tanh(),
					must(NewRBM("rbm", RBMConfig{Visible: energy.LearnedGaussian(5, 1), Hidden: energy.Spin(3), Dtype: dt})),
					must(NewLinear("two", LinearConfig{In: 3, Out: 2, Dtype: dt})),
				))
			},
			output: tensor.Shape{3, 2}, reach: "one.W one.b norm.gain norm.bias rbm.W rbm.c two.W two.b",
		},
		"a layer twice, with Dropout": {
			layer: func(dt tensor.Dtype) Layer {
				l := must(NewLinear("l", LinearConfig{In: 4, Out: 4, Dtype: dt}))
				s := must(NewSequential("s", l, Tanh(), must(NewDropout("d", 0.3, 1)), l))
				s.SetStep(2)
				return s
			},
			output: x, reach: "l.W l.b", noisy: true,
		},
	} {
		if c.inputs == nil {
			c.inputs = []tensor.Shape{x}
		}
		c.build = forward
		t.Run(name, c.check)
	}
}

func TestGradientsOfCosts(t *testing.T) {
	x := tensor.Shape{3, 4}
	for name, c := range map[string]gradientCase{
		"CrossEntropy": {inputs: []tensor.Shape{x}, build: func(_ Layer, in []*G.Node) (*G.Node, error) {
			return CrossEntropy(in[0], oneHots(in[0], 4))
		}},
		"CrossEntropyRows": {inputs: []tensor.Shape{x}, output: x[:1], build: func(_ Layer, in []*G.Node) (*G.Node, error) {
			return CrossEntropyRows(in[0], oneHots(in[0], 4))
		}},
		"SquaredErrorRows": {inputs: []tensor.Shape{x, x}, output: x[:1], build: func(_ Layer, in []*G.Node) (*G.Node, error) {
			return SquaredErrorRows(in[0], in[1])
		}},
	} {
		c.layer = func(tensor.Dtype) Layer { return Tanh() }
		t.Run(name, c.check)
	}
}

// oneHots is an input node beside x with three rows of n probabilities.
func oneHots(x *G.Node, n int) *G.Node {
	p := make([]float64, 3*n)
	p[1], p[n], p[2*n], p[3*n-1] = 1, 1, 0.25, 0.75
	return input(x.Graph(), "targets", dense(x.Dtype(), tensor.Shape{3, n}, p...))
}

// A check that lets a wrong gradient through would be worth nothing: here the function stops the gradient of one term.
func TestWrongGradientIsCaught(t *testing.T) {
	at := dense(tensor.Float64, tensor.Shape{2, 3}, normals(1, 6)...)
	for _, broken := range []bool{false, true} {
		err := gradcheck.Check(gradcheck.Case{Dtype: tensor.Float64, Inputs: []*tensor.Dense{at, dense(tensor.Float64, tensor.Shape{3, 2}, normals(2, 6)...), dense(tensor.Float64, tensor.Shape{2}, 1, 2)},
			Build: func(in []*G.Node) (*G.Node, error) {
				l := must(NewLinear("l", LinearConfig{In: 3, Out: 2, Dtype: tensor.Float64}))
				adopt(l, in[1:])
				y := must(l.Forward(in[0]))
				square := y
				if broken {
					square = must(StopGradient(y))
				}
				return G.Sum(G.Must(G.HadamardProd(y, square)))
			}})
		if broken {
			require.ErrorIs(t, err, gradcheck.ErrGradient)
		} else {
			require.NoError(t, err)
		}
	}
}
