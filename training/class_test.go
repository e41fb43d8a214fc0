package training_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// classed are rows of three kinds, each bit of a kind's pattern flipped with probability 0.1, and their kinds.
func classed(seed uint64, rows int) (features [][]float64, kinds []int) {
	patterns := rand.New(rand.NewPCG(5, 5))
	kind := make([][]float64, 3)
	for k := range kind {
		for range 12 {
			kind[k] = append(kind[k], float64(patterns.IntN(2)))
		}
	}
	r := rand.New(rand.NewPCG(seed, 6))
	for range rows {
		k := r.IntN(3)
		row := slices.Clone(kind[k])
		for j := range row {
			if r.Float64() < 0.1 {
				row[j] = 1 - row[j]
			}
		}
		features, kinds = append(features, row), append(kinds, k)
	}
	return features, kinds
}

// A machine with features beside a one-hot class learns both together, and reads the class of new rows off; on labels that say nothing it
// learns nothing.
func TestClassBesideFeatures(t *testing.T) {
	accuracy := func(shuffled bool) float64 {
		features, kinds := classed(1, 300)
		if shuffled {
			rand.New(rand.NewPCG(2, 2)).Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		}
		var rows [][]float64
		for i, x := range features {
			class := make([]float64, 3)
			class[kinds[i]] = 1
			rows = append(rows, slices.Concat(x, class))
		}
		m := must(layers.NewRBM("classes", layers.RBMConfig{
			Visible: energy.Join(energy.Bernoulli(12), energy.OneHot(1, 3)), Hidden: energy.Bernoulli(12), Seed: 1,
		}))
		_, err := training.Contrastive{Negative: sampling.PCD{}, Solver: training.Adam{Rate: 0.02}, Epochs: 40, Batch: 50, Seed: 1}.Fit(context.Background(), m, fromRows(rows))
		require.NoError(t, err)
		fresh, want := classed(3, 300)
		p, err := m.ClassProbabilities(matrix(tensor.Float32, len(fresh), 12, func(i, j int) float64 { return fresh[i][j] }))
		require.NoError(t, err)
		right := 0.0
		for i, k := range training.Classes(p) {
			if k == want[i] {
				right++
			}
		}
		return right / float64(len(want))
	}
	require.Greater(t, accuracy(false), 0.97)
	require.Less(t, accuracy(true), 0.6)
}
