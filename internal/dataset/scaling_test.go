package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScaling(t *testing.T) {
	// Means 3, 5 and 0.1; the deviation of {1, 5} is 2, that of a constant 0.
	train := []float32{1, 5, 0.1, 5, 5, 0.1}
	s := NewScaling(train, 3)
	require.Equal(t, 1, s.Varying())
	s.Apply(train)
	require.Equal(t, []float32{-1, 0, 0, 1, 0, 0}, train)

	held := []float32{3, 9, 0, 6, 5, 1e30}
	s.Apply(held)
	require.Equal(t, []float32{0, 0, 0, 1.5, 0, 0}, held, "held-back rows do not change the scale")

	// 0.1 is not exact: the mean of many is not 0.1 either, and yet the column is constant.
	many := make([]float32, 1001)
	for i := range many {
		many[i] = 0.1
	}
	require.Zero(t, NewScaling(many, 1).Varying())

	for _, bad := range []func(){
		func() { NewScaling(nil, 1) }, func() { NewScaling(train, 0) }, func() { NewScaling(train, 4) },
	} {
		require.Panics(t, bad)
	}
}
