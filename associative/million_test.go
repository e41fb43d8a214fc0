package associative

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A thousand patterns of a million units, recalled from a quarter of wrong bits, in the memory that the documentation says: the patterns are
// 125 MB, and 128 MB more once units are updated one by one. Field and crosstalk are far apart at P/n = 0.001: there is not one wrong bit
// left, and recall is seen to be at rest in the second sweep.
func TestMillionUnits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const n, p = 1_000_000, 1000
	before := heap()
	h, err := NewPackedHopfield(n, PackedConfig{})
	require.NoError(t, err)
	patterns, err := RandomSpins(1, p, n)
	require.NoError(t, err)
	require.NoError(t, h.Store(patterns))
	wanted, err := patterns.Part(0, 1)
	require.NoError(t, err)
	patterns = nil
	probe, err := wanted.Noisy(2, 0.25)
	require.NoError(t, err)
	require.Less(t, heap()-before, 127.0)
	for _, d := range []Dynamics{Synchronous{}, Asynchronous{Seed: 3}} {
		started := time.Now()
		got, err := h.Recall(probe, d)
		require.NoError(t, err)
		t.Logf("%T: %d sweeps in %v, %.1f MB", d, got.Sweeps[0], time.Since(started), heap()-before)
		require.Equal(t, wanted, got.States)
		require.Equal(t, []int{2}, got.Sweeps)
		require.Equal(t, []int{1}, got.Cycle)
		require.Equal(t, n, got.Overlaps[0][0])
	}
	require.Less(t, heap()-before, 255.0)
	runtime.KeepAlive(h)
}

// heap is how many MB are in use.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}
