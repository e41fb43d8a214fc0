package evaluate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMajority(t *testing.T) {
	require.Equal(t, 3, Majority([]int{0, 3, 3, 1}))
	require.Equal(t, 1, Majority([]int{2, 1, 1, 2}))
	require.Zero(t, Majority(nil))
}

func TestNeighbours(t *testing.T) {
	// On a line: class 2 at 0 and 1, class 0 at 3, class 1 at 10, 11 and 12.
	n := NewNeighbours([]float32{0, 1, 3, 10, 11, 12}, 1, []int{2, 2, 0, 1, 1, 1})
	for _, c := range []struct {
		x    float32
		want []int // for k = 1, 2, 3, 5, 100
	}{
		{-1, []int{2, 2, 2, 2, 1}},
		{2.5, []int{0, 0, 2, 2, 1}}, // two neighbours of one vote each: the nearer one
		{2, []int{2, 2, 2, 2, 1}},   // 1 and 3 are equally near: the first
		{9, []int{1, 1, 1, 1, 1}},   // the votes of five are 1, 1, 1, 0, 2
		{6, []int{0, 0, 0, 1, 1}},   // nearest 3, then 10, then 1 and 11, then 0: classes 0, 1, 2, 1, 2
	} {
		for i, got := range n.Classify([]float32{c.x}, []int{1, 2, 3, 5, 100}) {
			require.Equal(t, []int{c.want[i]}, got, "%g, k number %d", c.x, i)
		}
	}
	require.Panics(t, func() { n.Classify([]float32{1}, []int{0}) })
	require.Panics(t, func() { NewNeighbours(nil, 1, nil) })
	require.Panics(t, func() { NewNeighbours([]float32{1}, 1, []int{0, 1}) })
}

// Two classes that overlap, with labels turned at random in a tenth of the rows: many neighbours are better than one, and far
// too many are as bad as none.
func TestChooseK(t *testing.T) {
	const n = 300
	r := rand.New(rand.NewPCG(1, 1))
	rows, labels := make([]float32, 2*n), make([]int, n)
	for i := range n {
		labels[i] = i % 3 % 2
		rows[2*i] = float32(r.NormFloat64() + 2.5*float64(labels[i]))
		rows[2*i+1] = float32(r.NormFloat64())
		if r.IntN(10) == 0 {
			labels[i] = 1 - labels[i]
		}
	}
	k, err := ChooseK(rows, 2, labels, []int{1, 15, n}, 5, 1)
	require.NoError(t, err)
	require.Equal(t, 15, k)

	k, err = ChooseK([]float32{0, 1, 10, 11}, 1, []int{0, 0, 1, 1}, []int{1, 3}, 2, 1)
	require.NoError(t, err)
	require.Equal(t, 1, k)
	_, err = ChooseK(rows, 2, labels, []int{1}, n+1, 1)
	require.Error(t, err)
}
