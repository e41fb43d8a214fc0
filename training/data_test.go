package training_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

func TestOneHot(t *testing.T) {
	got := must(training.OneHot([]int{1, 0, 2}, 3))
	require.Equal(t, tensor.Shape{3, 3}, got.Shape())
	require.Equal(t, []float32{0, 1, 0, 1, 0, 0, 0, 0, 1}, got.Float32s())
	for _, c := range []struct {
		labels   []int
		classes  int
		sentinel error
		want     string
	}{
		{nil, 3, energy.ErrShape, "0 labels of 3 classes, want at least 1 label and 2 classes"},
		{[]int{0}, 1, energy.ErrShape, "1 labels of 1 classes"},
		{[]int{0}, -1, energy.ErrShape, "-1 classes"},
		{[]int{0, 3}, 3, energy.ErrRange, "label 3 of row 1, want 0 to 2"},
		{[]int{-1}, 3, energy.ErrRange, "label -1 of row 0"},
	} {
		_, err := training.OneHot(c.labels, c.classes)
		require.ErrorIs(t, err, c.sentinel)
		require.ErrorContains(t, err, "training: OneHot: ")
		require.ErrorContains(t, err, c.want)
	}
}

// With an OffsetRate of 1 the visible offsets of a centered machine are the means of the last batch that it saw.
func TestStochasticConventionDrawsWithTheGreyProbability(t *testing.T) {
	const n = 4000
	levels := []float64{0, 0.1, 0.5, 0.9, 1}
	x := matrix(tensor.Float64, n, len(levels), func(_, j int) float64 { return levels[j] })
	for seed := range uint64(4) {
		m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(5), Hidden: energy.Bernoulli(2), Centered: true, Dtype: tensor.Float64}))
		_, err := training.Contrastive{
			Negative: sampling.CD{}, Solver: training.SGD{Rate: 1e-12}, Epochs: 1, Batch: n, Seed: seed, Convention: training.Stochastic, OffsetRate: 1,
		}.Fit(context.Background(), m, x)
		require.NoError(t, err)
		for j, mean := range m.Param("visible_offset").Float64s() { // moved all the way to the mean of what was seen
			const z = 5 // a false alarm in 10⁶
			p := levels[j]
			require.InDelta(t, p, mean, z*math.Sqrt(p*(1-p)/n)+1e-12, fmt.Sprint(seed, j))
			if p == 0.1 {
				require.Greater(t, math.Abs(mean-0.13), z*math.Sqrt(p*(1-p)/n), "a twin that draws with 0.13 must fail")
			}
		}
	}
}

func TestConventionIsForBernoulliColumns(t *testing.T) {
	row := []float64{0.7, 0.2, 0.5, 0.7}
	for _, c := range []struct {
		convention training.Convention
		want       []float64
	}{
		{training.AsIs, row},
		{training.Threshold, []float64{1, 0, 0, 0.7}}, // one half is not above one half
	} {
		m := must(layers.NewRBM("rbm", layers.RBMConfig{
			Visible: energy.Join(energy.Bernoulli(3), energy.Gaussian(1)), Hidden: energy.Bernoulli(2), Centered: true, Dtype: tensor.Float64,
		}))
		report, err := training.Contrastive{
			Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 1, Convention: c.convention, OffsetRate: 1,
		}.Fit(context.Background(), m, fromRows([][]float64{row}))
		require.NoError(t, err)
		require.InDeltaSlice(t, c.want, m.Param("visible_offset").Float64s(), 1e-15)
		require.Contains(t, report.String(), c.convention.String())
	}
}

func TestStochasticRowsAreDrawnAfreshEachEpoch(t *testing.T) {
	run := func() (seen [][]float64) {
		m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(60), Hidden: energy.Bernoulli(2), Centered: true, Dtype: tensor.Float64}))
		_, err := training.Contrastive{
			Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 3, Convention: training.Stochastic, OffsetRate: 1,
			Observe: func(training.Epoch) error {
				seen = append(seen, m.Param("visible_offset").Float64s())
				return nil
			},
		}.Fit(context.Background(), m, matrix(tensor.Float64, 1, 60, func(int, int) float64 { return 0.5 }))
		require.NoError(t, err)
		return seen
	}
	first := run()
	require.NotEqual(t, first[0], first[1])
	require.NotEqual(t, first[1], first[2])
	require.Equal(t, first, run())
}
