package evaluate

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFoldsAreStratified(t *testing.T) {
	var labels []int
	for i := range 157 { // 100 zeros, 37 ones, 20 sevens, mixed
		switch {
		case i%5 == 1 && i < 100, i > 140 && i < 158:
			labels = append(labels, 1)
		case i%7 == 3:
			labels = append(labels, 7)
		default:
			labels = append(labels, 0)
		}
	}
	for _, k := range []int{2, 5, 10, 157} {
		folds, err := Folds(labels, k, 3)
		require.NoError(t, err)
		require.Len(t, folds, k)
		var all []int
		count := map[int][]int{}
		var sizes []int
		for held, fold := range folds {
			require.True(t, slices.IsSorted(fold))
			all = append(all, fold...)
			sizes = append(sizes, len(fold))
			for _, class := range []int{0, 1, 7} {
				n := 0
				for _, row := range fold {
					if labels[row] == class {
						n++
					}
				}
				count[class] = append(count[class], n)
			}
			others := Others(folds, held)
			require.True(t, slices.IsSorted(others))
			require.Len(t, others, len(labels)-len(fold))
			for _, row := range fold {
				require.NotContains(t, others, row)
			}
		}
		slices.Sort(all)
		for i, row := range all {
			require.Equal(t, i, row, "each row is in one fold")
		}
		require.LessOrEqual(t, slices.Max(sizes)-slices.Min(sizes), 1)
		for class, n := range count {
			require.LessOrEqual(t, slices.Max(n)-slices.Min(n), 1, class)
		}
	}
}

func TestFoldsAreTheSeeds(t *testing.T) {
	labels := make([]int, 30)
	a, err := Folds(labels, 3, 1)
	require.NoError(t, err)
	b, err := Folds(labels, 3, 1)
	require.NoError(t, err)
	require.Equal(t, a, b)
	c, err := Folds(labels, 3, 2)
	require.NoError(t, err)
	require.NotEqual(t, a, c)

	for _, k := range []int{-1, 0, 1, 31} {
		_, err = Folds(labels, k, 1)
		require.ErrorContains(t, err, "of 30 rows")
	}
}
