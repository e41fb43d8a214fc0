package associative

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

func TestSpontaneousMagnetisation(t *testing.T) {
	require.Equal(t, 2/math.Log(1+math.Sqrt2), CriticalTemperature)
	require.InDelta(t, 1, math.Sinh(2/CriticalTemperature), 1e-15, "where M is 0")

	require.InDelta(t, 0.911319377877496, must(SpontaneousMagnetisation(2))(t), 1e-14) // published as 0.9113
	require.Equal(t, 1.0, must(SpontaneousMagnetisation(1e-3))(t), "sinh overflows")
	for _, temperature := range []float64{CriticalTemperature, 2.3, 100} {
		require.Zero(t, must(SpontaneousMagnetisation(temperature))(t))
	}
	// Near T_c it vanishes as (T_c − T)^(1/8): from one distance to a hundredth of it, by 100^(1/8).
	near, far := must(SpontaneousMagnetisation(CriticalTemperature-1e-8))(t), must(SpontaneousMagnetisation(CriticalTemperature-1e-6))(t)
	require.InDelta(t, math.Pow(100, 0.125), far/near, 1e-5)
	// Cold, it is the series of turned clusters, 1 − 2u² − 8u³ − 34u⁴ − …, u = e^(−4/T): one spin, two neighbours, and so on.
	u := math.Exp(-8)
	require.InDelta(t, 2*u*u+8*u*u*u+34*u*u*u*u, 1-must(SpontaneousMagnetisation(0.5))(t), 200*math.Pow(u, 5)+1e-15)
}

// Gibbs on a torus of 32×32 that starts with all spins up has Yang's magnetisation at T = 2. Rows are independent, and so many that the
// standard deviation of their averages can be estimated from them. The side is 15 correlation lengths, 1/ξ = 2(2K + ln tanh K) = 0.456
// with K = 1/2, so that the torus is as good as infinite. The twin is another temperature.
func TestGibbsHasYangsMagnetisation(t *testing.T) {
	const side, rows, sweeps, average, alpha = 32, 64, 100, 50, 1e-6
	h := latticeOf(t, Lattice{Sides: []int{side, side}, Periodic: true}).Hopfield()
	up := rowsOf(side*side, slices.Repeat([]float64{1}, rows*side*side)...)
	want := must(SpontaneousMagnetisation(2))(t)
	for _, seed := range stattest.Seeds {
		magnetisation := func(temperature float64) (m []float64) {
			got := recall(t, h, up, Gibbs{Temperature: temperature, Sweeps: sweeps, Average: average, Seed: seed})
			for k := range rows {
				sum := 0.0
				for _, v := range got.Means.Float64s()[k*side*side : (k+1)*side*side] {
					sum += v / (side * side)
				}
				m = append(m, sum)
			}
			return m
		}
		m := magnetisation(2)
		require.NoError(t, stattest.Mean(m, want, spread(m), alpha))
		twin := magnetisation(2.05)
		require.Error(t, stattest.Mean(twin, want, spread(twin), alpha))
		require.NoError(t, stattest.Mean(twin, must(SpontaneousMagnetisation(2.05))(t), spread(twin), alpha))
	}
}
