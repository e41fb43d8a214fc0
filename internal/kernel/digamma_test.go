package kernel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// ψ(1) = −γ, ψ(½) = −γ − 2 log 2, ψ(n+1) = ψ(1) + Σ 1/k, and ψ(x+1) = ψ(x) + 1/x, ψ(2x) = ½ψ(x) + ½ψ(x+½) + log 2 everywhere.
func TestDigamma(t *testing.T) {
	const euler = 0.57721566490153286060651209008240243104
	require.InDelta(t, -euler, Digamma(1), 1e-15)
	require.InDelta(t, -euler-2*math.Ln2, Digamma(0.5), 1e-15)
	sum := -euler
	for n := 1.0; n < 1000; n++ {
		sum += 1 / n
		require.InEpsilon(t, sum, Digamma(n+1), 1e-14)
	}
	for x := 1e-3; x < 1e6; x *= 1.3 {
		require.InDelta(t, Digamma(x)+1/x, Digamma(x+1), 1e-14*max(1, 1/x), x)
		require.InDelta(t, Digamma(x)/2+Digamma(x+0.5)/2+math.Ln2, Digamma(2*x), 1e-14*max(1, 1/x, math.Log(x)), x)
	}
	for _, x := range []float64{math.NaN(), 0, -0.5, -1e300} {
		require.True(t, math.IsNaN(Digamma(x)))
	}
	require.Equal(t, math.Inf(1), Digamma(math.Inf(1)))
}
