package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// pairs is the definition of the area: the share of pairs in order, ties counting one half.
func pairs(scores []float64, labels []int) float64 {
	var ordered, all float64
	for i, a := range scores {
		for j, b := range scores {
			if labels[i] != 1 || labels[j] != 0 {
				continue
			}
			all++
			switch {
			case a > b:
				ordered++
			case a == b:
				ordered += 0.5
			}
		}
	}
	return ordered / all
}

func TestAUC(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		labels []int
		want   float64
	}{
		{[]float64{1, 2, 3, 4}, []int{0, 0, 1, 1}, 1},
		{[]float64{1, 2, 3, 4}, []int{1, 1, 0, 0}, 0},
		{[]float64{5, 5, 5, 5}, []int{1, 0, 1, 0}, 0.5},
		{[]float64{0.1, 0.4, 0.35, 0.8}, []int{0, 0, 1, 1}, 0.75}, // the example of scikit-learn's roc_auc_score
		{[]float64{math.Inf(-1), 0, 0, math.Inf(1)}, []int{0, 1, 0, 1}, 0.875},
	} {
		require.Equal(t, c.want, AUC(c.scores, c.labels))
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		n := 2 + r.IntN(40)
		scores, labels := make([]float64, n), make([]int, n)
		for i := range n {
			scores[i], labels[i] = float64(r.IntN(8)), r.IntN(2) // many ties
		}
		want, got := pairs(scores, labels), AUC(scores, labels)
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(got), "one label only")
			continue
		}
		require.InDelta(t, want, got, 1e-12)
	}
	require.True(t, math.IsNaN(AUC([]float64{1, math.NaN()}, []int{0, 1})))
	require.True(t, math.IsNaN(AUC(nil, nil)))
	require.Panics(t, func() { AUC([]float64{1}, nil) })
}
