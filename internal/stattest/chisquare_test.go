package stattest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Upper 5 % points of χ², from tables: 3.841 on 1 degree of freedom, 7.815 on 3.
func TestChiSquareQuantile(t *testing.T) {
	half := []float64{0.5, 0.5}
	// X² = (2d)²/n for counts n/2 ± d: 3.802 and 3.842 around the 5 % point.
	require.NoError(t, ChiSquare([]int{4903, 5098}, half, 0.05))
	require.ErrorContains(t, ChiSquare([]int{4902, 5098}, half, 0.05), "1 degrees of freedom")

	quarter := []float64{0.25, 0.25, 0.25, 0.25}
	// X² = 2·d²/100 for counts 100 ± d in two of four cells: 7.22 and 8.
	require.NoError(t, ChiSquare([]int{100, 119, 81, 100}, quarter, 0.05))
	require.ErrorContains(t, ChiSquare([]int{100, 120, 80, 100}, quarter, 0.05), "3 degrees of freedom")
}

func TestChiSquareMergesRareCells(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []int
		p      []float64
		n      int
		want   []cell
	}{
		{"none rare", []int{40, 60}, []float64{0.5, 0.5}, 100, []cell{{40, 50}, {60, 50}}},
		{"just not rare", []int{70, 8, 2}, []float64{0.875, 0.0625, 0.0625}, 80, []cell{{70, 70}, {8, 5}, {2, 5}}},
		{"just rare", []int{62, 8, 2}, []float64{0.875, 0.0625, 0.0625}, 72, []cell{{62, 63}, {10, 9}}},
		{"together enough", []int{50, 3, 40, 7}, []float64{0.5, 0.03125, 0.4375, 0.03125}, 100, []cell{{50, 50}, {40, 43.75}, {10, 6.25}}},
		{"into the smallest", []int{50, 30, 18, 2}, []float64{0.5, 0.3125, 0.171875, 0.015625}, 100, []cell{{50, 50}, {30, 31.25}, {20, 18.75}}},
		{"impossible vanish", []int{40, 0, 60}, []float64{0.5, 0, 0.5}, 100, []cell{{40, 50}, {60, 50}}},
		{"all rare", []int{3, 1}, []float64{0.5, 0.5}, 4, nil},
	} {
		require.Equal(t, c.want, mergeRare(c.counts, c.p, c.n), c.name)
	}
	require.ErrorContains(t, ChiSquare([]int{3, 1}, []float64{0.5, 0.5}, 0.01), "4 draws leave no two cells")
}

func TestChiSquare(t *testing.T) {
	const n, alpha = 20000, 1e-4
	// 2.5 % of the mass moved gives X² a non-centrality of n·(0.025²/0.4 + 0.025²/0.25) = 81,
	// where the limit on 6 degrees of freedom is 28.
	twin := shifted(skewed, 0.025)
	for _, seed := range Seeds {
		require.NoError(t, ChiSquare(draw(source(seed), skewed, n), skewed, alpha))
		require.ErrorContains(t, ChiSquare(draw(source(seed), twin, n), skewed, alpha), "X²")
	}
}

func TestChiSquareFalseAlarms(t *testing.T) {
	const rounds, n, alpha = 4000, 500, 0.05
	alarms := falseAlarms(rounds, func(r *rand.Rand) error { return ChiSquare(draw(r, skewed, n), skewed, alpha) })
	require.True(t, atMost(alarms, rounds, alpha), alarms)
	require.True(t, atLeast(alarms, rounds, alpha), alarms)

	// Counting every draw twice doubles X², as correlated draws would.
	twice := falseAlarms(rounds, func(r *rand.Rand) error {
		counts := draw(r, skewed, n)
		for i := range counts {
			counts[i] *= 2
		}
		return ChiSquare(counts, skewed, alpha)
	})
	require.False(t, atMost(twice, rounds, alpha), twice)
}
