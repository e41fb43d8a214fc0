package modernhopfield

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// bagChains are models of bags of four columns, three classes: every kind of layer that takes bags, in a chain.
func bagChains(t *testing.T, dtype tensor.Dtype) map[string]func() *layers.Sequential {
	linear := func(name string, in, out int) layers.Layer {
		l, err := layers.NewLinear(name, layers.LinearConfig{In: in, Out: out, Seed: 1, Dtype: dtype})
		require.NoError(t, err)
		return l
	}
	chain := func(build ...func() (layers.Layer, error)) func() *layers.Sequential {
		return func() *layers.Sequential {
			var all []layers.Layer
			for _, b := range build {
				l, err := b()
				require.NoError(t, err)
				all = append(all, l)
			}
			s, err := layers.NewSequential("net", all...)
			require.NoError(t, err)
			return s
		}
	}
	in := func() (layers.Layer, error) { return linear("in", 4, 6), nil }
	relu := func() (layers.Layer, error) { return layers.ReLU(), nil }
	out := func(width int) func() (layers.Layer, error) {
		return func() (layers.Layer, error) { return linear("out", width, 3), nil }
	}
	pool := func(c PoolingConfig) func() (layers.Layer, error) {
		c.Input, c.Dtype, c.InitDeviation, c.Seed = 6, dtype, 0.5, 3
		return func() (layers.Layer, error) { return NewPooling("pool", c) }
	}
	return map[string]func() *layers.Sequential{
		"pooling":                  chain(in, relu, pool(PoolingConfig{}), out(6)),
		"heads, null, two queries": chain(in, relu, pool(PoolingConfig{Config: Config{Heads: 2, NullPattern: true, LearnBeta: true, Steps: 2}, Quantity: 2}), out(12)),
		"bias pattern, sparse, dropout": chain(in, pool(PoolingConfig{Config: Config{
			BiasPattern: true, Separation: energy.Sparsemax(), Dropout: 0.2, StoredNorm: PlainNorm, SpaceNorm: AffineNorm,
		}}), out(6)),
		"until fixed points": chain(in, pool(PoolingConfig{Config: Config{Tolerance: 1e-3, Steps: 50, Implicit: true}}), out(6)),
		"hopfield before pooling": chain(in, func() (layers.Layer, error) {
			return NewHopfield("hopfield", Config{Input: 6, Heads: 2, InitDeviation: 0.5, Seed: 2, Dtype: dtype})
		}, pool(PoolingConfig{}), out(6)),
		"lookup before pooling": chain(in, func() (layers.Layer, error) {
			return NewLookup("lookup", LookupConfig{Config: Config{Input: 6, InitDeviation: 0.5, Seed: 2, Dtype: dtype}, Quantity: 3})
		}, relu, pool(PoolingConfig{}), out(6)),
		"encoder before pooling": chain(in, func() (layers.Layer, error) {
			return NewEncoder("encoder", EncoderConfig{
				Association: Config{Input: 6, InitDeviation: 0.5, Seed: 2, Dtype: dtype}, Feedforward: 5, Dropout: 0.1,
			})
		}, pool(PoolingConfig{}), out(6)),
	}
}

// rigid is a layer that Gorgonia builds for one number of rows: whatever it stands in gets a graph for each.
type rigid struct{ built *int }

func (rigid) Name() string            { return "rigid" }
func (rigid) Params() []*layers.Param { return nil }
func (r rigid) Forward(x *G.Node) (*G.Node, error) {
	*r.built++
	flat, err := G.Reshape(x, tensor.Shape{x.Shape().TotalSize()})
	if err != nil {
		return nil, err
	}
	y, err := op.Combine([]float64{1}, flat)
	if err != nil {
		return nil, err
	}
	return G.Reshape(y, x.Shape().Clone())
}

// One graph for all bags trains as graphs for each number of instances do, bit for bit, with every layer that takes bags.
func TestFitBagsOfAnyLength(t *testing.T) {
	for _, dtype := range dtypes {
		for name, build := range bagChains(t, dtype) {
			t.Run(fmt.Sprintf("%s/%v", name, dtype), func(t *testing.T) {
				bags := training.Bags{Lengths: []int{2, 0, 5, 1, 3, 0, 0, 7, 1, 2, 4}}
				bags.Rows = graphtest.Tensor(dtype, normals(1, 25*4), 25, 4)
				targets := must(training.OneHot([]int{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1}, 3))
				fit := training.Supervised{Solver: training.Adam{Rate: 0.05}, Epochs: 4, Batch: 4, Seed: 1, ClipNorm: 1}
				supple, built := build(), 0
				_, err := fit.FitBags(context.Background(), supple, bags, targets)
				require.NoError(t, err)

				inner := build()
				stiff := must(layers.NewSequential("net", rigid{&built}, inner))
				_, err = fit.FitBags(context.Background(), stiff, bags, targets)
				require.NoError(t, err)
				require.Greater(t, built, 4)
				for i, p := range supple.Params() {
					require.Equal(t, inner.Params()[i].Float64s(), p.Float64s(), p.Name())
				}
				all := must(training.PredictBags(context.Background(), supple, bags)).Data()
				require.Equal(t, must(training.PredictBags(context.Background(), stiff, bags)).Data(), all)
			})
		}
	}
}

// An empty bag alone is trained on and run.
func TestFitBagsOfNothing(t *testing.T) {
	for name, build := range bagChains(t, tensor.Float32) {
		net := build()
		bags := training.Bags{Rows: tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(0, 4)), Lengths: []int{0, 0}}
		_, err := training.Supervised{Solver: training.SGD{Rate: 0.1}, Epochs: 2, Batch: 1}.FitBags(
			context.Background(), net, bags, must(training.OneHot([]int{0, 1}, 3)))
		require.NoError(t, err, name)
		y := must(training.PredictBags(context.Background(), net, bags))
		require.Equal(t, tensor.Shape{2, 3}, y.Shape())
		for _, p := range net.Params() {
			require.True(t, p.Finite(), "%s: %s", name, p.Name())
		}
	}
}
