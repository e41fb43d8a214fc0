package kernel

import (
	"sync"
	"sync/atomic"
)

// elementGrain is how many evaluations of an exponential are worth a goroutine.
const elementGrain = 1 << 13

// The elementwise functions err, in the assembly, by 2 units in the last place of float32 and 4 of float64 at most, as far as
// results are normal numbers; denormal results are right to a unit. In Go they are evaluated in float64 and rounded once.

// Exp sets dst_i = exp(src_i) over len(dst) elements; src is at least as long and may be dst.
func Exp[T Float](dst, src []T) { mapUnary(tableOf[T]().exp, elementGrain, dst, src) }

// Log sets dst_i = log(src_i), −Inf for ±0 and NaN below, over len(dst) elements; src is at least as long and may be dst.
func Log[T Float](dst, src []T) { mapUnary(tableOf[T]().log, elementGrain, dst, src) }

// Sigmoid sets dst_i = σ(src_i) = 1/(1 + exp(−src_i)), see [sigmoid1], over len(dst) elements; src is at least as long
// and may be dst.
func Sigmoid[T Float](dst, src []T) { mapUnary(tableOf[T]().sigmoid, elementGrain, dst, src) }

// Softplus sets dst_i = log(1 + exp(src_i)), see [Softplus1], over len(dst) elements; src is at least as long and may
// be dst.
func Softplus[T Float](dst, src []T) { mapUnary(tableOf[T]().softplus, elementGrain, dst, src) }

// Tanh sets dst_i = tanh(src_i) over len(dst) elements; src is at least as long and may be dst.
func Tanh[T Float](dst, src []T) { mapUnary(tableOf[T]().tanh, elementGrain, dst, src) }

// ReLU sets dst_i = max(src_i, 0) over len(dst) elements; src is at least as long and may be dst. NaN stays NaN.
func ReLU[T Float](dst, src []T) { mapUnary(tableOf[T]().relu, vectorGrain, dst, src) }

// SigmoidGrad sets dst_i = g_i·σ'(x_i) over len(dst) elements, from the input x of the sigmoid, see [sigmoidSlope1].
// x and g are at least as long; either may be dst.
func SigmoidGrad[T Float](dst, x, g []T) {
	mapBinary(tableOf[T]().sigmoidGrad, elementGrain, dst, x, g)
}

// SoftplusGrad sets dst_i = g_i·σ(x_i), the derivative of the softplus being the sigmoid, over len(dst) elements.
// x and g are at least as long; either may be dst.
func SoftplusGrad[T Float](dst, x, g []T) {
	mapBinary(tableOf[T]().softplusGrad, elementGrain, dst, x, g)
}

// TanhGrad sets dst_i = g_i·tanh'(x_i) over len(dst) elements, from the input x of the hyperbolic tangent, see
// [tanhSlope1]. x and g are at least as long; either may be dst.
func TanhGrad[T Float](dst, x, g []T) { mapBinary(tableOf[T]().tanhGrad, elementGrain, dst, x, g) }

// ReLUGrad sets dst_i = 0 where x_i ≤ 0 and g_i elsewhere (also where x_i is NaN) over len(dst) elements. At the kink
// the derivative is taken as 0. x and g are at least as long; either may be dst.
func ReLUGrad[T Float](dst, x, g []T) { mapBinary(tableOf[T]().reluGrad, vectorGrain, dst, x, g) }

// elementwiseKernels are the kernels of a level for dst = f(x) and, with gradients g, dst = g·f'(x), elementwise.
type elementwiseKernels[T Float] struct {
	exp, log, sigmoid, softplus, tanh, relu       func(dst, x []T)
	sigmoidGrad, softplusGrad, tanhGrad, reluGrad func(dst, x, g []T)
}

func plainElementwise[T Float]() elementwiseKernels[T] {
	return elementwiseKernels[T]{
		expPlain[T], logPlain[T], sigmoidPlain[T], softplusPlain[T], tanhPlain[T], reluPlain[T],
		sigmoidGradPlain[T], softplusGradPlain[T], tanhGradPlain[T], reluGradPlain[T],
	}
}

// elementJob is an elementwise kernel on its way to the workers. Jobs are pooled, for a closure would be an allocation.
type elementJob[T Float] struct {
	unary     func(dst, x []T)
	binary    func(dst, x, g []T)
	dst, x, g []T
	spoilt    atomic.Bool // some x is not finite

	runUnary, runBinary, runFinite func(lo, hi int) // bound once
}

var elementJobs [2]sync.Pool

func newElementJob[T Float](dst, x, g []T) *elementJob[T] {
	j, ok := elementJobs[precision[T]()].Get().(*elementJob[T])
	if !ok {
		j = new(elementJob[T])
		j.runUnary = func(lo, hi int) { j.unary(j.dst[lo:hi], j.x[lo:hi]) }
		j.runBinary = func(lo, hi int) { j.binary(j.dst[lo:hi], j.x[lo:hi], j.g[lo:hi]) }
		j.runFinite = func(lo, hi int) {
			if !allFinite(j.x[lo:hi]) {
				j.spoilt.Store(true)
			}
		}
	}
	j.dst, j.x, j.g = dst, x, g
	return j
}

func (j *elementJob[T]) done() {
	j.dst, j.x, j.g = nil, nil, nil
	elementJobs[precision[T]()].Put(j)
}

func mapUnary[T Float](f func(dst, x []T), grain int, dst, x []T) {
	x = x[:len(dst)]
	if len(dst) < 2*grain {
		f(dst, x)
		return
	}
	j := newElementJob(dst, x, nil)
	j.unary = f
	Parallel(len(dst), grain, j.runUnary)
	j.done()
}

func mapBinary[T Float](f func(dst, x, g []T), grain int, dst, x, g []T) {
	x, g = x[:len(dst)], g[:len(dst)]
	if len(dst) < 2*grain {
		f(dst, x, g)
		return
	}
	j := newElementJob(dst, x, g)
	j.binary = f
	Parallel(len(dst), grain, j.runBinary)
	j.done()
}
