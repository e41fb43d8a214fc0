package sampling

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// A machine whose units want to be equal turns over the one that is not; what it returns are means.
func TestDenoiseBoltzmann(t *testing.T) {
	for _, c := range []layers.BoltzmannConfig{
		{Visible: energy.Spin(6), Dtype: tensor.Float64},
		{Visible: energy.Spin(6), Hidden: energy.Spin(2), Dtype: tensor.Float64},
		{Visible: energy.Spin(6), Edges: [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4, 0}, {5, 1}}, Dtype: tensor.Float32},
	} {
		m := must(layers.NewBoltzmann("bm", c))
		w := m.Param("W").Float64s()
		for i := range w {
			if w[i] != 0 {
				w[i] = 1.5
			}
		}
		require.NoError(t, m.Param("W").Set(w))
		rows := tensor.New(tensor.WithShape(2, 6), tensor.WithBacking([]float64{1, 1, 1, -1, 1, 1, -1, -1, 1, -1, -1, -1}))
		if c.Dtype == tensor.Float32 {
			rows = tensor.New(tensor.WithShape(2, 6), tensor.WithBacking([]float32{1, 1, 1, -1, 1, 1, -1, -1, 1, -1, -1, -1}))
		}
		clean := must(DenoiseBoltzmann(context.Background(), m, rows, 2, 1))
		for i, x := range inFloat64s(clean) {
			require.InDelta(t, 1-2*float64(i/6), x, 0.1)
			require.NotEqual(t, 1-2*float64(i/6), x, "a mean")
		}
		require.Equal(t, -1.0, inFloat64s(rows)[3], "the rows are not written to")

		_, err := DenoiseBoltzmann(context.Background(), m, rows, 0, 1)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, `sampling: DenoiseBoltzmann by Boltzmann "bm": 0 sweeps, want 1 to`)
		_, err = DenoiseBoltzmann(context.Background(), m, nil, 1, 1)
		require.ErrorIs(t, err, energy.ErrShape)
		ended, end := context.WithCancel(context.Background())
		end()
		_, err = DenoiseBoltzmann(ended, m, rows, 1, 1)
		require.ErrorIs(t, err, context.Canceled)
	}
}
