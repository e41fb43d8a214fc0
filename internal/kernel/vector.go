package kernel

import (
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas/gonum"
)

// Float is the element type of every kernel.
type Float interface{ float32 | float64 }

// precision is 0 for float32 and 1 for float64.
func precision[T Float]() int {
	if _, ok := any(T(0)).(float32); ok {
		return 0
	}
	return 1
}

// vectorGrain is how many elements of a memory-bound loop are worth a goroutine.
const vectorGrain = 1 << 16

// Axpy adds a multiple of one vector to another, y_i += alpha·x_i over len(x) elements; y is at least as long. y may be x. In
// the assembly each element is rounded once, at the Go level the product and the sum are.
func Axpy[T Float](alpha T, x, y []T) {
	y = y[:len(x)]
	if len(x) < 2*vectorGrain {
		tableOf[T]().axpy(y, x, alpha)
		return
	}
	j, ok := axpyJobs[precision[T]()].Get().(*axpyJob[T])
	if !ok {
		j = new(axpyJob[T])
		j.run = func(lo, hi int) { tableOf[T]().axpy(j.y[lo:hi], j.x[lo:hi], j.alpha) }
	}
	j.alpha, j.x, j.y = alpha, x, y
	Parallel(len(x), vectorGrain, j.run)
	j.x, j.y = nil, nil
	axpyJobs[precision[T]()].Put(j)
}

// axpyJob is an Axpy on its way to the workers. It is pooled, for a closure would be an allocation.
type axpyJob[T Float] struct {
	alpha T
	x, y  []T
	run   func(lo, hi int)
}

var axpyJobs [2]sync.Pool

// vectorised reports whether gonum's axpy, which on amd64 takes four numbers an instruction, beats a loop over n numbers.
// It rounds each product before it adds it, as the loop does, so both give the same bits. On other architectures gonum's is
// a loop that the compiler may fuse.
func vectorised(n int) bool { return runtime.GOARCH == "amd64" && n >= 32 }

func plainAxpy[T Float](y, x []T, alpha T) {
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
	y = y[:len(x)]
	for i, v := range x {
		y[i] += T(alpha * v) // the conversion forbids a fused multiply-add, see Gemm
	}
}

// AllFinite reports whether x holds neither a NaN nor an infinity.
func AllFinite[T Float](x []T) bool {
	if len(x) < 2*vectorGrain {
		return allFinite(x)
	}
	j := newElementJob(nil, x, nil)
	j.spoilt.Store(false)
	Parallel(len(x), vectorGrain, j.runFinite)
	finite := !j.spoilt.Load()
	j.done()
	return finite
}

// allFinite has no branch for each element: 0·x is ±0 for a finite x and NaN otherwise, and a NaN stays in the sum.
func allFinite[T Float](x []T) bool { return tableOf[T]().timesZero(x) == 0 }

// Convert copies src to dst in the precision of dst.
func Convert[T, S Float](dst []T, src []S) {
	if same, ok := any(src).([]T); ok {
		copy(dst, same)
		return
	}
	for i, v := range src {
		dst[i] = T(v)
	}
}
