package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParallelCoversOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 3, 8} {
		for _, n := range []int{0, 1, 2, 7, 8, 9, 100, 1001} {
			for _, grain := range []int{-1, 0, 1, 3, 100, 5000} {
				visits, calls, short := make([]atomic.Int32, n), atomic.Int32{}, atomic.Int32{}
				atProcs(procs, func() any {
					Parallel(n, grain, func(lo, hi int) {
						calls.Add(1)
						if hi-lo < min(grain, n) || hi <= lo {
							short.Add(1)
						}
						for i := lo; i < hi; i++ {
							visits[i].Add(1)
						}
					})
					return nil
				})
				most := int32(max(n/max(grain, 1), min(n, 1)))
				if procs == 1 {
					most = min(most, 1)
				}
				require.LessOrEqual(t, calls.Load(), most, "n %d grain %d", n, grain)
				require.Zero(t, short.Load())
				for i := range visits {
					require.Equal(t, int32(1), visits[i].Load())
				}
			}
		}
	}
}

// Each range waits for the other, so a Parallel that ran them one after the other would not get past the first.
func TestParallelRunsAtOnce(t *testing.T) {
	var started, late atomic.Int32
	atProcs(2, func() any {
		Parallel(2, 1, func(int, int) {
			started.Add(1)
			for deadline := time.Now().Add(5 * time.Second); started.Load() < 2; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					late.Add(1)
					return
				}
			}
		})
		return nil
	})
	require.Zero(t, late.Load())
}

// Several goroutines share the workers, calls are nested, and workers park in between: nothing is lost or done twice.
func TestParallelFromManyGoroutines(t *testing.T) {
	var total atomic.Int64
	atProcs(4, func() any {
		var callers sync.WaitGroup
		for c := range 4 {
			callers.Go(func() {
				for round := range 200 {
					if round%100 == 50+c {
						time.Sleep(2 * patience)
					}
					Parallel(64, 1, func(lo, hi int) {
						Parallel(hi-lo, 1, func(a, b int) { total.Add(int64(b - a)) })
					})
				}
			})
		}
		callers.Wait()
		return nil
	})
	require.Equal(t, int64(4*200*64), total.Load())
}

// testing.AllocsPerRun would run on one core, where no worker takes part.
func TestParallelDoesNotAllocate(t *testing.T) {
	sums := make([]int, 1000)
	f := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			sums[i]++
		}
	}
	atProcs(2, func() any {
		Parallel(len(sums), 1, f) // starts the workers
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 1000 {
			Parallel(len(sums), 1, f)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.Mallocs-before.Mallocs, uint64(100), "in 1000 runs")
		return nil
	})
}

// A panic on the caller's goroutine reaches the caller and leaves the team fit for the next job.
func TestTeamSurvivesAPanic(t *testing.T) {
	var own team
	require.Panics(t, func() { own.run(0, 8, 8, func(int, int) { panic("a piece") }) })
	require.Zero(t, own.gate.Load()&(open|inside))
	var n atomic.Int64
	own.run(1, 100, 8, func(lo, hi int) { n.Add(int64(hi - lo)) })
	require.Equal(t, int64(100), n.Load())
}

func BenchmarkParallel(b *testing.B) {
	f := func(int, int) {}
	for b.Loop() {
		Parallel(8, 1, f)
	}
}
