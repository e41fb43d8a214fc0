package kernel

import "math"

// Numbers of a row, on the calling goroutine. Sums are accumulated in float64: in four interleaved partial sums in Go, or
// one after the other where each term is an exponential; in the assembly in sixteen, element i in the sum i mod 16, which are
// then added in pairs i and i+8, i and i+4, i and i+2, i and i+1. The terms themselves have the precision of T.

// Sum returns Σ_i x_i, rounded to T once.
func Sum[T Float](x []T) T { return T(Total(x)) }

// Total returns Σ_i x_i.
func Total[T Float](x []T) float64 { return tableOf[T]().sum(x) }

// Dot returns Σ_i a_i·b_i over len(a) elements; b is at least as long. The products are float64.
func Dot[T Float](a, b []T) float64 { return tableOf[T]().dot(a, b[:len(a)]) }

// SumSquares returns Σ_i (x_i − center)².
func SumSquares[T Float](x []T, center T) float64 { return tableOf[T]().sumSquares(x, center) }

// SumSquaresExp returns Σ_i x_i²·exp(factor·y_i) over len(x) elements; y is at least as long.
func SumSquaresExp[T Float](x, y []T, factor T) float64 {
	return tableOf[T]().sumSquaresExp(x, y[:len(x)], factor)
}

// SumSoftplus returns Σ_i log(1 + exp x_i).
func SumSoftplus[T Float](x []T) float64 { return tableOf[T]().sumSoftplus(x) }

// SumLogCosh2 returns Σ_i log(2 cosh x_i).
func SumLogCosh2[T Float](x []T) float64 { return tableOf[T]().sumLogCosh(x) }

// SumExp returns Σ_i exp(x_i − shift). In the assembly the difference is rounded to T.
func SumExp[T Float](x []T, shift T) float64 { return tableOf[T]().sumExp(x, shift) }

// ExpSum sets dst_i = exp(x_i − shift) and returns Σ_i dst_i, over len(dst) elements; x is at least as long and may be dst.
func ExpSum[T Float](dst, x []T, shift T) float64 {
	return tableOf[T]().expSum(dst, x[:len(dst)], shift)
}

// Max returns the largest element, NaN if there is a NaN, and −Inf for no elements.
func Max[T Float](x []T) T { return tableOf[T]().max(x) }

// Min returns the smallest element, NaN if there is a NaN, and +Inf for no elements.
func Min[T Float](x []T) T { return tableOf[T]().min(x) }

// reductionKernels are the kernels of a level for one row.
type reductionKernels[T Float] struct {
	max, min  func(x []T) T
	timesZero func(x []T) T // Σ 0·x: 0 or NaN

	sum, sumSoftplus, sumLogCosh func(x []T) float64
	dot                          func(x, y []T) float64
	sumSquares, sumExp           func(x []T, number T) float64
	expSum                       func(dst, x []T, shift T) float64
	sumSquaresExp                func(x, y []T, factor T) float64

	softmax func(dst, x []T)
	colSum  func(dst, x []T, rows, stride int) // dst_j = Σ_i x[i·stride+j] over rows i
}

func plainReductions[T Float]() reductionKernels[T] {
	return reductionKernels[T]{
		max: func(x []T) T {
			top := T(math.Inf(-1))
			for _, v := range x {
				top = max(top, v)
			}
			return top
		},
		min: func(x []T) T {
			bottom := T(math.Inf(1))
			for _, v := range x {
				bottom = min(bottom, v)
			}
			return bottom
		},
		timesZero: timesZeroPlain[T],
		sum:       sumPlain[T],
		dot:       dotPlain[T],
		softmax:   softmaxPlain[T],
		colSum:    colSumPlain[T],
		sumSoftplus: func(x []T) (sum float64) {
			for _, v := range x {
				sum += Softplus1(float64(v))
			}
			return sum
		},
		sumLogCosh: func(x []T) (sum float64) {
			for _, v := range x {
				sum += logCosh2(float64(v))
			}
			return sum
		},
		sumSquares: func(x []T, center T) (sum float64) {
			for _, v := range x {
				d := float64(v) - float64(center)
				sum += d * d
			}
			return sum
		},
		sumExp: func(x []T, shift T) (sum float64) {
			for _, v := range x {
				sum += exp(float64(v) - float64(shift))
			}
			return sum
		},
		expSum: func(dst, x []T, shift T) (sum float64) {
			for i, v := range x {
				e := exp(float64(v) - float64(shift))
				dst[i] = T(e)
				sum += e
			}
			return sum
		},
		sumSquaresExp: func(x, y []T, factor T) (sum float64) {
			for i, v := range x {
				sum += math.Exp(float64(factor*y[i])) * float64(v) * float64(v)
			}
			return sum
		},
	}
}
