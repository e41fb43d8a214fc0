package stattest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func normals(r *rand.Rand, n int, mean, sd float64) []float64 {
	samples := make([]float64, n)
	for i := range samples {
		samples[i] = mean + sd*r.NormFloat64()
	}
	return samples
}

// The two-sided 5 % point of the normal law is 1.960, the 1e-6 point 4.892.
func TestMeanQuantile(t *testing.T) {
	for _, c := range []struct{ alpha, z float64 }{{0.05, 1.95996}, {1e-6, 4.89164}, {1e-20, 9.34}} {
		for _, sign := range []float64{-1, 1} {
			// Four samples with sd 2 have a mean of sd 1.
			near, far := 3+sign*(c.z-0.01), 3+sign*(c.z+0.01)
			require.NoError(t, Mean([]float64{near, near, near, near}, 3, 2, c.alpha))
			require.ErrorContains(t, Mean([]float64{far, far, far, far}, 3, 2, c.alpha), "mean of 4 samples")
		}
	}
}

func TestMean(t *testing.T) {
	const n, alpha, mean, sd = 10000, 1e-6, -2, 3
	// Two limits away, a sample mean comes back inside one with probability alpha/2.
	off := 2 * 4.9 * sd / math.Sqrt(n)
	for _, seed := range Seeds {
		require.NoError(t, Mean(normals(source(seed), n, mean, sd), mean, sd, alpha))
		require.Error(t, Mean(normals(source(seed), n, mean+off, sd), mean, sd, alpha))
		require.Error(t, Mean(normals(source(seed), n, mean-off, sd), mean, sd, alpha))
	}
}

func TestMeanFalseAlarms(t *testing.T) {
	const rounds, n, alpha = 4000, 20, 0.05
	alarms := falseAlarms(rounds, func(r *rand.Rand) error { return Mean(normals(r, n, 1, 2), 1, 2, alpha) })
	require.True(t, atMost(alarms, rounds, alpha), alarms)
	require.True(t, atLeast(alarms, rounds, alpha), alarms)

	// Samples a quarter wider, or narrower, than claimed alarm too often, or too seldom.
	wide := falseAlarms(rounds, func(r *rand.Rand) error { return Mean(normals(r, n, 1, 2.5), 1, 2, alpha) })
	require.False(t, atMost(wide, rounds, alpha), wide)
	narrow := falseAlarms(rounds, func(r *rand.Rand) error { return Mean(normals(r, n, 1, 1.5), 1, 2, alpha) })
	require.False(t, atLeast(narrow, rounds, alpha), narrow)
}

func TestMeanRefuses(t *testing.T) {
	require.ErrorContains(t, Mean(nil, 0, 1, 0.01), "no samples")
	for _, sd := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		require.ErrorContains(t, Mean([]float64{0}, 0, sd, 0.01), "sd is")
	}
	require.Error(t, Mean([]float64{0, math.NaN()}, 0, 1, 0.01))
	require.Error(t, Mean([]float64{0, math.Inf(1)}, 0, 1, 0.01))
	require.Error(t, Mean([]float64{0}, math.NaN(), 1, 0.01))
}
