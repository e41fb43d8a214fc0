package stattest

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Mean is the two-sided z-test: it returns an error when the mean of n samples
// lies further from mean than z·sd/√n, where sd is the known standard deviation
// of one sample and z the normal quantile of 1 − alpha/2.
//
// The false-alarm probability is alpha for normal samples; for others the
// central limit theorem brings it there as n grows, slowest for skewed samples
// and a small alpha. Mean also returns an error when there are no samples, sd is
// not positive, alpha is outside (0, 1), or a sample is not finite.
func Mean(samples []float64, mean, sd, alpha float64) error {
	if err := checkAlpha(alpha); err != nil {
		return fmt.Errorf("stattest: Mean: %w", err)
	}
	if len(samples) == 0 {
		return fmt.Errorf("stattest: Mean: no samples")
	}
	if !(sd > 0) || math.IsInf(sd, 1) {
		return fmt.Errorf("stattest: Mean: sd is %v, want positive and finite", sd)
	}
	got := stat.Mean(samples, nil)
	z := (got - mean) / (sd / math.Sqrt(float64(len(samples))))
	// The lower tail, negated: 1 − alpha/2 would round a small alpha away.
	limit := -distuv.UnitNormal.Quantile(alpha / 2)
	if !(math.Abs(z) <= limit) { // so that NaN fails
		return fmt.Errorf("stattest: Mean: mean of %d samples is %.6g, want %.6g: z = %.2f, want within ±%.2f (alpha %g)",
			len(samples), got, mean, z, limit, alpha)
	}
	return nil
}
