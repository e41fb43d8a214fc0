package stattest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// n samples of one value against n of which some lie above differ by the share of those.
func TestTwoSamplesDistance(t *testing.T) {
	const n, alpha = 1000, 1e-6
	limit := math.Sqrt(math.Log(2/alpha) / n)
	a, b := make([]float64, n), make([]float64, n)
	most := int(limit * n)
	for i := range most {
		b[n-1-i] = 1
	}
	require.NoError(t, TwoSamples(a, b, alpha))
	require.NoError(t, TwoSamples(b, a, alpha))
	b[0] = 1
	require.ErrorContains(t, TwoSamples(a, b, alpha), "differ by 0.121")
	require.ErrorContains(t, TwoSamples(b, a, alpha), "at 0")
	for i := range b {
		b[i] = -1
	}
	require.ErrorContains(t, TwoSamples(a, b, alpha), "differ by 1.0")
}

func TestTwoSamples(t *testing.T) {
	const n, alpha = 10000, 1e-6
	for _, seed := range Seeds {
		r := source(seed)
		require.NoError(t, TwoSamples(normals(r, n, 1, 2), normals(r, n, 1, 2), alpha))
		require.Error(t, TwoSamples(normals(r, n, 1, 2), normals(r, n, 1.3, 2), alpha))
		require.Error(t, TwoSamples(normals(r, n, 1, 2), normals(r, n, 1, 2.4), alpha))
	}
}

func TestTwoSamplesFalseAlarms(t *testing.T) {
	const rounds, n, alpha = 2000, 500, 0.05
	alarms := falseAlarms(rounds, func(r *rand.Rand) error {
		return TwoSamples(uniforms(r, n), uniforms(r, n), alpha)
	})
	require.True(t, atMost(alarms, rounds, alpha), alarms)
	twin := falseAlarms(rounds, func(r *rand.Rand) error { // each draw twice
		x, y := uniforms(r, n/2), uniforms(r, n/2)
		return TwoSamples(append(x, x...), append(y, y...), alpha)
	})
	require.False(t, atMost(twin, rounds, alpha), twin)
}

func TestTwoSamplesRefuses(t *testing.T) {
	x := make([]float64, 500)
	require.ErrorContains(t, TwoSamples(x, x[1:], 0.01), "500 and 499 samples")
	require.ErrorContains(t, TwoSamples(x[:457], x[:457], 0.01), "at least 458")
	require.ErrorContains(t, TwoSamples(x, x, 1), "alpha is 1")
	x[3] = math.NaN()
	require.ErrorContains(t, TwoSamples(x, make([]float64, 500), 0.01), "NaN")
}
