package kernel

import (
	"runtime"
	"sync"
)

// Parallel calls f on contiguous ranges [lo, hi) that together cover [0, n), one range for each of at most GOMAXPROCS
// goroutines, and returns when all of them have returned.
//
// A range is at least grain long (unless n itself is shorter), so that starting a goroutine, about a microsecond, is
// paid back; with a single range f runs in the caller's goroutine. f must treat the elements of [0, n) independently,
// for where the ranges are cut depends on GOMAXPROCS. It is not called when n ≤ 0. A grain below 1 counts as 1.
func Parallel(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	workers := min(runtime.GOMAXPROCS(0), n/max(grain, 1))
	if workers <= 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		lo, hi := n/workers*w+min(n%workers, w), n/workers*(w+1)+min(n%workers, w+1)
		wg.Go(func() { f(lo, hi) })
	}
	f(0, n/workers+min(n%workers, 1)) // the caller's goroutine takes the first range
	wg.Wait()
}

// RowGrain is the grain of loops over rows of so many columns: a goroutine should get some 2,000 numbers of transcendental
// work.
func RowGrain(cols int) int { return max(1, 2000/max(1, cols)) }
