package kernel

import "math"

// logCosh2 returns log(2 cosh x) = |x| + log1p(exp(−2|x|)), the cumulant generating function of a spin in {−1, 1}.
// It is even, at least log 2, and overflows nowhere.
func logCosh2(x float64) float64 {
	a := math.Abs(x)
	return a + log1p(exp(-2*a))
}

// Softplus1 returns log(1 + exp(x)) = max(x, 0) + log1p(exp(−|x|)), the cumulant generating function of a unit in
// {0, 1}. It overflows nowhere and keeps its relative precision where x is very negative.
func Softplus1(x float64) float64 {
	return max(x, 0) + log1p(exp(-math.Abs(x)))
}

// sigmoid1 returns σ(x) = 1/(1 + exp(−x)), in [0, 1]. The relative error is a few units in the last place wherever
// exp(−x) is finite, that is for x > −709; below that the result is 0 (the true value is under 1.3e-308).
func sigmoid1(x float64) float64 {
	return 1 / (1 + exp(-x))
}

// sigmoidSlope1 returns σ'(x) = e/(1 + e)² with e = exp(−|x|), in [0, ¼]. Unlike σ(x)(1 − σ(x)) it keeps its relative
// precision where the sigmoid saturates at 1.
func sigmoidSlope1(x float64) float64 {
	e := exp(-math.Abs(x))
	return e / ((1 + e) * (1 + e))
}

// tanhSlope1 returns tanh'(x) = 4e/(1 + e)² with e = exp(−2|x|), in [0, 1]. Unlike 1 − tanh²(x) it keeps its relative
// precision where the hyperbolic tangent saturates.
func tanhSlope1(x float64) float64 {
	e := exp(-2 * math.Abs(x))
	return 4 * e / ((1 + e) * (1 + e))
}
