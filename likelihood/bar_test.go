package likelihood

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
)

// works are log-weights of a normal distribution, for which those of the way back have the same deviation and a mean higher by its square.
func works(r *rand.Rand, n int, logZ, sigma, direction float64) Estimate {
	x := make([]float64, n)
	for i := range x {
		x[i] = logZ - direction*sigma*sigma/2 + sigma*r.NormFloat64()
	}
	return must(newEstimate("test", direction, x, 10))
}

// How often 95 % intervals hold the truth, over 1000 repetitions: between 93 and 97.5 % is 95 % with less than four deviations of 0.7 %. The
// delta method's are a little too short where weights differ, and no more than that as long as a fifth of the chains carries weight.
func TestIntervalsHoldTheTruth(t *testing.T) {
	const repetitions, logZ = 1000, 7.0
	for _, sigma := range []float64{0.2, 0.7, 1.2} {
		r := rand.New(rand.NewPCG(1, uint64(100*sigma)))
		forwardHolds, reverseHolds, bridgeHolds, swappedHolds := 0, 0, 0, 0
		for range repetitions {
			forward, reverse := works(r, 100, logZ, sigma, 1), works(r, 150, logZ, sigma, -1)
			holds := func(e Estimate) int {
				low, high := e.Interval(0.95)
				if low <= logZ && logZ <= high {
					return 1
				}
				return 0
			}
			forwardHolds += holds(forward)
			reverseHolds += holds(reverse)
			bridgeHolds += holds(must(BAR(forward, reverse)))
			swappedHolds += holds(must(BAR(reverse, forward)))
		}
		t.Logf("σ = %g: forward %d, reverse %d, bridge %d, bridge of the wrong way round %d of %d", sigma, forwardHolds, reverseHolds, bridgeHolds, swappedHolds, repetitions)
		if sigma > 0.5 {
			require.Less(t, swappedHolds, 500, "the wrong way round is not seen")
		}
		least := 930
		if sigma > 1 {
			least = 850
		}
		require.GreaterOrEqual(t, forwardHolds, least)
		require.GreaterOrEqual(t, reverseHolds, least)
		require.GreaterOrEqual(t, bridgeHolds, 930)
		require.LessOrEqual(t, max(bridgeHolds, reverseHolds, forwardHolds), 975)
	}
}

// With the works of a wide gap neither direction finds log Z alone, and the bridge does.
func TestBridgeIsBetterThanEitherSide(t *testing.T) {
	const logZ = -3.0
	r := rand.New(rand.NewPCG(2, 2))
	var forward, reverse, bridge float64 // mean squared errors
	for range 300 {
		f, b := works(r, 100, logZ, 2, 1), works(r, 100, logZ, 2, -1)
		forward += math.Pow(f.LogZ-logZ, 2) / 300
		reverse += math.Pow(b.LogZ-logZ, 2) / 300
		bridge += math.Pow(must(BAR(f, b)).LogZ-logZ, 2) / 300
	}
	require.Less(t, bridge, min(forward, reverse)/3)
}

func TestBridgeOfEqualWeights(t *testing.T) {
	f := must(newEstimate("AIS", 1, []float64{2, 2, 2}, 5))
	r := must(newEstimate("reverse AIS", -1, []float64{2, 2}, 5))
	e := must(BAR(f, r))
	require.InDelta(t, 2, e.LogZ, 1e-12)
	require.InDelta(t, 0, e.Deviation, 1e-7)
	require.InDelta(t, 5, e.Effective, 1e-12)
	require.Equal(t, 5, e.Chains)
}

func TestBridgeRefuses(t *testing.T) {
	good := must(newEstimate("AIS", 1, []float64{2, 2, 2}, 5))
	longer := must(newEstimate("reverse AIS", -1, []float64{2, 2, 2}, 6))
	broken := good
	broken.LogWeights = []float64{1, math.NaN()}
	for _, c := range []struct {
		f, r Estimate
		want error
		text string
	}{
		{good, Estimate{Temperatures: 5}, energy.ErrConfig, "0 reverse chains"},
		{Estimate{Temperatures: 5}, good, energy.ErrConfig, "0 forward and"},
		{good, longer, energy.ErrConfig, "want one ladder"},
		{broken, good, energy.ErrNotFinite, "log-weights"},
	} {
		_, err := BAR(c.f, c.r)
		require.ErrorIs(t, err, c.want)
		require.ErrorContains(t, err, c.text)
	}
	_, err := newEstimate("AIS", 1, []float64{1, math.Inf(1)}, 3)
	require.ErrorIs(t, err, energy.ErrNotFinite)
}

func TestEstimateOfWeights(t *testing.T) {
	e := must(newEstimate("AIS", 1, []float64{math.Log(1), math.Log(3)}, 4)) // mean 2, deviation √2, so of the mean 1
	require.InDelta(t, math.Log(2), e.LogZ, 1e-12)
	require.InDelta(t, 0.5, e.Deviation, 1e-12)
	require.InDelta(t, 1.6, e.Effective, 1e-12)
	e = must(newEstimate("reverse AIS", -1, []float64{-math.Log(1), -math.Log(3)}, 4))
	require.InDelta(t, -math.Log(2), e.LogZ, 1e-12)
	require.InDelta(t, 0.5, e.Deviation, 1e-12)
	require.Equal(t, "-0.69 ± 0.98 nats (reverse AIS, 2 chains of 4 temperatures, 2 effective)", e.String())
	low, high := e.Interval(0.68268949)
	require.InDelta(t, -math.Log(2)-0.5, low, 1e-6)
	require.InDelta(t, -math.Log(2)+0.5, high, 1e-6)
	require.True(t, math.IsInf(must(newEstimate("AIS", 1, []float64{1}, 4)).Deviation, 1), "one chain tells nothing of its error")
}
