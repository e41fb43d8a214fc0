package exact

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// log Z generates the moments: ∂/∂b_i = E[v_i], ∂/∂c_j = E[h_j], ∂/∂W_ij = E[v_i h_j], ∂/∂s_i = E[x_i²]/(2σ_i²).
func TestMomentsAreDerivativesOfLogPartition(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, _ *rand.Rand) {
		moments, err := m.Moments()
		require.NoError(t, err)
		slope := func(parameters []float64) []float64 {
			d := make([]float64, len(parameters))
			for i := range d {
				d[i] = derivative(func() float64 {
					logZ, err := m.LogPartition()
					require.NoError(t, err)
					return logZ
				}, &parameters[i])
			}
			return d
		}
		near(t, slope(m.B), moments.V, 1e-10, "V")
		near(t, slope(m.C), moments.H, 1e-10, "H")
		near(t, slope(m.W), moments.VH, 1e-10, "VH")
		for _, s := range []struct {
			side   Side
			second []float64
		}{{m.Visible, moments.VV}, {m.Hidden, moments.HH}} {
			if s.side.Family != Gaussian {
				continue
			}
			want := slope(s.side.LogVariance)
			for i := range want {
				want[i] *= 2 * s.side.variance(i)
			}
			near(t, want, s.second, 1e-10, "second moment")
		}
	})
}

// Discrete moments are sums over the list of pairs.
func TestMomentsAreSumsOverPairs(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, _ *rand.Rand) {
		if m.Visible.hardness() > 0 || m.Hidden.hardness() > 0 {
			t.Skip("no list of pairs: see the quadrature test")
		}
		v, h, p, err := m.JointProbabilities()
		require.NoError(t, err)
		want := newMoments(m.Visible.Units, m.Hidden.Units)
		for k := range p {
			for i, vi := range v[k] {
				want.V[i] += p[k] * vi
				want.VV[i] += p[k] * vi * vi
				for j, hj := range h[k] {
					want.VH[i*len(h[k])+j] += p[k] * vi * hj
				}
			}
			for j, hj := range h[k] {
				want.H[j] += p[k] * hj
				want.HH[j] += p[k] * hj * hj
			}
		}
		got, err := m.Moments()
		require.NoError(t, err)
		nearMoments(t, want, got, 1e-12)
	})
}

func nearMoments(t *testing.T, want, got *Moments, tolerance float64) {
	t.Helper()
	near(t, want.V, got.V, tolerance, "V")
	near(t, want.H, got.H, tolerance, "H")
	near(t, want.VH, got.VH, tolerance, "VH")
	near(t, want.VV, got.VV, tolerance, "VV")
	near(t, want.HH, got.HH, tolerance, "HH")
}
