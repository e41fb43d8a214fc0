package modernhopfield

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// DenseCapacity returns how many random patterns a dense memory of so many units and F(x) = xⁿ (or its rectified form) keeps without
// an error in any unit,
//
//	K ≈ N^(n−1) / (2 (2n−3)!! ln N),
//
// for large N; n = 2 is the classical N/(2 ln N). It is an ErrConfig for a degree below 2 or fewer than 2 units.
//
// Source: D. Krotov, J. J. Hopfield, NIPS 2016, section 2.
func DenseCapacity(degree, units int) (float64, error) {
	if err := checkTheory("DenseCapacity", degree, units); err != nil {
		return 0, err
	}
	n := float64(units)
	return math.Exp(float64(degree-1)*math.Log(n)-logDoubleFactorial(2*degree-3)) / (2 * math.Log(n)), nil
}

// DenseErrorProbability returns the probability that a unit of a stored random pattern is not stable among K of them,
//
//	P ≈ √((2n−3)!!/2π · K/N^(n−1)) exp(−N^(n−1) / (2K (2n−3)!!)),
//
// for F(x) = xⁿ, large N, and P ≪ 1: the tail of a normal distribution where it is small. Errors are those of DenseCapacity, and fewer
// than 1 pattern.
//
// Source: D. Krotov, J. J. Hopfield, NIPS 2016, section 2.
func DenseErrorProbability(degree, units, patterns int) (float64, error) {
	if err := checkTheory("DenseErrorProbability", degree, units); err != nil {
		return 0, err
	}
	if patterns < 1 {
		return 0, fmt.Errorf("modernhopfield: DenseErrorProbability: %d patterns, want at least 1: %w", patterns, energy.ErrConfig)
	}
	noise := math.Exp(math.Log(float64(patterns)) + logDoubleFactorial(2*degree-3) - float64(degree-1)*math.Log(float64(units)))
	return math.Sqrt(noise/(2*math.Pi)) * math.Exp(-1/(2*noise)), nil
}

func checkTheory(what string, degree, units int) error {
	if degree < 2 || units < 2 {
		return fmt.Errorf("modernhopfield: %s: degree %d and %d units, want at least 2 of each: %w", what, degree, units, energy.ErrConfig)
	}
	return nil
}

// logDoubleFactorial is log(n (n−2) (n−4) …) for odd n.
func logDoubleFactorial(n int) (sum float64) {
	for ; n > 1; n -= 2 {
		sum += math.Log(float64(n))
	}
	return sum
}

// SpinRate returns the rate function of the mean of random spins, P(mean ≥ x) ≈ exp(−N I(x)),
//
//	I(x) = ½ [(1+x) log(1+x) + (1−x) log(1−x)],
//
// for −1 ≤ x ≤ 1, and +Inf beyond (Cramér).
func SpinRate(x float64) float64 {
	if !(math.Abs(x) <= 1) {
		return math.Inf(1) + x - x // NaN for NaN
	}
	term := func(y float64) float64 {
		if y == 0 {
			return 0
		}
		return y * math.Log(y)
	}
	return (term(1+x) + term(1-x)) / 2
}

// ExponentialLoad returns I(1 − 2ρ)/2, the bound of Demircigil et al.: an exponential memory of exp(αN) + 1 random patterns, with α below
// it, gives back a pattern of which a share ρ < ½ of the units is corrupted, in one sweep and with a probability that goes to 1 with N.
// For ρ = 0 that is ln 2/2: some 2^(N/2) patterns are stable. It is an ErrConfig for a share outside [0, ½).
//
// The bound is sufficient. What it does not say is that recall fails above.
//
// Source: M. Demircigil, J. Heusel, M. Löwe, S. Upgang, F. Vermet, J. Stat. Phys. 168 (2017), theorem 3.
func ExponentialLoad(corrupted float64) (float64, error) {
	if !(corrupted >= 0 && corrupted < 0.5) {
		return 0, fmt.Errorf("modernhopfield: ExponentialLoad: a share of %g corrupted units, want 0 to below ½: %w", corrupted, energy.ErrConfig)
	}
	return SpinRate(1-2*corrupted) / 2, nil
}
