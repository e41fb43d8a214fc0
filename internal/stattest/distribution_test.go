package stattest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestTotalVariation(t *testing.T) {
	half := []float64{0.5, 0.5}
	require.Zero(t, TotalVariation([]int{3, 3}, half))
	require.InDelta(t, 0.5, TotalVariation([]int{7, 0}, half), 1e-15)
	require.InDelta(t, 0.25, TotalVariation([]int{1, 3}, half), 1e-15)
	require.InDelta(t, 1, TotalVariation([]int{5, 0}, []float64{0, 1}), 1e-15)
	require.Panics(t, func() { TotalVariation([]int{1}, half) })
}

// The closed form equals the sum over all counts that it stands for.
func TestFloorIsExact(t *testing.T) {
	for _, n := range []int{1, 2, 7, 40, 300} {
		for _, p := range []float64{1e-4, 0.01, 0.25, 1. / 3, 0.5, 0.9, 0.99999} {
			b := distuv.Binomial{N: float64(n), P: p}
			var deviation float64
			for k := 0; k <= n; k++ {
				deviation += b.Prob(float64(k)) * math.Abs(float64(k)-float64(n)*p)
			}
			// Both cells of a coin deviate alike, and the floor is half their sum over n.
			require.InEpsilon(t, deviation/float64(n), Floor(n, []float64{p, 1 - p}), 1e-9, "n %d p %g", n, p)
		}
	}
	require.Zero(t, Floor(10, []float64{0, 1}))
}

// For common cells the floor is the normal one.
func TestFloorOfManyDraws(t *testing.T) {
	n := 10_000_000
	var normal float64
	for _, p := range skewed {
		normal += math.Sqrt(2*p*(1-p)/(math.Pi*float64(n))) / 2
	}
	require.InEpsilon(t, normal, Floor(n, skewed), 1e-4)
}

// The mean distance of many samples of rare cells is the floor; the normal
// approximation, nearly twice as large there, is not.
func TestFloorIsTheMeanDistance(t *testing.T) {
	const cells, n, rounds = 200, 10, 2000
	p := make([]float64, cells)
	var normal float64
	for i := range p {
		p[i] = 1. / cells
		normal += math.Sqrt(2*p[i]*(1-p[i])/(math.Pi*n)) / 2
	}
	// McDiarmid for the mean over all rounds, which a draw moves by at most 1/(n·rounds).
	tolerance := math.Sqrt(math.Log(2/1e-6) / (2 * n * rounds))
	for _, seed := range Seeds {
		r := source(seed)
		var sum float64
		for range rounds {
			sum += TotalVariation(draw(r, p, n), p)
		}
		require.InDelta(t, Floor(n, p), sum/rounds, tolerance)
		require.Greater(t, math.Abs(normal-sum/rounds), tolerance)
	}
}

func TestLimit(t *testing.T) {
	// exp(−2·50·t²) = e⁻⁴ at t = 0.2.
	require.InDelta(t, Floor(50, skewed)+0.2, Limit(50, skewed, math.Exp(-4)), 1e-12)
	require.Panics(t, func() { Limit(0, skewed, 0.5) })
	require.Panics(t, func() { Limit(10, []float64{0.5}, 0.5) })
}

func TestDistribution(t *testing.T) {
	const n, alpha = 20000, 1e-6
	// The mean distance of the twin's draws is at least its distance from p, and
	// one sample falls short of it by slack with probability at most alpha.
	slack := math.Sqrt(-math.Log(alpha) / (2 * n))
	twin := shifted(skewed, Limit(n, skewed, alpha)+slack)
	for _, seed := range Seeds {
		require.NoError(t, Distribution(draw(source(seed), skewed, n), skewed, alpha))
		require.ErrorContains(t, Distribution(draw(source(seed), twin, n), skewed, alpha), "total variation")
	}
}

func TestDistributionFalseAlarms(t *testing.T) {
	const rounds, n, alpha = 2000, 500, 0.05
	require.True(t, atMost(falseAlarms(rounds, func(r *rand.Rand) error {
		return Distribution(draw(r, skewed, n), skewed, alpha)
	}), rounds, alpha))

	twin := shifted(skewed, 2*Limit(n, skewed, alpha))
	require.False(t, atMost(falseAlarms(rounds, func(r *rand.Rand) error {
		return Distribution(draw(r, twin, n), skewed, alpha)
	}), rounds, alpha))
}

func TestDistributionRefuses(t *testing.T) {
	half := []float64{0.5, 0.5}
	for _, c := range []struct {
		counts []int
		p      []float64
		want   string
	}{
		{[]int{1}, half, "1 counts, want one for each of 2"},
		{[]int{0, 0}, half, "no draws"},
		{nil, nil, "sum to 0"},
		{[]int{3, -1}, half, "count 1 is -1"},
		{[]int{1, 1}, []float64{0.5, 0.4}, "sum to 0.9"},
		{[]int{1, 1}, []float64{1.5, -0.5}, "probability 1 is -0.5"},
		{[]int{1, 1}, []float64{math.NaN(), 0.5}, "probability 0 is NaN"},
		{[]int{1, 1}, []float64{math.Inf(1), 0.5}, "sum to +Inf"},
		{[]int{1_000_000, 1}, []float64{1, 0}, "cell 1 has probability 0"},
	} {
		require.ErrorContains(t, Distribution(c.counts, c.p, 0.01), c.want)
		require.ErrorContains(t, ChiSquare(c.counts, c.p, 0.01), c.want)
	}
}
