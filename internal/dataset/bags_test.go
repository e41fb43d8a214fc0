package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// threeBags has bags of 2, 1 and 3 instances.
func threeBags() *Bags {
	return newBags([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, []int{2, 1, 3}, []int{0, 1, 0})
}

func TestBags(t *testing.T) {
	b := threeBags()
	require.Equal(t, 3, b.Len())
	require.Equal(t, 2.0, b.MeanLength())
	require.Equal(t, []float32{4, 5}, b.Bag(1))
	from, to := b.Range(2)
	require.Equal(t, []int{3, 6}, []int{from, to})
	require.Equal(t, []int{6, 2}, []int(b.Tensor().Shape()))
	b.Tensor().Data().([]float32)[4] = 40
	require.Equal(t, []float32{40, 5}, b.Bag(1), "one memory")

	s := b.Select([]int{2, 1, 1})
	require.Equal(t, newBags([]float32{6, 7, 8, 9, 10, 11, 40, 5, 40, 5}, 2, []int{3, 1, 1}, []int{0, 1, 1}), s)
	s.Instances[0] = -1
	require.Equal(t, float32(6), b.Instances[6], "a copy")
	require.Panics(t, func() { b.Select([]int{3}) })
	require.Panics(t, func() { b.Select([]int{-1}) })
}
