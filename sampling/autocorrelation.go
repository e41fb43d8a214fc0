package sampling

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// windowTimes is Sokal's c: the sum of autocorrelations ends where it is that many times as long as the time it has given.
// What is left out of an exponential decay is then e⁻⁵ to e⁻¹⁰ of the time.
const windowTimes = 5

// leastTimes is how many autocorrelation times there must be among all samples for the time to count as known: its relative
// error is then √(2·(2·5τ + 1)/50τ), some 60 %.
const leastTimes = 50

// AutocorrelationTime estimates the integrated autocorrelation time
//
//	τ = 1 + 2 Σ_{t ≥ 1} ρ(t)
//
// of a quantity, in samples (times Schedule.Thin in steps), and the standard error of the estimate. τ independent draws are worth as
// much as one for the mean of the quantity: 1 for independent draws, (1+ρ)/(1−ρ) where ρ(t) = ρᵗ. chains holds one series for each
// chain, of equal lengths, from chains that are in equilibrium: Trace.Chains.
//
// The autocorrelation ρ(t) is taken over all chains about the mean of them all, so chains that each keep to a part of the
// distribution of their own are seen to forget nothing. The sum ends by Sokal's rule at the first even lag W ≥ 5·max(τ, 1). For
// chains that alternate, τ below 1, it errs to the high side.
//
// τ is +Inf, for not known, where W would be beyond half a series or where all samples together are fewer than 50·τ; it takes
// 12 samples a chain at the least. It is NaN where all numbers are equal, which says nothing about mixing. Errors: ErrShape for no
// chains or such of unequal lengths, ErrNotFinite. Cost: W multiply-adds a sample.
//
// Source: A. Sokal, "Monte Carlo Methods in Statistical Mechanics: Foundations and New Algorithms" (1996), section 3; N. Madras,
// A. Sokal, J. Stat. Phys. 50 (1988), equation E.13, for the standard error.
func AutocorrelationTime(chains [][]float64) (tau, standardError float64, err error) {
	n, err := checkSeries("AutocorrelationTime", chains, 1)
	if err != nil {
		return 0, 0, err
	}
	tau, window := autocorrelationTime(centred(chains, n), n)
	return tau, tau * math.Sqrt(2*(2*float64(window)+1)/float64(n*len(chains))), nil
}

// autocorrelationTime returns τ and the window of centred series.
func autocorrelationTime(x [][]float64, n int) (tau float64, window int) {
	variance := autocovariance(x, n, 0)
	if variance == 0 {
		return math.NaN(), 0
	}
	total := float64(n * len(x))
	tau = 1
	for w := 2; w <= n/2 && float64(w)*leastTimes <= total*windowTimes; w += 2 {
		tau += 2 * (autocovariance(x, n, w-1) + autocovariance(x, n, w)) / variance
		if float64(w) >= windowTimes*max(tau, 1) {
			if total < leastTimes*tau {
				break
			}
			return max(tau, 1/total), w // noise can take the sum of an alternating chain below 0
		}
	}
	return math.Inf(1), 0
}

// autocovariance returns the mean of x_s·x_{s+t} over all chains of centred series of length n.
func autocovariance(x [][]float64, n, t int) float64 {
	sum := 0.0
	for _, series := range x {
		sum += kernel.Dot(series[:n-t], series[t:])
	}
	return sum / float64(len(x)*(n-t))
}

// Autocorrelation estimates ρ(0) to ρ(lags) of a quantity, as AutocorrelationTime does: all NaN where all numbers are equal. Errors
// are those of AutocorrelationTime, and an ErrConfig unless 0 ≤ lags < samples.
func Autocorrelation(chains [][]float64, lags int) ([]float64, error) {
	n, err := checkSeries("Autocorrelation", chains, 1)
	if err != nil {
		return nil, err
	}
	if lags < 0 || lags >= n {
		return nil, fmt.Errorf("sampling: Autocorrelation: %d lags of %d samples, want 0 to %d: %w", lags, n, n-1, energy.ErrConfig)
	}
	x := centred(chains, n)
	variance := autocovariance(x, n, 0)
	rho := make([]float64, lags+1)
	for t := range rho {
		rho[t] = autocovariance(x, n, t) / variance
	}
	return rho, nil
}
