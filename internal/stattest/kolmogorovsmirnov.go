package stattest

import (
	"fmt"
	"math"
	"slices"
)

// KolmogorovSmirnov returns an error when the empirical distribution function
// F_n of n samples differs from the continuous cdf F by more than
//
//	sup_x |F_n(x) − F(x)| ≤ √(log(2/alpha) / 2n)
//
// anywhere. By the Dvoretzky–Kiefer–Wolfowitz inequality with Massart's
// constant a false alarm has probability at most alpha for every n, and for
// large n not much less.
//
// A cdf with jumps has no place here: count its cells and take [Distribution].
// KolmogorovSmirnov also returns an error when there are no samples, a sample
// is NaN, cdf leaves [0, 1], or alpha is outside (0, 1). Cost: one sort.
//
// Reference: Massart, "The tight constant in the Dvoretzky–Kiefer–Wolfowitz
// inequality", Ann. Probab. 18 (1990).
func KolmogorovSmirnov(samples []float64, cdf func(float64) float64, alpha float64) error {
	if err := checkAlpha(alpha); err != nil {
		return fmt.Errorf("stattest: KolmogorovSmirnov: %w", err)
	}
	if len(samples) == 0 {
		return fmt.Errorf("stattest: KolmogorovSmirnov: no samples")
	}
	sorted := slices.Sorted(slices.Values(samples))
	n := float64(len(sorted))
	var distance, where float64
	for i, x := range sorted {
		if math.IsNaN(x) {
			return fmt.Errorf("stattest: KolmogorovSmirnov: a sample is NaN")
		}
		f := cdf(x)
		if !(f >= 0 && f <= 1) {
			return fmt.Errorf("stattest: KolmogorovSmirnov: cdf(%g) is %v, want 0 to 1", x, f)
		}
		// F_n jumps at x, so both its sides count.
		if d := max(f-float64(i)/n, float64(i+1)/n-f); d > distance {
			distance, where = d, x
		}
	}
	if limit := math.Sqrt(math.Log(2/alpha) / (2 * n)); distance > limit {
		return fmt.Errorf("stattest: KolmogorovSmirnov: distribution functions of %d samples differ by %.5f at %g, want at most %.5f (alpha %g)",
			len(sorted), distance, where, limit, alpha)
	}
	return nil
}
