package training_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// copied repeats each row as often as its weight says.
func copied[T any](rows []T, weights []float64) []T {
	var out []T
	for i, row := range rows {
		for range int(weights[i]) {
			out = append(out, row)
		}
	}
	return out
}

// worst is the largest difference between two lists of parameters.
func worst(a, b [][]float64) float64 {
	d := 0.0
	for i := range a {
		d = max(d, distance(a[i], b[i]))
	}
	return d
}

var counts = []float64{2, 1, 0, 3, 1, 0, 4}

func TestContrastiveWeightsAreCopies(t *testing.T) {
	units := energy.Bernoulli(5)
	rows := states(units, len(counts))
	for _, c := range []struct {
		name     string
		centered bool
		change   func(*training.Contrastive)
	}{
		{"plain", false, func(*training.Contrastive) {}},
		{"centered", true, func(c *training.Contrastive) { c.OffsetRate = 0.5 }},
		{"sparse", false, func(c *training.Contrastive) { c.SparsityCost, c.SparsityTarget = 2, 0.1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			step := func(rows [][]float64, weights []float64) [][]float64 {
				m := machine(units, energy.Bernoulli(4), c.centered)
				exactStep(t, m, rows, func(fit *training.Contrastive) {
					c.change(fit)
					fit.Weights = weights
				})
				return values(m)
			}
			want := step(copied(rows, counts), nil)
			require.Less(t, worst(want, step(rows, counts)), 1e-12)

			// The twins: no weights, and the weights of other rows.
			require.Greater(t, worst(want, step(rows, nil)), 1e-3)
			require.Greater(t, worst(want, step(rows, append(counts[1:len(counts):len(counts)], counts[0]))), 1e-3)
			// Only the ratios of the weights count.
			doubled := make([]float64, len(counts))
			for i, w := range counts {
				doubled[i] = 2 * w
			}
			require.Less(t, worst(want, step(rows, doubled)), 1e-12)
		})
	}
}

func TestExactGradientTakesFractionalWeights(t *testing.T) {
	units := energy.Spin(5)
	rows, weights := states(units, 4), []float64{0.5, 2.25, 0, 1}
	m := machine(units, energy.Bernoulli(4), false)
	before, want := values(m), must(oracle(m).Gradient(rows, weights))
	exactStep(t, m, rows, func(c *training.Contrastive) { c.Weights = weights })
	require.InDeltaSlice(t, want.W, moved(before[0], values(m)[0]), 1e-12)
}

func TestSupervisedWeightsAreCopies(t *testing.T) {
	x, labels := states(energy.Spin(4), len(counts)), []int{0, 1, 2, 0, 1, 2, 1}
	step := func(x [][]float64, labels []int, weights []float64) [][]float64 {
		net := sequential(linear("one", 4, 5, tensor.Float64), layers.Tanh(), linear("two", 5, 3, tensor.Float64))
		_, err := training.Supervised{
			Solver: training.SGD{Rate: 1}, Epochs: 1, Batch: len(x), Weights: weights, L2: 0.1,
		}.Fit(context.Background(), net, fromRows(x), must(training.OneHot(labels, 3)))
		require.NoError(t, err)
		return values(net)
	}
	want := step(copied(x, counts), copied(labels, counts), nil)
	require.Less(t, worst(want, step(x, labels, counts)), 1e-12)
	require.Greater(t, worst(want, step(x, labels, nil)), 1e-3)
	require.Greater(t, worst(want, step(x, labels, []float64{2, 1, 1, 3, 1, 0, 4})), 1e-3)
}

// A batch whose rows all have weight 0 changes nothing, and is still a step of the run.
func TestBatchOfNoWeightIsPassedOver(t *testing.T) {
	units := energy.Bernoulli(5)
	rows := states(units, 4)
	m := machine(units, energy.Bernoulli(4), false)
	report := exactStep(t, m, rows, func(c *training.Contrastive) { c.Batch, c.Weights = 1, []float64{0, 0, 1, 0} })
	require.Equal(t, uint64(4), report.Steps)
	alone := machine(units, energy.Bernoulli(4), false)
	exactStep(t, alone, rows[2:3], nil)
	require.Equal(t, values(alone), values(m))
}
