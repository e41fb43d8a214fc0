package dbn_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

var _ layers.Saved = (*dbn.DBN)(nil)

// freeEnergies runs the graph of F(v).
func freeEnergies(t testing.TB, r *layers.RBM, v *tensor.Dense) []float64 {
	f := must(r.FreeEnergy(graphtest.Input(G.NewGraph(), "v", v)))
	return graphtest.Value(t, f)[0]
}

// stacks is a stack of every shape, with a classifier and without.
func stacks(dtype tensor.Dtype) map[string]*dbn.DBN {
	data, labels := grey(dtype, 8, 6), []int{0, 1, 2, 0, 1, 2, 0, 1}
	all := map[string]*dbn.DBN{}
	for name, config := range map[string]dbn.Config{
		"one layer":          {Sizes: []int{6, 4}},
		"three layers":       {Sizes: []int{6, 5, 4, 3}, Centered: true},
		"one labelled layer": {Sizes: []int{6, 4}, Labels: 2, Centered: true},
		"labelled":           {Sizes: []int{6, 5, 4}, Labels: 2},
		"other visible":      {Sizes: []int{6, 5, 4}, Visible: energy.LearnedGaussian(6, 2)},
	} {
		for _, tuned := range []bool{false, true} {
			config.Dtype, config.Seed = dtype, 7
			d := newStack(config)
			scale(d)
			key := name
			if tuned {
				key += ", fine-tuned"
				must(d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: 3, Epochs: 1, Seed: 1}))
			}
			all[key] = d
		}
	}
	return all
}

// On a graph the stack computes what Features does off it, or the classifier's logits.
func TestForwardEqualsFeatures(t *testing.T) {
	for i, dtype := range dtypes {
		tolerance := []float64{1e-5, 1e-12}[i]
		for name, d := range stacks(dtype) {
			x := grey(dtype, 5, 6)
			got := graphtest.Value(t, must(d.Forward(graphtest.Input(G.NewGraph(), "x", x))))[0]
			want := numbers(must(d.Features(x)))
			if d.Classes() > 0 {
				g := G.NewGraph()
				head := must(layers.NewLinear("net.head", layers.LinearConfig{In: len(want) / 5, Out: 3, Dtype: dtype}))
				for k, p := range head.Params() {
					params := d.Params()
					require.NoError(t, p.Set(params[len(params)-2+k].Float64s()))
				}
				want = graphtest.Value(t, must(head.Forward(graphtest.Input(g, "h", must(d.Features(x))))))[0]
			}
			require.InDeltaSlice(t, want, got, tolerance, name)
		}
	}
}

// A stack between two other layers of one graph: Grad's gradient of every parameter and of the input equals differences.
func TestStackInsideALargerGraph(t *testing.T) {
	for name, d := range stacks(tensor.Float64) {
		t.Run(name, func(t *testing.T) {
			out := d.RBMs()[len(d.RBMs())-1].Hidden().Len()
			if d.Classes() > 0 {
				out = d.Classes()
			}
			below := must(layers.NewLinear("below", layers.LinearConfig{In: 3, Out: 6, Seed: 1, Dtype: tensor.Float64}))
			above := must(layers.NewLinear("above", layers.LinearConfig{In: out, Out: 4, Seed: 1, Dtype: tensor.Float64}))
			build := func(x *G.Node) (*G.Node, error) {
				y := must(above.Forward(must(d.Forward(must(below.Forward(x))))))
				targets := matrix(tensor.Float64, [][]float64{{1, 0, 0, 0}, {0, 0, 1, 0}, {0.5, 0, 0, 0.5}})
				return layers.CrossEntropy(y, graphtest.Input(x.Graph(), "targets", targets))
			}
			x := grey(tensor.Float64, 3, 3)
			require.NoError(t, gradcheck.Check(gradcheck.Case{Dtype: tensor.Float64, Inputs: []*tensor.Dense{x}, Build: func(in []*G.Node) (*G.Node, error) { return build(in[0]) }}))

			// The graph shares the parameters' memory, so moving a parameter moves the cost.
			cost := must(build(graphtest.Input(G.NewGraph(), "x", x)))
			wrt := layers.Wrt(cost, below, d, above)
			grads := must(G.Grad(cost, wrt...))
			values := make([]G.Value, len(grads))
			for i, g := range grads {
				G.Read(g, &values[i])
			}
			var value G.Value
			G.Read(cost, &value)
			vm := G.NewTapeMachine(cost.Graph())
			defer vm.Close()
			run := func() float64 {
				defer vm.Reset()
				require.NoError(t, vm.RunAll())
				return value.Data().(float64)
			}
			run()
			gradients := map[string][]float64{}
			for i, n := range wrt {
				gradients[n.Name()] = append([]float64(nil), values[i].Data().([]float64)...)
			}
			checked := 0
			for _, l := range []layers.Layer{below, d, above} {
				for _, p := range l.Params() {
					gradient, reached := gradients[p.Name()]
					if !reached {
						continue
					}
					data := p.Value().Float64s()
					for i := range data {
						const h = 1e-6
						at := data[i]
						data[i] = at + h
						up := run()
						data[i] = at - h
						down := run()
						data[i] = at
						require.InDelta(t, (up-down)/(2*h), gradient[i], 1e-7, "%s[%d]", p.Name(), i)
						if math.Abs(gradient[i]) > 1e-6 {
							checked++
						}
					}
				}
			}
			require.Len(t, gradients, 4+2*len(d.RBMs())+len(d.Params())-len(machineParams(d)))
			require.Greater(t, checked, 30, "gradients that are not 0")
		})
	}
}

// machineParams lists the parameters of the machines alone: a classifier's are behind them.
func machineParams(d *dbn.DBN) []*layers.Param {
	var all []*layers.Param
	for _, r := range d.RBMs() {
		all = append(all, r.Params()...)
	}
	return all
}

func TestForwardRefuses(t *testing.T) {
	for name, d := range stacks(tensor.Float32) {
		_, err := d.Forward(nil)
		require.ErrorIs(t, err, energy.ErrShape, name)
		_, err = d.Forward(graphtest.Input(G.NewGraph(), "x", grey(tensor.Float32, 2, 5)))
		require.ErrorIs(t, err, energy.ErrShape, name)
		require.ErrorContains(t, err, `RBM "net.1": Forward: `, name)
		require.ErrorContains(t, err, `visible has shape (2, 5), want (batch, 6)`, name)
		_, err = d.Forward(graphtest.Input(G.NewGraph(), "x", grey(tensor.Float64, 2, 6)))
		require.ErrorIs(t, err, energy.ErrDtype, name)
	}
}
