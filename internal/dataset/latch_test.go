package dataset

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLatchSequences(t *testing.T) {
	const n, steps, symbols = 2000, 6, 5
	b := LatchSequences(n, steps, symbols, 43)
	require.Equal(t, n, b.Len())
	require.Equal(t, symbols, b.Width)
	count := make([]int, symbols)
	for i := range n {
		require.Equal(t, steps, b.Lengths[i])
		for step, row := range slices.Collect(slices.Chunk(b.Bag(i), symbols)) {
			symbol := slices.Index(row, 1)
			var sum float32
			for _, x := range row {
				sum += x
			}
			require.Equal(t, float32(1), sum)
			count[symbol]++
			if step == 0 {
				require.Equal(t, b.Labels[i], symbol)
			} else {
				require.GreaterOrEqual(t, symbol, 2)
			}
		}
	}
	// Binomial: deviations √(2000/4) = 22 and √(10000·2/9) = 47.
	require.InDelta(t, n/2, count[0], 5*22)
	for _, c := range count[2:] {
		require.InDelta(t, n*(steps-1)/3, c, 5*47)
	}

	require.Equal(t, b, LatchSequences(n, steps, symbols, 43))
	require.NotEqual(t, b, LatchSequences(n, steps, symbols, 44))
	require.Panics(t, func() { LatchSequences(0, 1, 3, 1) })
	require.Panics(t, func() { LatchSequences(1, 0, 3, 1) })
	require.Panics(t, func() { LatchSequences(1, 1, 2, 1) })
}
