package dataset

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlackAndWhite(t *testing.T) {
	im := &Images{Pixels: []float32{0, 0.5, 0.51, 1}, N: 1, Rows: 2, Cols: 2}
	require.Equal(t, []float32{-1, -1, 1, 1}, im.BlackAndWhite())
	require.Equal(t, []float32{0, 0.5, 0.51, 1}, im.Pixels)
}

func TestFlipSpins(t *testing.T) {
	const width, rows, p = 100, 200, 0.3
	white := make([]float32, width*rows)
	for i := range white {
		white[i] = 1
	}
	require.Equal(t, white, FlipSpins(white, width, 0, 1))
	flipped := FlipSpins(white, width, p, 1)
	count := 0
	for _, v := range flipped {
		if v == -1 {
			count++
		} else {
			require.Equal(t, float32(1), v)
		}
	}
	n := float64(width * rows)
	require.InDelta(t, p*n, count, 5*math.Sqrt(n*p*(1-p)))
	require.Equal(t, flipped[:width], FlipSpins(white[:width], width, p, 1), "a row as it is alone")
	require.NotEqual(t, flipped[:width], flipped[width:2*width])
	require.NotEqual(t, flipped, FlipSpins(white, width, p, 2))
}
