package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Parallel calls f on contiguous ranges [lo, hi) that together cover [0, n), over at most GOMAXPROCS goroutines, and returns
// when all calls have returned.
//
// A range is at least grain long, unless n itself is shorter, so that handing it to another core is paid back; with a single
// range f runs in the caller's goroutine. f must treat the elements of [0, n) independently, for where the ranges are cut
// depends on GOMAXPROCS. It is not called when n ≤ 0. A grain below 1 counts as 1. Calls from inside f, or from a goroutine
// while another one has the workers, run on the caller alone, with the same result.
//
// A panic of f on the caller's goroutine reaches the caller; on another it ends the process, as any goroutine's does.
//
// The call itself allocates nothing; an f that captures variables is one allocation where it is made.
func Parallel(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	workers := runtime.GOMAXPROCS(0)
	pieces := min(n/max(grain, 1), piecesPerWorker*workers)
	if workers <= 1 || pieces <= 1 || !crew.busy.TryLock() {
		f(0, n)
		return
	}
	defer crew.busy.Unlock()
	crew.run(workers-1, n, pieces, f)
}

// RowGrain is the grain of loops over rows of so many columns: a worker should get some 4,000 numbers of transcendental
// work.
func RowGrain(cols int) int { return max(1, 4000/max(1, cols)) }

const (
	// piecesPerWorker evens out cores of unequal speed: who is done early takes another piece.
	piecesPerWorker = 4
	// patience is how long a worker without work spins before it parks: longer than the serial stretches between the
	// kernels of a training step. Waking a parked worker costs as much as a small product.
	patience = 300 * time.Microsecond
	// spins between two looks at the clock, each spin yielding to other goroutines.
	spinsPerLook = 32
)

// crew is the workers of the process. They live for ever and park when there is nothing to do.
var crew team

// team is workers that share one job at a time.
//
// gate is the state of the job: its number in the high bits, then whether workers may still join, then how many are inside.
// A worker that joins by compare-and-swap knows that the job is the one it saw, and the caller does not return before all
// who joined have left; a worker that comes late finds the gate closed and has touched nothing. So the caller never waits
// for a worker that the operating system has put aside before it joined.
type team struct {
	busy    sync.Mutex // held by the goroutine that has the workers
	gate    atomic.Uint64
	next    atomic.Int64 // the next piece to take
	seats   atomic.Int64 // how many workers may join this job
	started int          // workers that exist; under busy
	parked  atomic.Int64
	wake    chan struct{}

	// The job: written while the gate is closed and nobody is inside.
	f         func(lo, hi int)
	n, pieces int
}

const (
	inside = 1<<16 - 1 // mask of the number of workers inside
	open   = 1 << 16
	job    = 1 << 17 // one in the job's number
)

// run does one job with at most helpers workers besides the caller, who holds busy.
func (t *team) run(helpers, n, pieces int, f func(lo, hi int)) {
	if t.wake == nil {
		t.wake = make(chan struct{}, 64) // more than that are not woken at once
	}
	for ; t.started < helpers; t.started++ {
		go t.work()
	}
	t.f, t.n, t.pieces = f, n, pieces
	t.next.Store(0)
	t.seats.Store(int64(helpers))
	t.gate.Add(job + open) // the gate was closed and empty
	for range min(int64(helpers), t.parked.Load()) {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	defer t.close() // also if f panics here
	t.takePieces()
}

// close shuts the gate and waits for those inside.
func (t *team) close() {
	t.gate.And(^uint64(open))
	for spin := 1; t.gate.Load()&inside != 0; spin++ {
		if spin%spinsPerLook == 0 {
			runtime.Gosched()
		}
	}
	t.f = nil
}

// takePieces runs f on pieces until there are none left.
func (t *team) takePieces() {
	for {
		i := int(t.next.Add(1)) - 1
		if i >= t.pieces {
			return
		}
		size, longer := t.n/t.pieces, t.n%t.pieces // the first longer pieces have one element more
		lo := i*size + min(i, longer)
		hi := lo + size
		if i < longer {
			hi++
		}
		t.f(lo, hi)
	}
}

// work is the life of a worker.
func (t *team) work() {
	seen := uint64(0) // number of the last job that was looked at
	for {
		state := t.await(seen)
		seen = state / job
		if t.seats.Add(-1) < 0 {
			continue
		}
		for state/job == seen && state&open != 0 {
			if t.gate.CompareAndSwap(state, state+1) {
				t.takePieces()
				t.gate.Add(^uint64(0))
				break
			}
			state = t.gate.Load()
		}
	}
}

// await returns the gate once it is open for a job other than seen. It spins for a while and then parks.
func (t *team) await(seen uint64) uint64 {
	isNew := func(state uint64) bool { return state&open != 0 && state/job != seen }
	for {
		for start, spin := time.Now(), 1; ; spin++ {
			if state := t.gate.Load(); isNew(state) {
				return state
			}
			if spin%spinsPerLook == 0 {
				if time.Since(start) > patience {
					break
				}
				runtime.Gosched()
			}
		}
		t.parked.Add(1)
		if state := t.gate.Load(); isNew(state) { // it may have opened before parked was seen
			t.parked.Add(-1)
			return state
		}
		<-t.wake
		t.parked.Add(-1)
	}
}
