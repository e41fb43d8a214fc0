package kernel

import "math"

// elementGrain is how many evaluations of an exponential are worth a goroutine.
const elementGrain = 1 << 12

// Exp sets dst_i = exp(src_i) over len(dst) elements; src is at least as long and may be dst.
func Exp[T Float](dst, src []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, s := dst[lo:hi], src[lo:hi]
		for i := range d {
			d[i] = T(exp(float64(s[i])))
		}
	})
}

// Sigmoid sets dst_i = σ(src_i) = 1/(1 + exp(−src_i)), see [Sigmoid1], over len(dst) elements; src is at least as long
// and may be dst.
func Sigmoid[T Float](dst, src []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, s := dst[lo:hi], src[lo:hi]
		for i := range d {
			d[i] = T(Sigmoid1(float64(s[i])))
		}
	})
}

// Softplus sets dst_i = log(1 + exp(src_i)), see [Softplus1], over len(dst) elements; src is at least as long and may
// be dst.
func Softplus[T Float](dst, src []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, s := dst[lo:hi], src[lo:hi]
		for i := range d {
			d[i] = T(Softplus1(float64(s[i])))
		}
	})
}

// Tanh sets dst_i = tanh(src_i) over len(dst) elements; src is at least as long and may be dst.
func Tanh[T Float](dst, src []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, s := dst[lo:hi], src[lo:hi]
		for i := range d {
			d[i] = T(math.Tanh(float64(s[i])))
		}
	})
}

// ReLU sets dst_i = max(src_i, 0) over len(dst) elements; src is at least as long and may be dst. NaN stays NaN.
func ReLU[T Float](dst, src []T) {
	Parallel(len(dst), vectorGrain, func(lo, hi int) {
		d, s := dst[lo:hi], src[lo:hi]
		for i := range d {
			d[i] = max(s[i], 0)
		}
	})
}

// SigmoidGrad sets dst_i = g_i·σ'(x_i) over len(dst) elements, from the input x of the sigmoid, see [SigmoidSlope1].
// x and g are at least as long; either may be dst.
func SigmoidGrad[T Float](dst, x, g []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, x, g := dst[lo:hi], x[lo:hi], g[lo:hi]
		for i := range d {
			d[i] = T(float64(g[i]) * SigmoidSlope1(float64(x[i])))
		}
	})
}

// TanhGrad sets dst_i = g_i·tanh'(x_i) over len(dst) elements, from the input x of the hyperbolic tangent, see
// [TanhSlope1]. x and g are at least as long; either may be dst.
func TanhGrad[T Float](dst, x, g []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, x, g := dst[lo:hi], x[lo:hi], g[lo:hi]
		for i := range d {
			d[i] = T(float64(g[i]) * TanhSlope1(float64(x[i])))
		}
	})
}

// SoftplusGrad sets dst_i = g_i·σ(x_i), the derivative of the softplus being the sigmoid, over len(dst) elements.
// x and g are at least as long; either may be dst.
func SoftplusGrad[T Float](dst, x, g []T) {
	Parallel(len(dst), elementGrain, func(lo, hi int) {
		d, x, g := dst[lo:hi], x[lo:hi], g[lo:hi]
		for i := range d {
			d[i] = T(float64(g[i]) * Sigmoid1(float64(x[i])))
		}
	})
}

// ReLUGrad sets dst_i = 0 where x_i ≤ 0 and g_i elsewhere (also where x_i is NaN) over len(dst) elements. At the kink
// the derivative is taken as 0. x and g are at least as long; either may be dst.
func ReLUGrad[T Float](dst, x, g []T) {
	Parallel(len(dst), vectorGrain, func(lo, hi int) {
		d, x, g := dst[lo:hi], x[lo:hi], g[lo:hi]
		for i := range d {
			// The bits of g under a mask: signs are as good as random, so a branch would be mispredicted half the time.
			mask := ^uint64(0)
			if x[i] <= 0 {
				mask = 0
			}
			d[i] = T(math.Float64frombits(math.Float64bits(float64(g[i])) & mask))
		}
	})
}
