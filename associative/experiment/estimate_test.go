package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/evaluate"
)

func TestWilson(t *testing.T) {
	for _, n := range []int{1, 7, 100} {
		for hits := range n + 1 {
			low, high := evaluate.Wilson(hits, n)
			gotLow, gotHigh := evaluate.WilsonShare(float64(hits)/float64(n), float64(n), 1.959963984540054)
			require.InDelta(t, low, gotLow, 1e-4, "%d of %d", hits, n) // z = 1.96 there
			require.InDelta(t, high, gotHigh, 1e-4)
		}
	}
}

// An interval of 95 % holds the truth 95 times in 100, also where what a set tells is the mean of vectors that depend on each other. Counting
// these as trials, the twin, holds it far too rarely.
func TestIntervalsCover(t *testing.T) {
	const experiments, sets, vectors, p = 1000, 40, 25, 0.9
	r := rand.New(rand.NewPCG(1, 1))
	held, naive := 0, 0
	for range experiments {
		shares, hits := make([]float64, sets), 0
		for s := range shares {
			easy := r.Float64() < 0.8 // then 0.98 of the vectors, else 0.58: 0.9 of all
			for range vectors {
				if q := r.Float64(); easy && q < 0.98 || !easy && q < 0.58 {
					shares[s] += 1 / float64(vectors)
					hits++
				}
			}
		}
		if e := shareOf(shares); e.Low <= p && p <= e.High {
			held++
		}
		if low, high := evaluate.Wilson(hits, sets*vectors); low <= p && p <= high {
			naive++
		}
	}
	// Deviation of the count: √(1000·0.95·0.05) = 6.9. Five of them, and one in a hundred for what is not normal.
	require.InDelta(t, 0.95*experiments, held, 45)
	require.Less(t, naive, experiments*3/4)
}

func TestShareOfSetsThatAgree(t *testing.T) {
	sure := shareOf([]float64{1, 1, 1, 1})
	require.Equal(t, 1.0, sure.High)
	require.Less(t, sure.Low, 0.5, "four sets are little")
	half := shareOf([]float64{0.5, 0.5, 0.5})
	require.Less(t, half.Low, 0.5)
	require.Greater(t, half.High, 0.5)
	spread := shareOf([]float64{0, 1, 0, 1})
	low, high := evaluate.WilsonShare(0.5, 4, quantile(4))
	require.Equal(t, Estimate{0.5, low, high}, spread, "sets that have all or nothing are trials")
}

func TestMeanOf(t *testing.T) {
	e := meanOf([]float64{1, 2, 3, 4})
	require.Equal(t, 2.5, e.Value)
	// Deviation √(5/3), Student's quantile for 3 degrees of freedom 3.18245 (any table).
	require.InDelta(t, 3.18245*math.Sqrt(5.0/3)/2, e.High-e.Value, 1e-5)
	require.InDelta(t, e.High-e.Value, e.Value-e.Low, 1e-15)
	require.Equal(t, "2.500 (0.446 to 4.554)", e.String())
	require.Equal(t, "250.0 (44.6 to 455.4)", e.percent())
}
