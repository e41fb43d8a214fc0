package exact

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The energy of one unit a side, written out.
func TestEnergyOfOnePair(t *testing.T) {
	m := &Harmonium{
		Visible: Side{Family: Gaussian, Units: 1, LogVariance: []float64{math.Log(2)}}, Hidden: Side{Family: Spin, Units: 2},
		W: []float64{0.5, -0.25}, B: []float64{0.1}, C: []float64{0.2, 0.4},
	}
	// 3²/(2·2) − 0.1·3 − (0.2 − 0.4) − 3·(0.5 + 0.25)
	require.InDelta(t, 2.25-0.3+0.2-2.25, m.Energy([]float64{3}, []float64{1, -1}), 1e-15)
}

// For discrete sides, F(v) is minus the log of a sum of exp(−Energy), and the means follow from the same sum.
func TestFreeEnergyIsTheSumOverEnergy(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, r *rand.Rand) {
		if m.Hidden.hardness() > 0 {
			t.Skip("no states to sum: see the quadrature test")
		}
		states, err := States(m.Hidden)
		require.NoError(t, err)
		for _, v := range rows(m, 3, r) {
			var z float64
			mean := make([]float64, m.Hidden.Units)
			for _, h := range states {
				w := math.Exp(-m.Energy(v, h))
				z += w
				for j, hj := range h {
					mean[j] += w * hj
				}
			}
			for j := range mean {
				mean[j] /= z
			}
			f, err := m.FreeEnergy(v)
			require.NoError(t, err)
			require.InDelta(t, -math.Log(z), f, 1e-12)
			got, err := m.MeanHidden(v)
			require.NoError(t, err)
			near(t, mean, got, 1e-12, "mean")

			mirror := m.mirror()
			f, err = mirror.HiddenFreeEnergy(v)
			require.NoError(t, err)
			require.InDelta(t, -math.Log(z), f, 1e-12)
			got, err = mirror.MeanVisible(v)
			require.NoError(t, err)
			near(t, mean, got, 1e-12, "mirrored mean")
		}
	})
}

// Energies of size 1e3 overflow exp; the sums must not.
func TestLargeEnergies(t *testing.T) {
	m := &Harmonium{Visible: Side{Units: 1}, Hidden: Side{Units: 2}, W: []float64{1000, -1000}, B: []float64{0}, C: []float64{0, 0}}
	f, err := m.FreeEnergy([]float64{1})
	require.NoError(t, err)
	require.InDelta(t, -1000, f, 1e-12)
	f, err = m.FreeEnergy([]float64{-1})
	require.NoError(t, err)
	require.InDelta(t, -1000, f, 1e-12)
	logZ, err := m.LogPartition()
	require.NoError(t, err)
	require.InDelta(t, 1000, logZ, 1e-12)
}

// A harmonium without hidden units is a row of independent visible units.
func TestNoHiddenUnits(t *testing.T) {
	b := []float64{0.3, -1.2}
	m := &Harmonium{Visible: Side{Family: Spin, Units: 2}, B: b}
	f, err := m.FreeEnergy([]float64{1, -1})
	require.NoError(t, err)
	require.InDelta(t, -0.3-1.2, f, 1e-15)
	want := math.Log(2*math.Cosh(b[0])) + math.Log(2*math.Cosh(b[1]))
	for _, route := range []func() (float64, error){m.LogPartition, m.LogPartitionOverVisible, m.LogPartitionOverHidden} {
		logZ, err := route()
		require.NoError(t, err)
		require.InDelta(t, want, logZ, 1e-14)
	}
	mean, err := m.MeanVisible(nil)
	require.NoError(t, err)
	near(t, []float64{math.Tanh(b[0]), math.Tanh(b[1])}, mean, 1e-14, "mean")
}
