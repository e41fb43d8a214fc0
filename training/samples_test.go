package training

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Graphs are built once a size, and no more of them kept than a bound.
func TestPlansAreKept(t *testing.T) {
	var p plans[int]
	built := 0
	get := func(rows int) int {
		plan, err := p.of(size{1, rows}, func() (int, error) { built++; return rows, nil })
		require.NoError(t, err)
		return plan
	}
	for round := range 3 {
		for rows := range maxPlans {
			require.Equal(t, rows, get(rows))
		}
		require.Equal(t, maxPlans, built, "round %d", round)
	}
	for rows := range 10 * maxPlans {
		require.Equal(t, rows, get(rows))
		require.LessOrEqual(t, len(p.all), maxPlans)
	}
}

// Bags are run in as few sizes of batch as halving gives.
func TestPredictableBags(t *testing.T) {
	b := &bagSamples{Bags: Bags{Lengths: make([]int, 3000)}, starts: []int{0}}
	for i := range b.Lengths {
		b.Lengths[i] = 20 + i%100
		b.starts = append(b.starts, b.starts[i]+b.Lengths[i])
	}
	sizes := map[int]bool{}
	for lo := 0; lo < b.Len(); {
		n := b.predictable(lo)
		require.LessOrEqual(t, b.starts[lo+n]-b.starts[lo], predictInstances)
		sizes[n] = true
		lo += n
	}
	require.LessOrEqual(t, len(sizes), 4)
	b.starts, b.Lengths = []int{0, 1 << 20}, []int{1 << 20}
	require.Equal(t, 1, b.predictable(0))
}
