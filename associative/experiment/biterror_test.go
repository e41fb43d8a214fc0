package experiment

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// All sets of three patterns of four units, by enumeration.
func TestBitErrorProbabilityByEnumeration(t *testing.T) {
	const n, m = 4, 3
	for _, keep := range []bool{false, true} {
		for _, ties := range []associative.Ties{associative.Keep, associative.Minus} {
			wrong := 0
			for code := range 1 << (n * m) {
				x := func(mu, i int) int { return 2*(code>>(mu*n+i)&1) - 1 }
				field := 0
				for mu := range m {
					for j := range n {
						if j > 0 || keep {
							field += x(mu, 0) * x(mu, j) * x(0, j)
						}
					}
				}
				if field*x(0, 0) < 0 || field == 0 && ties == associative.Minus && x(0, 0) == 1 {
					wrong++
				}
			}
			require.InDelta(t, float64(wrong)/(1<<(n*m)), BitErrorProbability(n, m, keep, ties), 1e-14, "diagonal %v, ties %v", keep, ties)
		}
	}
	require.Zero(t, BitErrorProbability(100, 1, false, associative.Minus), "a single pattern has no crosstalk")
}

// Independent networks give independent bits, whose number is binomial with the exact probability; the Gaussian approximation, the twin, is
// told from it.
func TestBitErrorsAgainstExactProbability(t *testing.T) {
	const n, m, networks, alpha = 30, 5, 12000, 1e-6
	p := BitErrorProbability(n, m, false, associative.Keep)
	for _, seed := range stattest.Seeds {
		drawn, wrong := newSets(seed, "patterns", n, false), make([]int, networks)
		require.NoError(t, eachSet(t.Context(), networks, nil, func(set int) error {
			patterns := drawn.draw(set, m)
			h, err := learn(t.Context(), associative.Hebb{}, associative.Keep, patterns, n)
			if err != nil {
				return err
			}
			next, err := after(h, patterns[:n], 1)
			if err == nil && next[0] != patterns[0] {
				wrong[set] = 1
			}
			return err
		}))
		hits := 0
		for _, w := range wrong {
			hits += w
		}
		counts := []int{hits, networks - hits}
		require.NoError(t, stattest.Distribution(counts, []float64{p, 1 - p}, alpha))
		twin := BitErrorProbability(n, 2*m, false, associative.Keep)
		require.Error(t, stattest.Distribution(counts, []float64{twin, 1 - twin}, alpha), "twice the patterns")
	}
}

func TestGaussianBitError(t *testing.T) {
	// Table 2.1 of Hertz, Krogh, Palmer: the load at which the probability is so much.
	for _, c := range []struct{ p, load float64 }{{0.001, 0.105}, {0.0036, 0.138}, {0.01, 0.185}, {0.05, 0.37}, {0.1, 0.61}} {
		require.InEpsilon(t, c.p, GaussianBitError(1, c.load), 0.03, "load %g", c.load)
	}
	// It is what the exact probability goes to.
	for n, within := range map[int]float64{100: 0.3, 1000: 0.1, 10000: 0.03} {
		require.InEpsilon(t, GaussianBitError(1, 0.185), BitErrorProbability(n, int(0.185*float64(n)), false, associative.Keep), within, "n = %d", n)
	}
}

func TestBitErrors(t *testing.T) {
	got, err := BitErrors(t.Context(), BitErrorConfig{Units: 40, Stored: []int{4, 8, 16}, Sets: 200})
	require.NoError(t, err)
	for k := range got.Stored {
		// Half a width more: six intervals of 95 % need not all hold.
		e := got.Measured[k]
		require.InDelta(t, got.Exact[k], e.Value, 1.5*math.Max(e.High-e.Value, e.Value-e.Low))
	}
	require.Greater(t, got.OnePercent, 6)
	require.LessOrEqual(t, BitErrorProbability(40, got.OnePercent-1, false, associative.Keep), 0.01)
	require.Greater(t, BitErrorProbability(40, got.OnePercent, false, associative.Keep), 0.01)
	for _, c := range []BitErrorConfig{{Units: 1}, {Stored: []int{0}}, {Sets: 1}, {Ties: -1}} {
		_, err := BitErrors(t.Context(), c)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
}
