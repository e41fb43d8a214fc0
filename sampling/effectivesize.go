package sampling

import "math"

// EffectiveSampleSize returns how many independent draws the samples of all chains are worth for the mean of a quantity: their
// number over τ of AutocorrelationTime, and so 0 where τ is not known and NaN where all numbers are equal.
func EffectiveSampleSize(chains [][]float64) (float64, error) {
	n, err := checkSeries("EffectiveSampleSize", chains, 1)
	if err != nil {
		return 0, err
	}
	tau, _ := autocorrelationTime(centred(chains, n), n)
	return float64(n*len(chains)) / tau, nil
}

// StandardError returns the Monte Carlo standard error of the mean of a quantity over all samples of all chains, √(variance·τ/samples):
// +Inf where τ of AutocorrelationTime is not known, and 0 where all numbers are equal.
func StandardError(chains [][]float64) (float64, error) {
	n, err := checkSeries("StandardError", chains, 1)
	if err != nil {
		return 0, err
	}
	x := centred(chains, n)
	variance := autocovariance(x, n, 0)
	if variance == 0 {
		return 0, nil
	}
	tau, _ := autocorrelationTime(x, n)
	return math.Sqrt(variance * tau / float64(n*len(x))), nil
}
