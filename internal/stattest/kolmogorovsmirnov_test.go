package stattest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// uniform is the distribution function on [0, 1].
func uniform(x float64) float64 { return min(max(x, 0), 1) }

func uniforms(r *rand.Rand, n int) []float64 {
	samples := make([]float64, n)
	for i := range samples {
		samples[i] = r.Float64()
	}
	return samples
}

// Small samples whose distance D is plain to see: the limit equals D at
// alpha = 2·exp(−2nD²).
func TestKolmogorovSmirnovDistance(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		d       float64
	}{
		{[]float64{0.3, 0.1, 0.4, 0.2}, 0.6},  // above the last sample, F_n = 1, F = 0.4
		{[]float64{0.9, 0.7, 0.8, 0.75}, 0.7}, // below the first, F_n = 0, F = 0.7
		{[]float64{0.5, 0.5, 0.5, 0.5}, 0.5},  // ties
		{[]float64{0.3, 0.9, 0.3, 0.6, 0.3}, 0.3},
	} {
		order := append([]float64(nil), c.samples...)
		at := 2 * math.Exp(-2*float64(len(c.samples))*c.d*c.d)
		require.NoError(t, KolmogorovSmirnov(c.samples, uniform, min(at*0.99, 0.999)))
		if at*1.01 < 1 {
			require.ErrorContains(t, KolmogorovSmirnov(c.samples, uniform, at*1.01), "differ by")
		}
		require.Equal(t, order, c.samples, "samples are left in their order")
	}
}

func TestKolmogorovSmirnov(t *testing.T) {
	const n, alpha = 20000, 1e-6
	// A tenth of a standard deviation moves the distribution function by 0.0399
	// at the middle; both the limit and the sample's own error are 0.019.
	for _, seed := range Seeds {
		require.NoError(t, KolmogorovSmirnov(normals(source(seed), n, 0, 1), distuv.UnitNormal.CDF, alpha))
		require.Error(t, KolmogorovSmirnov(normals(source(seed), n, 0.1, 1), distuv.UnitNormal.CDF, alpha))
		require.Error(t, KolmogorovSmirnov(normals(source(seed), n, 0, 1.2), distuv.UnitNormal.CDF, alpha))
	}
}

func TestKolmogorovSmirnovFalseAlarms(t *testing.T) {
	const rounds, n, alpha = 4000, 500, 0.05
	alarms := falseAlarms(rounds, func(r *rand.Rand) error { return KolmogorovSmirnov(uniforms(r, n), uniform, alpha) })
	require.True(t, atMost(alarms, rounds, alpha), alarms)
	// The inequality is nearly an equality at this n.
	require.True(t, atLeast(alarms, rounds, 0.9*alpha), alarms)

	// Every draw taken twice, as correlated draws would be.
	twice := falseAlarms(rounds, func(r *rand.Rand) error {
		samples := uniforms(r, n)
		return KolmogorovSmirnov(append(samples, samples...), uniform, alpha)
	})
	require.False(t, atMost(twice, rounds, alpha), twice)
}

func TestKolmogorovSmirnovRefuses(t *testing.T) {
	require.ErrorContains(t, KolmogorovSmirnov(nil, uniform, 0.01), "no samples")
	require.ErrorContains(t, KolmogorovSmirnov([]float64{0.1, math.NaN()}, uniform, 0.01), "NaN")
	for _, f := range []float64{-0.1, 1.1, math.NaN()} {
		require.ErrorContains(t, KolmogorovSmirnov([]float64{0.5}, func(float64) float64 { return f }, 0.01), "want 0 to 1")
	}
}
