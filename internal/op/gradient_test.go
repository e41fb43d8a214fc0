package op

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// weighted makes a cost of a result: its sum under weights, so that every number of it is seen by itself.
func weighted(out, weights *G.Node) (*G.Node, error) {
	if out.IsScalar() {
		return out, nil
	}
	product, err := G.HadamardProd(out, weights)
	if err != nil {
		return nil, err
	}
	return G.Sum(product)
}

// weights are numbers in (0, 1], all different.
func weights(dtype tensor.Dtype, shape []int) *tensor.Dense {
	x := make([]float64, max(1, tensor.Shape(shape).TotalSize()))
	for i := range x {
		x[i] = float64(i+1) / float64(len(x))
	}
	if len(shape) == 0 {
		shape = []int{1}
	}
	return graphtest.Tensor(dtype, x, shape...)
}

func TestGradients(t *testing.T) {
	forEach(t, func(t *testing.T, b builder, dtype tensor.Dtype, size map[rune]int) {
		if b.wrt != nil && len(b.wrt) == 0 {
			return
		}
		inputs := append(b.tensors(dtype, size), weights(dtype, dims(b.out, size)))
		wrt := b.wrt
		for i := range inputs[1:] {
			if b.wrt == nil {
				wrt = append(wrt, i)
			}
		}
		require.NoError(t, gradcheck.Check(gradcheck.Case{
			Dtype: dtype, Inputs: inputs, Wrt: wrt,
			Build: func(in []*G.Node) (*G.Node, error) {
				out, err := b.apply(in[:len(in)-1])
				if err != nil {
					return nil, err
				}
				return weighted(out, in[len(in)-1])
			},
		}), "%v of %v", dtype, size)
	})
}

// No gradient flows to weights, to targets, or through a variance: Grad says so.
func TestNoGradient(t *testing.T) {
	for _, b := range builders() {
		if b.wrt == nil {
			continue
		}
		size := sizes[0]
		g := G.NewGraph()
		in := b.nodes(g, b.tensors(tensor.Float64, size))
		out, err := b.apply(in)
		require.NoError(t, err)
		cost, err := weighted(out, graphtest.Input(g, "w", weights(tensor.Float64, dims(b.out, size))))
		require.NoError(t, err)
		for i, x := range in {
			if !slices.Contains(b.wrt, i) {
				_, err := G.Grad(cost, x)
				require.Error(t, err, "%s: argument %d", b.name, i)
			}
		}
	}
}

func TestStopGradient(t *testing.T) {
	g := G.NewGraph()
	x := graphtest.Input(g, "x", graphtest.Tensor(tensor.Float64, []float64{1, 2, 3}, 3))
	stopped, err := StopGradient(x)
	require.NoError(t, err)
	product, err := G.HadamardProd(stopped, x) // d/dx of sg(x)·x is sg(x), not 2x
	require.NoError(t, err)
	grads, err := G.Grad(G.Must(G.Sum(product)), x)
	require.NoError(t, err)
	require.Equal(t, [][]float64{{1, 2, 3}, {1, 2, 3}}, graphtest.Value(t, grads[0], stopped))

	g = G.NewGraph()
	x = graphtest.Input(g, "x", graphtest.Tensor(tensor.Float64, []float64{1, 2, 3}, 3))
	stopped, err = StopGradient(x)
	require.NoError(t, err)
	_, err = G.Grad(G.Must(G.Sum(stopped)), x)
	require.Error(t, err)
}

// At a kink the gradient is 0, and a NaN stays one.
func TestGradientsAtKinks(t *testing.T) {
	for name, build := range map[string]func(x *G.Node) (*G.Node, error){
		"ReLU":        func(x *G.Node) (*G.Node, error) { return sumOf(ReLU(x)) },
		"AbsoluteSum": AbsoluteSum,
	} {
		x := graphtest.Input(G.NewGraph(), "x", graphtest.Tensor(tensor.Float64, []float64{0, 2}, 2))
		cost, err := build(x)
		require.NoError(t, err)
		grads, err := G.Grad(cost, x)
		require.NoError(t, err)
		require.Equal(t, []float64{0, 1}, graphtest.Value(t, grads[0])[0], name)
	}
}

func sumOf(x *G.Node, err error) (*G.Node, error) {
	if err != nil {
		return nil, err
	}
	return G.Sum(x)
}
