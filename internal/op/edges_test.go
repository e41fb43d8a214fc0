package op

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// triangle joins the first three of n units with each other.
func triangle(n int) *bonds.Graph {
	g, err := bonds.New(n, [][2]int{{0, 1}, {2, 1}, {0, 2}})
	if err != nil {
		panic(err)
	}
	return g
}

func plainEdgeFields(in []array) (out []float64) {
	x, w := in[0], in[1].x
	for row := range slices.Chunk(x.x, x.cols) {
		f := make([]float64, x.cols)
		for k, e := range triangle(x.cols).Edges {
			f[e[0]] += w[k] * row[e[1]]
			f[e[1]] += w[k] * row[e[0]]
		}
		out = append(out, f...)
	}
	return out
}

// On all pairs the fields are those of the dense matrix, and two graphs over nodes of one shape are two ops.
func TestEdgeFieldsOfAllPairs(t *testing.T) {
	const n = 9
	for _, dtype := range dtypes {
		var edges [][2]int
		var w []float64
		dense := make([]float64, n*n)
		for i := range n {
			for j := range i {
				edges = append(edges, [2]int{j, i})
				w = append(w, float64(len(edges)%5)-1.75)
				dense[i*n+j], dense[j*n+i] = w[len(w)-1], w[len(w)-1]
			}
		}
		all, err := bonds.New(n, edges)
		require.NoError(t, err)
		other := slices.Clone(edges)
		slices.Reverse(other)
		turned, err := bonds.New(n, other)
		require.NoError(t, err)
		g := G.NewGraph()
		x := graphtest.Input(g, "x", normal(4, dtype, 70, n))
		weights := graphtest.Input(g, "w", graphtest.Tensor(dtype, w, len(w)))
		fields := G.Must(EdgeFields(all, x, weights))
		product := G.Must(Gemm(x, graphtest.Input(g, "dense", graphtest.Tensor(dtype, dense, n, n)), false, false))
		got := graphtest.Value(t, fields, product, G.Must(EdgeFields(turned, x, weights)))
		require.InDeltaSlice(t, got[1], got[0], 10*tolerance[dtype])
		require.NotEqual(t, got[0], got[2])
	}
}

func TestEdgeFieldsRefuses(t *testing.T) {
	g := G.NewGraph()
	x := graphtest.Input(g, "x", normal(1, tensor.Float64, 2, 4))
	_, err := EdgeFields(triangle(4), x, graphtest.Input(g, "w", normal(2, tensor.Float64, 2)))
	require.ErrorIs(t, err, ErrShape)
	require.ErrorContains(t, err, "x (2, 4) and weights (2) do not fit a graph of 4 units and 3 edges")
	_, err = EdgeFields(triangle(5), x, graphtest.Input(g, "v", normal(2, tensor.Float64, 3)))
	require.ErrorIs(t, err, ErrShape)
	_, err = Cut(x, 3, 1)
	require.ErrorIs(t, err, ErrShape)
	require.ErrorContains(t, err, "x (2, 4) has not more than 3 + 1 columns")
}
