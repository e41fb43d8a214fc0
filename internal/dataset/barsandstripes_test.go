package dataset

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBarsAndStripes(t *testing.T) {
	for n := 1; n <= 6; n++ {
		twice, once := BarsAndStripes(n, true), BarsAndStripes(n, false)
		require.Len(t, twice, 2<<n)
		require.Len(t, once, 2<<n-2)

		seen := map[string]int{}
		for _, row := range twice {
			require.Len(t, row, n*n)
			require.True(t, constantLines(row, n, n, 1) || constantLines(row, n, 1, n), "%v", row)
			seen[fmt.Sprint(row)]++
		}
		// Those that come twice are all off and all on; of one pixel there are no others.
		require.Len(t, seen, 2<<n-2)
		require.Equal(t, 2, seen[fmt.Sprint(make([]float64, n*n))])

		distinct := map[string]bool{}
		for _, row := range once {
			distinct[fmt.Sprint(row)] = true
			require.Contains(t, seen, fmt.Sprint(row))
		}
		require.Len(t, distinct, 2<<n-2)
	}
	require.Panics(t, func() { BarsAndStripes(0, true) })
	require.Panics(t, func() { BarsAndStripes(13, true) })
}

// constantLines tells whether every line of the n×n picture holds one value, 0
// or 1, where the pixels of line i are at i·start + j·step.
func constantLines(row []float64, n, start, step int) bool {
	for i := range n {
		for j := range n {
			v := row[i*start+j*step]
			if v != row[i*start] || v != 0 && v != 1 {
				return false
			}
		}
	}
	return true
}

func TestBarsAndStripesOfTwo(t *testing.T) {
	require.Equal(t, [][]float64{
		{0, 0, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}, {1, 1, 1, 1},
		{1, 1, 0, 0}, {0, 0, 1, 1},
	}, BarsAndStripes(2, false))
}
