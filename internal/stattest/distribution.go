package stattest

import (
	"fmt"
	"math"
)

// sumTolerance is how far Σp may be from 1: the rounding of probabilities that
// were computed in float32, far below the resolution of any sample.
const sumTolerance = 1e-6

// TotalVariation returns the total variation distance ½ Σ_i |c_i/n − p_i|, in
// [0, 1], of the empirical distribution of n = Σ c_i draws from p.
// It panics when counts and p cannot be compared, as [Distribution] reports.
func TotalVariation(counts []int, p []float64) float64 {
	n, err := total(counts, p)
	if err != nil {
		panic("stattest: TotalVariation: " + err.Error())
	}
	return totalVariation(counts, p, n)
}

func totalVariation(counts []int, p []float64, n int) float64 {
	var sum float64
	for i, c := range counts {
		sum += math.Abs(float64(c)/float64(n) - p[i])
	}
	return sum / 2
}

// Floor returns the expected total variation distance of n exact draws from p,
// the level below which no sampler can be told from a right one.
//
// Each count is binomial, and its mean absolute deviation is de Moivre's
//
//	E|c − np| = 2 ν C(n, ν) p^ν (1−p)^(n−ν+1),  ν = ⌊np⌋ + 1,
//
// which for large np(1−p) is the familiar √(2np(1−p)/π); unlike that form it
// holds for rare cells too. The floor is Σ_i E|c_i − n·p_i| / 2n.
// It panics when n is not positive or p is not a distribution.
//
// Reference: Diaconis and Zabell, "Closed form summation for classical
// distributions: variations on a theme of de Moivre", Statist. Sci. 6 (1991).
func Floor(n int, p []float64) float64 {
	if n < 1 {
		panic(fmt.Sprintf("stattest: Floor: n is %d, want at least 1", n))
	}
	if err := checkProbabilities(p); err != nil {
		panic("stattest: Floor: " + err.Error())
	}
	var sum float64
	for _, q := range p {
		sum += meanDeviation(n, q)
	}
	return sum / (2 * float64(n))
}

// meanDeviation is E|c − np| for c ~ Binomial(n, p).
func meanDeviation(n int, p float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	size := float64(n)
	nu := math.Floor(size*p) + 1
	if nu > size { // rounding of n·p for a p next to 1
		nu = size
	}
	logFactorial := func(k float64) float64 {
		value, _ := math.Lgamma(k + 1)
		return value
	}
	choose := logFactorial(size) - logFactorial(nu) - logFactorial(size-nu)
	return 2 * nu * math.Exp(choose+nu*math.Log(p)+(size-nu+1)*math.Log1p(-p))
}

// Limit returns the total variation distance that n exact draws from p exceed
// with probability at most alpha,
//
//	Floor(n, p) + √(log(1/alpha) / 2n).
//
// Moving one draw from a cell to another changes two of the |c_i/n − p_i| by at
// most 1/n each, so the distance by at most 1/n. McDiarmid's inequality then
// bounds P(TV ≥ E TV + t) by exp(−2t² / (n·1/n²)) = exp(−2nt²), for every n and p;
// setting that to alpha gives t. (The distance's standard deviation is at most
// 1/(2√n) by the same count, so alpha = 1e-6 means over 5 of them.)
// It panics when n, p or alpha make no sense.
func Limit(n int, p []float64, alpha float64) float64 {
	if err := checkAlpha(alpha); err != nil {
		panic("stattest: Limit: " + err.Error())
	}
	return Floor(n, p) + math.Sqrt(-math.Log(alpha)/(2*float64(n)))
}

// Distribution returns an error when the total variation distance of counts
// from p exceeds [Limit], or when a cell of probability zero was drawn, and nil
// otherwise. It raises a false alarm with probability at most alpha, for every n
// and p.
//
// It also returns an error when it is given nothing to test: counts and p of
// different lengths, negative or no counts, a p that is no distribution, an
// alpha outside (0, 1).
func Distribution(counts []int, p []float64, alpha float64) error {
	if err := checkAlpha(alpha); err != nil {
		return fmt.Errorf("stattest: Distribution: %w", err)
	}
	n, err := total(counts, p)
	if err != nil {
		return fmt.Errorf("stattest: Distribution: %w", err)
	}
	if err := checkSupport(counts, p); err != nil {
		return fmt.Errorf("stattest: Distribution: %w", err)
	}
	if tv, limit := totalVariation(counts, p, n), Limit(n, p, alpha); tv > limit {
		return fmt.Errorf("stattest: Distribution: total variation of %d draws over %d cells is %.5f, want at most %.5f (%.5f expected, alpha %g)",
			n, len(p), tv, limit, Floor(n, p), alpha)
	}
	return nil
}

// total returns the number of draws, or an error when counts and p cannot be
// compared.
func total(counts []int, p []float64) (int, error) {
	if len(counts) != len(p) {
		return 0, fmt.Errorf("%d counts, want one for each of %d probabilities", len(counts), len(p))
	}
	if err := checkProbabilities(p); err != nil {
		return 0, err
	}
	n := 0
	for i, c := range counts {
		if c < 0 {
			return 0, fmt.Errorf("count %d is %d, want at least 0", i, c)
		}
		n += c
	}
	if n == 0 {
		return 0, fmt.Errorf("no draws")
	}
	return n, nil
}

func checkProbabilities(p []float64) error {
	var sum float64
	for i, q := range p {
		if !(q >= 0) {
			return fmt.Errorf("probability %d is %v, want at least 0", i, q)
		}
		sum += q
	}
	if !(math.Abs(sum-1) <= sumTolerance) {
		return fmt.Errorf("probabilities sum to %v, want 1", sum)
	}
	return nil
}

// checkSupport returns an error when something impossible was drawn, for which
// no number of draws is few enough.
func checkSupport(counts []int, p []float64) error {
	for i, c := range counts {
		if c > 0 && p[i] == 0 {
			return fmt.Errorf("cell %d has probability 0 and was drawn %d times", i, c)
		}
	}
	return nil
}
