package modernhopfield_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// The numbers that Krotov & Hopfield's formula gives for 100 units: 11, 360 and 7,240 patterns.
func TestDenseCapacity(t *testing.T) {
	for degree, want := range map[int]float64{2: 10.86, 3: 361.9, 4: 7238} {
		got, err := modernhopfield.DenseCapacity(degree, 100)
		require.NoError(t, err)
		require.InEpsilon(t, want, got, 1e-3)
	}
	got, err := modernhopfield.DenseCapacity(2, 1000)
	require.NoError(t, err)
	require.InEpsilon(t, 1000/(2*math.Log(1000)), got, 1e-12)
	for _, bad := range [][2]int{{1, 100}, {2, 1}, {0, 0}} {
		_, err := modernhopfield.DenseCapacity(bad[0], bad[1])
		require.ErrorIs(t, err, energy.ErrConfig)
		_, err = modernhopfield.DenseErrorProbability(bad[0], bad[1], 5)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, err = modernhopfield.DenseErrorProbability(2, 100, 0)
	require.ErrorIs(t, err, energy.ErrConfig)
}

// The share of unstable units of stored patterns against the formula. That is the first term of a normal tail at 1/√noise, whose next
// term lowers it by a factor of about 1 − noise, with 0.2 the largest noise here; and K stands for K − 1, which for 20 patterns is 12 %
// more. Together they leave 0.7 of it.
func TestDenseErrorProbability(t *testing.T) {
	const n = 100
	for _, c := range []struct{ degree, patterns, nets int }{{2, 20, 40}, {3, 800, 3}, {4, 12000, 1}} {
		wrong, total := 0, 0
		for seed := range uint64(c.nets) {
			patterns := randomSpins(seed, c.patterns, n)
			m := denseMemory(t, energy.Power(c.degree), patterns, n)
			asked := patterns[:min(c.patterns, 400)*n]
			got, err := m.Recall(spinTensor(asked, n), modernhopfield.DenseRecall{Synchronous: true, MaxSweeps: 1})
			require.NoError(t, err)
			for i, s := range got.States.Float64s() {
				if s != asked[i] {
					wrong++
				}
				total++
			}
		}
		p, err := modernhopfield.DenseErrorProbability(c.degree, n, c.patterns)
		require.NoError(t, err)
		t.Logf("degree %d, %d patterns: %.4f of the units are unstable, the formula says %.4f", c.degree, c.patterns, float64(wrong)/float64(total), p)
		require.InEpsilon(t, p, float64(wrong)/float64(total), 0.45)
	}
}

// Krotov & Hopfield's experiment, section 2 (there with 10,000 starts): 2,000 random patterns of 100 units, recalled from random
// states. Degrees 2 and 3 never get to a pattern, 4 nearly always, 5 and more always. Of even powers the negatives are memories too.
func TestDenseCapacityExperiment(t *testing.T) {
	const n, k, starts = 100, 2000, 60
	states := spinTensor(randomSpins(2, starts, n), n)
	patterns := randomSpins(1, k, n)
	for degree := 2; degree <= 8; degree++ {
		for _, f := range []energy.Interaction{energy.Power(degree), energy.RectifiedPower(degree)} {
			m := denseMemory(t, f, patterns, n)
			got, err := m.Recall(states, modernhopfield.DenseRecall{})
			require.NoError(t, err)
			overlaps, err := m.Overlaps(got.States)
			require.NoError(t, err)
			arrived := 0
			for i, row := range overlaps {
				require.True(t, got.Settled[i])
				best := slices.Max(row)
				if degree%2 == 0 && !f.Rectified() {
					best = max(best, -slices.Min(row))
				}
				if best == n {
					arrived++
				}
			}
			t.Logf("%v: %d of %d random states end in a memory", f, arrived, starts)
			switch {
			case degree <= 3:
				require.Zero(t, arrived, "%v", f)
			case degree == 4:
				require.Greater(t, arrived, starts/2, "%v", f)
			default:
				require.Equal(t, starts, arrived, "%v", f)
			}
		}
	}
}

func TestSpinRate(t *testing.T) {
	require.Zero(t, modernhopfield.SpinRate(0))
	require.InDelta(t, math.Ln2, modernhopfield.SpinRate(1), 1e-15)
	require.Equal(t, modernhopfield.SpinRate(1), modernhopfield.SpinRate(-1))
	require.InDelta(t, 0.1308120, modernhopfield.SpinRate(0.5), 1e-7) // ½(1.5 ln 1.5 + 0.5 ln 0.5)
	require.True(t, math.IsInf(modernhopfield.SpinRate(1.1), 1))
	require.True(t, math.IsNaN(modernhopfield.SpinRate(math.NaN())))
	bound, err := modernhopfield.ExponentialLoad(0)
	require.NoError(t, err)
	require.InDelta(t, math.Ln2/2, bound, 1e-15) // 2^(N/2) patterns
	for _, bad := range []float64{0.5, -0.1, 1, math.NaN()} {
		_, err := modernhopfield.ExponentialLoad(bad)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
}

// recovered is the share of stored patterns that an exponential memory of exp(αN) + 1 gives back in one sweep, with the first ρN units
// corrupted.
func recovered(t *testing.T, n int, alpha, corrupted float64, seed uint64) float64 {
	k := int(math.Exp(alpha*float64(n))) + 1
	patterns := randomSpins(seed, k, n)
	asked := patterns[:min(k, 100)*n]
	states := slices.Clone(asked)
	for lo := 0; lo < len(states); lo += n {
		for i := range int(corrupted * float64(n)) {
			states[lo+i] *= -1
		}
	}
	got, err := denseMemory(t, energy.Exponential(), patterns, n).Recall(spinTensor(states, n), modernhopfield.DenseRecall{MaxSweeps: 1})
	require.NoError(t, err)
	back := 0
	for lo := 0; lo < len(asked); lo += n {
		if slices.Equal(asked[lo:lo+n], got.States.Float64s()[lo:lo+n]) {
			back++
		}
	}
	return float64(back) / float64(len(asked)/n)
}

// Below the bound of the theorem patterns come back; above I(1 − 2ρ), twice the bound, other patterns are nearer to the corrupted one
// than its own: exp(αN) of them, each with probability exp(−N I).
func TestExponentialRecovery(t *testing.T) {
	for _, c := range []struct {
		n                int
		corrupted, share float64 // of the bound
		low, high        float64
	}{{40, 0.1, 0.8, 1, 1}, {60, 0.25, 0.8, 1, 1}, {40, 0.25, 0.8, 1, 1}, {40, 0.25, 3.2, 0, 0.4}, {50, 0.3, 4, 0, 0.4}} {
		bound, err := modernhopfield.ExponentialLoad(c.corrupted)
		require.NoError(t, err)
		for _, seed := range []uint64{1, 2, 3} {
			got := recovered(t, c.n, c.share*bound, c.corrupted, seed)
			t.Logf("N = %d, ρ = %g, α = %.1f of the bound: %.2f recovered", c.n, c.corrupted, c.share, got)
			require.GreaterOrEqual(t, got, c.low)
			require.LessOrEqual(t, got, c.high)
		}
	}
}
