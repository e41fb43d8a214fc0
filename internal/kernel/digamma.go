package kernel

import "math"

// Digamma returns ψ(x), the derivative of log Γ(x), for x > 0 and NaN for others: by ψ(x) = ψ(x+1) − 1/x up to 10 and from there on by the asymptotic
// series log x − 1/(2x) − Σ_k B_2k/(2k·x^2k) (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18). The error is below 1e-14·max(1, |ψ|).
func Digamma(x float64) float64 {
	if !(x > 0) {
		return math.NaN()
	}
	shift := 0.0
	for ; x < 10; x++ {
		shift -= 1 / x
	}
	y := 1 / (x * x)
	tail := y * (1./12 - y*(1./120-y*(1./252-y*(1./240-y*(1./132-y*(691./32760-y/12))))))
	return shift + math.Log(x) - 1/(2*x) - tail
}
