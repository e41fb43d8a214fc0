package stattest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// skewed has common, rare and impossible cells.
var skewed = []float64{0.4, 0.25, 0.2, 0.1, 0.03, 0.015, 0.005, 0}

// source returns the generator of one seed.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// draw counts n exact draws from p.
func draw(r *rand.Rand, p []float64, n int) []int {
	counts := make([]int, len(p))
	for range n {
		u, i := r.Float64(), 0
		for u >= p[i] && i < len(p)-1 {
			u -= p[i]
			i++
		}
		counts[i]++
	}
	return counts
}

// shifted moves mass from the first cell of p to the second, so that the result
// is at total variation distance mass from p.
func shifted(p []float64, mass float64) []float64 {
	q := append([]float64(nil), p...)
	q[0] -= mass
	q[1] += mass
	return q
}

// falseAlarms counts how often test fails in rounds independent rounds.
func falseAlarms(rounds int, test func(r *rand.Rand) error) int {
	r := source(Seeds[1])
	alarms := 0
	for range rounds {
		if test(r) != nil {
			alarms++
		}
	}
	return alarms
}

// atMost and atLeast tell whether so many alarms in so many rounds are
// compatible with a false-alarm probability of at most, or at least, alpha: the
// exact binomial tail is not below 1e-6.
func atMost(alarms, rounds int, alpha float64) bool {
	return distuv.Binomial{N: float64(rounds), P: alpha}.Survival(float64(alarms-1)) >= 1e-6
}

func atLeast(alarms, rounds int, alpha float64) bool {
	return distuv.Binomial{N: float64(rounds), P: alpha}.CDF(float64(alarms)) >= 1e-6
}

func TestSeedsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for _, seed := range Seeds {
		require.False(t, seen[seed], "seed %d twice", seed)
		seen[seed] = true
	}
	require.GreaterOrEqual(t, len(seen), 4)
}

func TestAlphaIsAProbability(t *testing.T) {
	for _, alpha := range []float64{0, 1, -0.1, 2, math.NaN()} {
		require.ErrorContains(t, Distribution([]int{1, 1}, []float64{0.5, 0.5}, alpha), "alpha")
		require.ErrorContains(t, ChiSquare([]int{1, 1}, []float64{0.5, 0.5}, alpha), "alpha")
		require.ErrorContains(t, Mean([]float64{0}, 0, 1, alpha), "alpha")
		require.ErrorContains(t, KolmogorovSmirnov([]float64{0.5}, uniform, alpha), "alpha")
		require.Panics(t, func() { Limit(1, []float64{1}, alpha) })
	}
}
