package sampling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// sigmas is the two-sided normal quantile of alpha.
var sigmas = distuv.UnitNormal.Quantile(1 - alpha/2)

// autoregressive makes chains x' = ρx + √(1−ρ²)·z that start in equilibrium, N(0, 1): ρ(t) = ρᵗ.
func autoregressive(r *rand.Rand, rho float64, chains, n int) [][]float64 {
	all := make([][]float64, chains)
	for i := range all {
		x := r.NormFloat64()
		for range n {
			all[i] = append(all[i], x)
			x = rho*x + math.Sqrt(1-rho*rho)*r.NormFloat64()
		}
	}
	return all
}

// twoStates makes chains of 0 and 1 that leave 0 with probability a and 1 with probability b, in equilibrium: ρ(t) = (1−a−b)ᵗ.
func twoStates(r *rand.Rand, a, b float64, chains, n int) [][]float64 {
	all := make([][]float64, chains)
	for i := range all {
		x := 0.0
		if r.Float64() < a/(a+b) {
			x = 1
		}
		for range n {
			all[i] = append(all[i], x)
			if leave := []float64{a, b}[int(x)]; r.Float64() < leave {
				x = 1 - x
			}
		}
	}
	return all
}

// truncated is 1 + 2 Σ_{t=1}^{W} ρᵗ at the window W of Sokal's rule, which is what the estimate tends to.
func truncated(rho float64) float64 {
	tau, w := 1.0, 0
	for float64(w) < windowTimes*max(tau, 1) {
		tau += 2 * (math.Pow(rho, float64(w+1)) + math.Pow(rho, float64(w+2)))
		w += 2
	}
	return tau
}

func TestAutocorrelationTimeOfKnownChains(t *testing.T) {
	for _, c := range []struct {
		name      string
		rho       float64
		chains, n int
		make      func(r *rand.Rand, chains, n int) [][]float64
	}{
		{"independent", 0, 1, 20_000, nil}, {"AR(1)", 0.5, 1, 50_000, nil}, {"AR(1)", 0.9, 1, 200_000, nil}, {"AR(1)", 0.9, 1000, 200, nil},
		{"AR(1)", -0.5, 1, 50_000, nil}, {"AR(1)", -0.5, 100, 500, nil},
		{"two states", 0.8, 4, 30_000, func(r *rand.Rand, chains, n int) [][]float64 { return twoStates(r, 0.05, 0.15, chains, n) }},
		{"two states", -0.6, 4, 10_000, func(r *rand.Rand, chains, n int) [][]float64 { return twoStates(r, 0.9, 0.7, chains, n) }},
	} {
		t.Run(fmt.Sprintf("%s %g, %d×%d", c.name, c.rho, c.chains, c.n), func(t *testing.T) {
			exact := (1 + c.rho) / (1 - c.rho)
			if c.rho >= 0 {
				require.InEpsilon(t, exact, truncated(c.rho), math.Exp(-windowTimes))
			}
			for _, seed := range stattest.Seeds {
				r := rand.New(rand.NewPCG(seed, 1))
				x := autoregressive(r, c.rho, c.chains, c.n)
				if c.make != nil {
					x = c.make(r, c.chains, c.n)
				}
				tau, deviation, err := AutocorrelationTime(x)
				require.NoError(t, err)
				require.Less(t, deviation, exact/6)
				require.InDelta(t, truncated(c.rho), tau, sigmas*deviation)
				size, err := EffectiveSampleSize(x)
				require.NoError(t, err)
				require.InEpsilon(t, float64(c.chains*c.n)/tau, size, 1e-12)
			}
		})
	}
	// Broken twins, of which 0.9 is the sharpest test: without the factor 2, without lag 0, and a window that ends at the first τ.
	x := autoregressive(rand.New(rand.NewPCG(1, 1)), 0.9, 1, 200_000)
	tau, deviation, err := AutocorrelationTime(x)
	require.NoError(t, err)
	for _, twin := range []float64{1 + 0.9/0.1, 19 * (1 - math.Exp(-1)), 2 * 19} {
		require.Greater(t, math.Abs(twin-tau), sigmas*deviation)
	}
}

// τ and its standard error are those of the plain sums, number for number.
func TestAutocorrelationTimeIsItsFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 30 {
		chains, n := 1+r.IntN(3), 200+r.IntN(100)
		x := autoregressive(r, 0.7*r.Float64(), chains, n)
		mean := 0.0
		for _, v := range slices.Concat(x...) {
			mean += v / float64(chains*n)
		}
		covariance := func(lag int) (c float64) {
			for _, series := range x {
				for s := range n - lag {
					c += (series[s] - mean) * (series[s+lag] - mean) / float64(chains*(n-lag))
				}
			}
			return c
		}
		want, w := 1.0, 0
		var rho []float64
		for rho = []float64{1}; float64(w) < 5*max(want, 1); w += 2 {
			rho = append(rho, covariance(w+1)/covariance(0), covariance(w+2)/covariance(0))
			want += 2 * (rho[w+1] + rho[w+2])
		}
		tau, deviation, err := AutocorrelationTime(x)
		require.NoError(t, err)
		if want*50 > float64(chains*n) || w > n/2 {
			require.Equal(t, math.Inf(1), tau)
			continue
		}
		require.InDelta(t, want, tau, 1e-12)
		require.InDelta(t, want*math.Sqrt(float64(4*w+2)/float64(chains*n)), deviation, 1e-12)
		got, err := Autocorrelation(x, w)
		require.NoError(t, err)
		require.InDeltaSlice(t, rho, got, 1e-12)
		e, err := StandardError(x)
		require.NoError(t, err)
		require.InDelta(t, math.Sqrt(covariance(0)*want/float64(chains*n)), e, 1e-12)
	}
}

// Where the series do not say, neither does the diagnostic.
func TestDiagnosticsOfSeriesThatSayNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	inf, repeat := math.Inf(1), func(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }
	for _, c := range []struct {
		name                      string
		chains                    [][]float64
		tau, size, standard, rHat float64
	}{
		{"one constant chain", [][]float64{repeat(0.1, 100)}, math.NaN(), math.NaN(), 0, math.NaN()},
		{"constant chains", [][]float64{repeat(-0.7, 100), repeat(-0.7, 100)}, math.NaN(), math.NaN(), 0, math.NaN()},
		{"chains that never move", [][]float64{repeat(0.1, 100), repeat(0.3, 100)}, inf, 0, inf, inf},
		{"too few samples", autoregressive(r, 0, 100, 11), inf, 0, inf, 1},
		{"too few samples for τ", autoregressive(r, 0.99, 1, 3000), inf, 0, inf, -1},
		{"a trend", [][]float64{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}}, inf, 0, inf, -1},
	} {
		equal := func(want, got float64, err error) {
			require.NoError(t, err, c.name)
			if want >= 0 || math.IsNaN(want) { // below 0: any
				require.InDelta(t, want, got, 0.1, c.name)
			}
		}
		tau, deviation, err := AutocorrelationTime(c.chains)
		equal(c.tau, tau, err)
		equal(c.tau, deviation, err)
		size, err := EffectiveSampleSize(c.chains)
		equal(c.size, size, err)
		e, err := StandardError(c.chains)
		equal(c.standard, e, err)
		rHat, err := RHat(c.chains)
		equal(c.rHat, rHat, err)
		rank, err := RankRHat(c.chains)
		equal(c.rHat, rank, err)
	}
	// Chains that each mix in a mode of their own: their own means would make the time that of one mode.
	x := autoregressive(r, 0, 2, 5000)
	for i := range x[0] {
		x[0][i] += 5
	}
	tau, _, err := AutocorrelationTime(x)
	require.NoError(t, err)
	require.Equal(t, inf, tau)
	for _, chain := range x {
		tau, _, err := AutocorrelationTime([][]float64{chain})
		require.NoError(t, err)
		require.InDelta(t, 1, tau, 0.3)
	}
}

// The means of many runs scatter as each run says of itself.
func TestStandardErrorIsThatOfTheMean(t *testing.T) {
	const runs = 400
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 3))
		var squared, naive float64
		for range runs {
			x := autoregressive(r, 0.8, 2, 2000)
			mean := 0.0
			for _, v := range slices.Concat(x...) {
				mean += v / 4000
			}
			e, err := StandardError(x)
			require.NoError(t, err)
			squared += mean * mean / (e * e) / runs
			naive += mean * mean * 4000 / runs
		}
		// The sum of the squares is χ² with 400 degrees of freedom, wider by the errors of e² (about 12 % each, independent of
		// the mean for Gaussian series), which raise the mean by 1.5 %.
		band := sigmas * math.Sqrt(2.0/runs)
		require.InDelta(t, 1.015, squared, band*1.1)
		require.Greater(t, naive-1.015, band*1.1, "a broken twin that takes samples for independent must fail")
	}
}

// R̂ against its formula, written once more.
func TestRHatIsItsFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for _, n := range []int{4, 5, 40, 101} {
		x := autoregressive(r, 0.5, 3, n)
		var parts [][]float64
		for _, c := range x {
			parts = append(parts, c[:n/2], c[n-n/2:])
		}
		want := formulaRHat(parts)
		got, err := RHat(x)
		require.NoError(t, err)
		require.InDelta(t, want, got, 1e-12)

		all := slices.Concat(parts...)
		scores := func(of func(v float64) float64) [][]float64 {
			var out [][]float64
			for _, p := range parts {
				var row []float64
				for _, v := range p {
					less, equal := 0, 0
					for _, w := range all {
						if of(w) < of(v) {
							less++
						} else if of(w) == of(v) {
							equal++
						}
					}
					rank := float64(less) + float64(equal+1)/2
					row = append(row, distuv.UnitNormal.Quantile((rank-3.0/8)/(float64(len(all))+1.0/4)))
				}
				out = append(out, row)
			}
			return out
		}
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		median := (sorted[len(all)/2-1] + sorted[len(all)/2]) / 2 // there are as many first as second halves
		want = max(formulaRHat(scores(func(v float64) float64 { return v })), formulaRHat(scores(func(v float64) float64 { return math.Abs(v - median) })))
		got, err = RankRHat(x)
		require.NoError(t, err)
		require.InDelta(t, want, got, 1e-9)
	}
}

func formulaRHat(chains [][]float64) float64 {
	m, n := float64(len(chains)), float64(len(chains[0]))
	var means []float64
	within := 0.0
	for _, c := range chains {
		mean := 0.0
		for _, v := range c {
			mean += v / n
		}
		for _, v := range c {
			within += (v - mean) * (v - mean) / (n - 1) / m
		}
		means = append(means, mean)
	}
	mean, between := 0.0, 0.0
	for _, v := range means {
		mean += v / m
	}
	for _, v := range means {
		between += n * (v - mean) * (v - mean) / (m - 1)
	}
	return math.Sqrt(((n-1)/n*within + between/n) / within)
}

// What each R̂ is for: a trend, chains apart, chains of different scales, and a quantity without a variance.
func TestRHatSeesChainsThatDisagree(t *testing.T) {
	both := func(x [][]float64) (plain, rank float64) {
		plain, err := RHat(x)
		require.NoError(t, err)
		rank, err = RankRHat(x)
		require.NoError(t, err)
		return plain, rank
	}
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 5))
		x := autoregressive(r, 0, 4, 1000)
		plain, rank := both(x)
		require.Less(t, plain, 1.01)
		require.Less(t, rank, 1.01)

		trend := autoregressive(r, 0, 4, 1000)
		for _, c := range trend {
			for i := range c {
				c[i] += float64(i) / 500
			}
		}
		plain, rank = both(trend)
		require.Greater(t, plain, 1.1)
		require.Greater(t, rank, 1.1)
		require.Less(t, formulaRHat(trend), 1.01, "chains that are not split do not show it")

		for i := range x[0] {
			x[0][i] *= 3
		}
		plain, rank = both(x)
		require.Less(t, plain, 1.01)
		require.Greater(t, rank, 1.05)

		cauchy := autoregressive(r, 0, 4, 1000)
		for _, c := range cauchy {
			for i := range c {
				c[i] /= r.NormFloat64()
			}
		}
		_, rank = both(cauchy)
		require.Less(t, rank, 1.01)
		for i := range cauchy[0] {
			cauchy[0][i] += 3
		}
		_, rank = both(cauchy)
		require.Greater(t, rank, 1.1)
	}
}

// Nothing depends on where numbers lie or how large they are.
func TestDiagnosticsIgnoreUnits(t *testing.T) {
	x := autoregressive(rand.New(rand.NewPCG(6, 1)), 0.6, 3, 2000)
	y := make([][]float64, len(x))
	for i, c := range x {
		for _, v := range c {
			y[i] = append(y[i], 1e9-8*v)
		}
	}
	for _, f := range []func([][]float64) (float64, error){
		func(c [][]float64) (float64, error) { tau, _, err := AutocorrelationTime(c); return tau, err }, RHat, RankRHat, EffectiveSampleSize,
	} {
		require.InEpsilon(t, must(f(x)), must(f(y)), 1e-5) // 1e9 leaves 1e-7 of a number
	}
	require.InEpsilon(t, 8*must(StandardError(x)), must(StandardError(y)), 1e-5)
}

func TestDiagnosticsRefuse(t *testing.T) {
	for what, f := range map[string]func(c [][]float64) error{
		"AutocorrelationTime": func(c [][]float64) error { _, _, err := AutocorrelationTime(c); return err },
		"Autocorrelation":     func(c [][]float64) error { _, err := Autocorrelation(c, 0); return err },
		"EffectiveSampleSize": func(c [][]float64) error { _, err := EffectiveSampleSize(c); return err },
		"StandardError":       func(c [][]float64) error { _, err := StandardError(c); return err },
		"RHat":                func(c [][]float64) error { _, err := RHat(c); return err },
		"RankRHat":            func(c [][]float64) error { _, err := RankRHat(c); return err },
	} {
		for _, c := range []struct {
			message  string
			sentinel error
			chains   [][]float64
		}{
			{"no chains given", energy.ErrShape, nil},
			{"chain 0 has 0 samples", energy.ErrShape, [][]float64{{}}},
			{"chain 1 has 4 samples, chain 0 5", energy.ErrShape, [][]float64{{1, 2, 3, 4, 5}, {1, 2, 3, 4}}},
			{"chain 1: ", energy.ErrNotFinite, [][]float64{{1, 2, 3, 4}, {1, 2, math.NaN(), 4}}},
			{"chain 0: ", energy.ErrNotFinite, [][]float64{{1, 2, 3, math.Inf(1)}, {1, 2, 3, 4}}},
		} {
			refused{"sampling: " + what + ": " + c.message, c.sentinel, func() error { return f(c.chains) }}.check(t)
		}
	}
	refused{"sampling: RHat: chain 0 has 3 samples", energy.ErrShape, func() error { _, err := RHat([][]float64{{1, 2, 3}}); return err }}.check(t)
	for _, lags := range []int{-1, 4} {
		refused{fmt.Sprintf("sampling: Autocorrelation: %d lags of 4 samples, want 0 to 3", lags), energy.ErrConfig, func() error {
			_, err := Autocorrelation([][]float64{{1, 2, 3, 4}}, lags)
			return err
		}}.check(t)
	}
}
