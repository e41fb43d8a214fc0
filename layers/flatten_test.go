package layers_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

func TestFlatten(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		values := make([]float64, 24)
		for i := range values {
			values[i] = float64(i)
		}
		x := graphtest.Tensor(dtype, values, 2, 3, 4)
		graphtest.Run(t, 0, func(g *G.ExprGraph) G.Nodes {
			return G.Nodes{G.Must(layers.Flatten{}.Forward(graphtest.Input(g, "x", x)))}
		}, graphtest.Tensor(dtype, values, 2, 12))
		require.NoError(t, gradcheck.Check(gradcheck.Case{Dtype: dtype, Inputs: []*tensor.Dense{graphtest.Tensor(dtype, values[:6], 1, 2, 3)}, Tolerance: 1e-3,
			Build: func(in []*G.Node) (*G.Node, error) {
				y, err := layers.Flatten{}.Forward(in[0])
				if err != nil {
					return nil, err
				}
				return G.Sum(G.Must(G.Square(y)))
			}}))
	}
	g := G.NewGraph()
	_, err := layers.Flatten{}.Forward(graphtest.Input(g, "x", graphtest.Tensor(tensor.Float32, make([]float64, 6), 2, 3)))
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = layers.Flatten{}.Forward(nil)
	require.ErrorIs(t, err, energy.ErrShape)

	path := filepath.Join(t.TempDir(), "net")
	head, err := layers.NewLinear("head", layers.LinearConfig{In: 12, Out: 2, Seed: 1})
	require.NoError(t, err)
	net, err := layers.NewSequential("net", layers.Flatten{}, head)
	require.NoError(t, err)
	require.NoError(t, layers.Save(path, net))
	back, err := layers.Load(path)
	require.NoError(t, err)
	require.Equal(t, layers.Flatten{}, back.(*layers.Sequential).Layers()[0])
}
