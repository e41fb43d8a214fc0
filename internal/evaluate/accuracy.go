package evaluate

import "math"

// Correct counts the rows whose class is the right one. It panics on slices of different length.
func Correct(got, want []int) (n int) {
	if len(got) != len(want) {
		panic("evaluate: Correct: got and want differ in length")
	}
	for i := range got {
		if got[i] == want[i] {
			n++
		}
	}
	return n
}

// Wilson is the 95 % score interval of a proportion of which hits of n independent trials are known: the p for which
// |hits/n − p| ≤ z √(p(1−p)/n), z = 1.96. It holds near 0 and 1, where the interval of ±z deviations does not. Without trials
// it is [0, 1].
//
// Reference: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
func Wilson(hits, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // Φ(z) = 0.975
	return WilsonShare(float64(hits)/float64(n), float64(n), z)
}

// WilsonShare is Wilson of a share of so many independent trials, which need not be a whole number, with another z. The share lies within it.
func WilsonShare(share, trials, z float64) (low, high float64) {
	square := z * z / trials
	center, reach := share+square/2, z*math.Sqrt(share*(1-share)/trials+square/(4*trials))
	return max(0, min(share, (center-reach)/(1+square))), min(1, max(share, (center+reach)/(1+square)))
}

// MeanDeviation is the mean of values and their deviation, over n − 1; the deviation of one value is NaN, as is the mean of none.
func MeanDeviation(values []float64) (mean, deviation float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	for _, v := range values {
		mean += v
	}
	n := float64(len(values))
	mean /= n // of equal whole numbers exactly the number
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / (n - 1))
}
