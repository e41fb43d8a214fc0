package kernel

import (
	"runtime"
	"sync/atomic"

	"gonum.org/v1/gonum/blas/gonum"
)

// Float is the element type of every kernel.
type Float interface{ float32 | float64 }

// vectorGrain is how many elements of a memory-bound loop are worth a goroutine.
const vectorGrain = 1 << 16

// Dot returns Σ_i a_i·b_i over len(a) elements; b is at least as long. Products and sums are float64, in four
// interleaved partial sums; the result is rounded to T once.
func Dot[T Float](a, b []T) T {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += float64(a[i]) * float64(b[i])
	}
	return T((s0 + s1) + (s2 + s3))
}

// Sum returns Σ_i x_i, accumulated in float64 in four interleaved partial sums and rounded to T once.
func Sum[T Float](x []T) T { return T(sum64(x)) }

func sum64[T Float](x []T) float64 {
	var s0, s1, s2, s3 float64
	for len(x) >= 4 {
		s0 += float64(x[0])
		s1 += float64(x[1])
		s2 += float64(x[2])
		s3 += float64(x[3])
		x = x[4:]
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}

// Axpy adds a multiple of one vector to another, y_i += alpha·x_i over len(x) elements; y is at least as long.
// y may be x.
func Axpy[T Float](alpha T, x, y []T) {
	y = y[:len(x)]
	if len(x) < 2*vectorGrain {
		axpy(alpha, x, y)
		return
	}
	Parallel(len(x), vectorGrain, func(lo, hi int) { axpy(alpha, x[lo:hi], y[lo:hi]) })
}

// vectorised reports whether gonum's axpy, which on amd64 takes four numbers an instruction, beats a loop over n numbers.
// It rounds each product before it adds it, as the loop does, so both give the same bits. On other architectures gonum's is
// a loop that the compiler may fuse.
func vectorised(n int) bool { return runtime.GOARCH == "amd64" && n >= 32 }

func axpy[T Float](alpha T, x, y []T) {
	y = y[:len(x)]
	if vectorised(len(x)) && alpha != 0 { // gonum leaves y alone for alpha = 0, where 0·NaN is to be NaN
		var level1 gonum.Implementation
		switch x := any(x).(type) {
		case []float32:
			level1.Saxpy(len(x), float32(alpha), x, 1, any(y).([]float32), 1)
		case []float64:
			level1.Daxpy(len(x), float64(alpha), x, 1, any(y).([]float64), 1)
		}
		return
	}
	for i, v := range x {
		y[i] += T(alpha * v) // the conversion forbids a fused multiply-add, see Gemm
	}
}

// AllFinite reports whether x holds neither a NaN nor an infinity.
func AllFinite[T Float](x []T) bool {
	if len(x) < 2*vectorGrain {
		return allFinite(x)
	}
	var bad atomic.Bool
	Parallel(len(x), vectorGrain, func(lo, hi int) {
		if !allFinite(x[lo:hi]) {
			bad.Store(true)
		}
	})
	return !bad.Load()
}

// allFinite has no branch for each element: 0·x is ±0 for a finite x and NaN otherwise, and a NaN stays in the sum.
func allFinite[T Float](x []T) bool {
	var s0, s1, s2, s3 T
	for len(x) >= 4 {
		s0 += 0 * x[0]
		s1 += 0 * x[1]
		s2 += 0 * x[2]
		s3 += 0 * x[3]
		x = x[4:]
	}
	for _, v := range x {
		s0 += 0 * v
	}
	return (s0+s1)+(s2+s3) == 0
}

// Convert copies src to dst in the precision of dst.
func Convert[T, S Float](dst []T, src []S) {
	for i, v := range src {
		dst[i] = T(v)
	}
}
