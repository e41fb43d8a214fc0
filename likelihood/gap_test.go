package likelihood

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

func TestFreeEnergyGap(t *testing.T) {
	visible, hidden := bernoulli(6), bernoulli(4)
	for _, dtype := range dtypes {
		m := newMachine(visible, hidden, dtype, 5, 1, 0.7, true)
		o := oracle(m, visible, hidden)
		seen, held := draws(o, 30, dtype, 1), draws(o, 50, dtype, 2)
		means := func(x *tensor.Dense) (m, variance float64) {
			n := x.Shape()[0]
			f := make([]float64, n)
			for i := range f {
				row := make([]float64, 6)
				for j := range row {
					row[j] = at(x, i, j)
				}
				f[i] = must(o.FreeEnergy(row))
				m += f[i] / float64(n)
			}
			for _, y := range f {
				variance += (y - m) * (y - m) / float64(n-1)
			}
			return m, variance
		}
		meanSeen, varianceSeen := means(seen)
		meanHeld, varianceHeld := means(held)
		g, err := FreeEnergyGap(context.Background(), m, seen, held, AsIs, 0)
		require.NoError(t, err)
		require.InDelta(t, meanHeld-meanSeen, g.Value, 1e-5)
		require.InDelta(t, math.Sqrt(varianceSeen/30+varianceHeld/50), g.Deviation, 1e-5)
		low, high := g.Interval(0.95)
		require.InDelta(t, 2*1.959964*g.Deviation, high-low, 1e-6)

		// Rows that the model makes are as probable as others that it makes; noise is less so.
		noise := dense(dtype, 200, round(uniforms(1, 1200)))
		g = must(FreeEnergyGap(context.Background(), m, seen, noise, AsIs, 0))
		low, _ = g.Interval(0.999)
		require.Greater(t, low, 0.0)
		require.Contains(t, g.String(), "free-energy gap ")
	}
	bm := must(layers.NewBoltzmann("bm", layers.BoltzmannConfig{Visible: energy.Spin(4), Dtype: tensor.Float64}))
	rows := dense(tensor.Float64, 2, []float64{1, -1, 1, 1, -1, -1, 1, 1})
	require.Zero(t, must(FreeEnergyGap(context.Background(), bm, rows, rows, AsIs, 0)).Value)

	_, err := FreeEnergyGap(context.Background(), nil, rows, rows, AsIs, 0)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = FreeEnergyGap(context.Background(), bm, rows, nil, AsIs, 0)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, `likelihood: Boltzmann "bm": FreeEnergyGap: held-out rows: no data given`)
	_, err = FreeEnergyGap(context.Background(), bm, dense(tensor.Float64, 1, []float64{1, 1}), rows, AsIs, 0)
	require.ErrorIs(t, err, energy.ErrShape)
}

func round(x []float64) []float64 {
	for i := range x {
		x[i] = math.Round(x[i])
	}
	return x
}
