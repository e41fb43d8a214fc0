package evaluate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCorrect(t *testing.T) {
	require.Equal(t, 2, Correct([]int{1, 2, 3}, []int{1, 0, 3}))
	require.Zero(t, Correct(nil, nil))
	require.Panics(t, func() { Correct([]int{1}, nil) })
}

func TestWilson(t *testing.T) {
	// Of 10 trials with 5 hits: (0.5 + z²/20 ± z √(0.025 + z²/400)) / (1 + z²/10), 0.2366 and 0.7634, as in Newcombe,
	// Statistics in Medicine 17 (1998); of 0 in 10: z²/(10 + z²) = 0.2775.
	low, high := Wilson(5, 10)
	require.InDelta(t, 0.2366, low, 5e-5)
	require.InDelta(t, 0.7634, high, 5e-5)
	low, high = Wilson(0, 10)
	require.Zero(t, low)
	require.InDelta(t, 0.2775, high, 5e-5)
	for _, n := range []int{1, 7, 1000} {
		for hits := 0; hits <= n; hits++ {
			low, high := Wilson(hits, n)
			p := float64(hits) / float64(n)
			require.True(t, 0 <= low && low <= p && p <= high && high <= 1, "%d of %d: %g %g", hits, n, low, high)
			if low > 0 { // the defining equation holds at the ends
				require.InDelta(t, math.Abs(p-low), 1.959963984540054*math.Sqrt(low*(1-low)/float64(n)), 1e-9)
			}
			mirrored, _ := Wilson(n-hits, n)
			require.InDelta(t, high, 1-mirrored, 1e-12)
		}
	}
	low, high = Wilson(0, 0)
	require.Equal(t, []float64{0, 1}, []float64{low, high})
}

func TestMeanDeviation(t *testing.T) {
	mean, deviation := MeanDeviation([]float64{1, 2, 3, 4})
	require.InDelta(t, 2.5, mean, 1e-15)
	require.InDelta(t, math.Sqrt(5./3), deviation, 1e-15)
	mean, deviation = MeanDeviation([]float64{3})
	require.Equal(t, 3.0, mean)
	require.True(t, math.IsNaN(deviation))
	mean, _ = MeanDeviation(nil)
	require.True(t, math.IsNaN(mean))
}
