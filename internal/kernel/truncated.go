package kernel

import "math"

const (
	halfLog2Pi = 0.91893853320467274178032973640561763986 // ½ log 2π
	rootHalfPi = 1.25331413731550025120788264240552262650 // √(π/2)
)

// TruncatedNormal returns what there is to know of the density ∝ exp(I·x − x²/2) on x ≥ 0, the standard normal moved to I and cut off
// at 0: Γ(I) = log ∫₀^∞ exp(I·x − x²/2) dx and its two derivatives, the mean and the variance.
//
//	Γ = I²/2 + log(√(π/2)·erfc(−I/√2))      mean I + q      variance 1 − q·mean,      q = exp(−I²/2)/(√(π/2)·erfc(−I/√2))
//
// Far below 0 these are differences of nearly equal numbers. There, with a = −I and J_k = ∫ x^k exp(−ax − x²/2) dx, integration by parts
// gives J_(k+1) = k·J_(k−1) − a·J_k, so that the ratios r_k = J_k/J_(k−1) obey r_k = k/(a + r_(k+1)): a continued fraction of positive
// terms (Laplace's for the Mills ratio J_0 = 1/(a + r_1)), which loses nothing. The mean is r_1, the variance r_1·(r_2 − r_1).
//
// Relative precision of mean and variance, and that of Γ to max(1, |Γ|): 1e-13 for every finite I.
func TruncatedNormal(in float64) (cgf, mean, variance float64) {
	switch {
	case in < -2.5:
		a := -in
		last := math.Ceil(14 + 230/(a*a))
		r := 2 * last / (a + math.Sqrt(a*a+4*last)) // where r_k is nearly r_(k+1): r(a + r) = k
		for k := last; k > 1; k-- {
			r = k / (a + r)
		}
		mean = 1 / (a + r)
		return -math.Log(a + mean), mean, mean * (r - mean)
	case in > 39: // q is less than 1e-330
		return in*in/2 + halfLog2Pi, in, 1
	}
	whole := rootHalfPi * math.Erfc(-in/math.Sqrt2)
	q := exp(-in*in/2) / whole
	mean = in + q
	return in*in/2 + math.Log(whole), mean, 1 - q*mean
}
