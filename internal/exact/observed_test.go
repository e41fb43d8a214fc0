package exact

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// withHoles makes numbers of rows missing, whole groups at once.
func withHoles(m *Harmonium, rows [][]float64, r *rand.Rand) [][]float64 {
	width := max(1, m.Visible.States)
	for _, row := range rows {
		for lo := 0; lo < len(row); lo += width {
			if r.IntN(2) == 0 {
				for j := lo; j < lo+width; j++ {
					row[j] = math.NaN()
				}
			}
		}
	}
	return rows
}

// A row without holes has its free energy, one without a number −log Z, and what p(v_O) sums to over the observed states is 1.
func TestObservedFreeEnergy(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, r *rand.Rand) {
		if m.Visible.Family == Gaussian && m.Hidden.Family == Gaussian {
			_, err := m.ObservedFreeEnergy(rows(m, 1, r)[0])
			require.ErrorIs(t, err, ErrNotEnumerable)
			return
		}
		whole := rows(m, 1, r)[0]
		want, err := m.FreeEnergy(whole)
		require.NoError(t, err)
		got, err := m.ObservedFreeEnergy(whole)
		require.NoError(t, err)
		_, noList := m.Visible.listable(maxStates)
		if noList == nil {
			whole = must(States(m.Visible))[1]
			want, _ = m.FreeEnergy(whole)
			got, _ = m.ObservedFreeEnergy(whole)
		}
		require.InDelta(t, want, got, 1e-11)
		logZ, err := m.LogPartition()
		require.NoError(t, err)
		nothing, err := m.ObservedFreeEnergy(slices.Repeat([]float64{math.NaN()}, len(whole)))
		require.NoError(t, err)
		require.InDelta(t, -logZ, nothing, 1e-11)
		if noList != nil {
			return
		}
		sum, width := 0.0, max(1, m.Visible.States)
		for _, state := range must(States(Side{Family: m.Visible.Family, Units: width, States: m.Visible.States, Trials: m.Visible.Trials})) {
			row := slices.Repeat([]float64{math.NaN()}, len(whole))
			copy(row, state)
			f, err := m.ObservedFreeEnergy(row)
			require.NoError(t, err)
			sum += math.Exp(-f - logZ)
		}
		require.InDelta(t, 1, sum, 1e-12)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestObservedGradientIsDerivative(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, r *rand.Rand) {
		if _, err := m.Visible.listable(maxStates); err != nil {
			_, err = m.ObservedGradient(rows(m, 1, r), nil)
			require.ErrorIs(t, err, ErrNotEnumerable)
			return
		}
		states := must(States(m.Visible))
		data := withHoles(m, [][]float64{slices.Clone(states[1]), slices.Clone(states[3]), slices.Clone(states[len(states)-1])}, r)
		weights := []float64{1, 3, 0.5}
		g, err := m.ObservedGradient(data, weights)
		require.NoError(t, err)
		for _, p := range []struct {
			name                 string
			parameters, gradient []float64
		}{{"W", m.W, g.W}, {"B", m.B, g.B}, {"C", m.C, g.C}, {"LogVarianceHidden", m.Hidden.LogVariance, g.LogVarianceHidden}} {
			want := make([]float64, len(p.parameters))
			for i := range want {
				want[i] = -derivative(func() float64 { return must(m.ObservedLogLikelihood(data, weights)) }, &p.parameters[i])
			}
			near(t, want, p.gradient, 1e-10, p.name)
		}
	})
}
