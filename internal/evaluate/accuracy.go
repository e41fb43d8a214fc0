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
	trials := float64(n)
	p := float64(hits) / trials
	middle := p + z*z/(2*trials)
	half := z * math.Sqrt(p*(1-p)/trials+z*z/(4*trials*trials))
	scale := 1 + z*z/trials
	return max(0, (middle-half)/scale), min(1, (middle+half)/scale)
}

// MeanDeviation is the mean of values and their deviation, over n − 1; the deviation of one value is NaN, as is the mean of none.
func MeanDeviation(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / (n - 1))
}
