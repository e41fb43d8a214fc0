package kernel

import (
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
				require.Equal(t, int32(min(procs, max(n/max(grain, 1), min(n, 1)))), calls.Load(), "n %d grain %d", n, grain)
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
