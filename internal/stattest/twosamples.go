package stattest

import (
	"fmt"
	"math"
	"slices"
)

// leastTwoSamples is from where on the inequality behind [TwoSamples] is proved.
const leastTwoSamples = 458

// TwoSamples is the two-sample Kolmogorov–Smirnov test: it returns an error when
// the empirical distribution functions of two independent samples of n numbers
// each differ by more than
//
//	sup_x |F_n(x) − G_n(x)| ≤ √(log(2/alpha) / n)
//
// anywhere. For n ≥ 458 a false alarm has probability at most alpha, whatever the
// distribution that both are drawn from, jumps included (which make it rarer).
//
// It is the test for draws whose distribution function nobody can write down, and
// that somebody can draw from. Where the function is known, [KolmogorovSmirnov]
// finds differences smaller by 1/√2. TwoSamples also returns an error for samples
// of different or smaller sizes, for a NaN, and for an alpha outside (0, 1).
// Cost: two sorts.
//
// Reference: Wei and Dudley, "Two-sample Dvoretzky–Kiefer–Wolfowitz
// inequalities", Stat. Probab. Lett. 82 (2012), theorem 1.
func TwoSamples(a, b []float64, alpha float64) error {
	if err := checkAlpha(alpha); err != nil {
		return fmt.Errorf("stattest: TwoSamples: %w", err)
	}
	if len(a) != len(b) || len(a) < leastTwoSamples {
		return fmt.Errorf("stattest: TwoSamples: %d and %d samples, want as many of each and at least %d", len(a), len(b), leastTwoSamples)
	}
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	if math.IsNaN(x[0]) || math.IsNaN(y[0]) { // which sort first
		return fmt.Errorf("stattest: TwoSamples: a sample is NaN")
	}
	n := float64(len(x))
	var distance, where float64
	for i, j := 0, 0; i < len(x) && j < len(y); {
		at := min(x[i], y[j])
		for i < len(x) && x[i] == at {
			i++
		}
		for j < len(y) && y[j] == at {
			j++
		}
		if d := math.Abs(float64(i-j)) / n; d > distance {
			distance, where = d, at
		}
	}
	if limit := math.Sqrt(math.Log(2/alpha) / n); distance > limit {
		return fmt.Errorf("stattest: TwoSamples: distribution functions of %d samples each differ by %.5f at %g, want at most %.5f (alpha %g)",
			len(x), distance, where, limit, alpha)
	}
	return nil
}
