package training_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// The rows of a batch that is shorter than the others count among themselves: two batches of 4 and 3 rows are two steps.
func TestShortLastBatchIsUsed(t *testing.T) {
	units := energy.Bernoulli(5)
	rows := states(units, 7)
	source := &recorder{rows: rows}
	m := machine(units, energy.Bernoulli(4), false)
	_, err := training.Contrastive{Negative: sampling.Exact{}, Solver: training.SGD{Rate: 1}, Epochs: 1, Batch: 4, Seed: 3}.FitSource(context.Background(), m, source)
	require.NoError(t, err)
	require.Len(t, source.batches, 2)

	twin := machine(units, energy.Bernoulli(4), false)
	for _, b := range source.batches {
		var part [][]float64
		for _, r := range b.rows {
			part = append(part, rows[r])
		}
		exactStep(t, twin, part, nil)
	}
	for i := range values(m) {
		require.InDeltaSlice(t, values(twin)[i], values(m)[i], 1e-12)
	}
}

// recorder is a source that remembers which batches were read.
type recorder struct {
	rows    [][]float64
	batches []batchRead
}

type batchRead struct {
	epoch int
	rows  []int
}

func (r *recorder) Len() int   { return len(r.rows) }
func (r *recorder) Width() int { return len(r.rows[0]) }

func (r *recorder) Read(dst *tensor.Dense, rows []int, epoch int) error {
	if len(rows) < len(r.rows) { // monitors and fingerprints read all rows
		r.batches = append(r.batches, batchRead{epoch, slices.Clone(rows)})
	}
	return tensor.Copy(dst, fromRows(pick(r.rows, rows)))
}

func pick[T any](from []T, indices []int) []T {
	var out []T
	for _, i := range indices {
		out = append(out, from[i])
	}
	return out
}

func TestEpochsAreDifferentPermutations(t *testing.T) {
	units := energy.Bernoulli(5)
	orders := func(seed uint64) [][]int {
		source := &recorder{rows: states(units, 22)}
		_, err := training.Contrastive{Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 4, Batch: 5, Seed: seed}.FitSource(
			context.Background(), machine(units, energy.Bernoulli(4), false), source)
		require.NoError(t, err)
		require.Len(t, source.batches, 4*5)
		all := make([][]int, 4)
		for i, b := range source.batches {
			require.Equal(t, i/5, b.epoch)
			require.Len(t, b.rows, []int{5, 5, 5, 5, 2}[i%5])
			all[b.epoch] = append(all[b.epoch], b.rows...)
		}
		return all
	}
	everyRow := make([]int, 22)
	for i := range everyRow {
		everyRow[i] = i
	}
	first := orders(1)
	for i, order := range first {
		require.ElementsMatch(t, everyRow, order)
		for _, other := range first[:i] {
			require.NotEqual(t, other, order)
		}
	}
	require.Equal(t, first, orders(1))
	require.NotEqual(t, first, orders(2))
}

func TestInitBiasStartsAtTheMeans(t *testing.T) {
	rows := [][]float64{{1, 0, 0}, {1, 1, 0}, {1, 0, 1}, {0, 0, 0}}
	m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(3), Hidden: energy.Bernoulli(2), Centered: true, Dtype: tensor.Float64}))
	_, err := training.Contrastive{
		Negative: sampling.CD{}, Solver: training.SGD{Rate: 1e-12}, Epochs: 1, InitBias: true, OffsetRate: 1e-9,
	}.Fit(context.Background(), m, fromRows(rows))
	require.NoError(t, err)
	third := math.Log(1.0 / 3)
	require.InDeltaSlice(t, []float64{-third, third, third}, m.Param("b").Float64s(), 1e-8)
	require.InDeltaSlice(t, []float64{0.75, 0.25, 0.25}, m.Param("visible_offset").Float64s(), 1e-8)
}

// Steps of the schedule are the k of the epoch: a run of two epochs with k = 1, then 3 is CD-1, then CD-3.
func TestStepsScheduleSetsTheGibbsSteps(t *testing.T) {
	run := func(cd sampling.CD, steps training.Schedule) []float64 {
		m := machine(energy.Bernoulli(5), energy.Bernoulli(4), false)
		_, err := training.Contrastive{Negative: cd, Solver: training.SGD{Rate: 0.1}, Steps: steps, Epochs: 2, Batch: 4}.Fit(
			context.Background(), m, fromRows(states(energy.Bernoulli(5), 8)))
		require.NoError(t, err)
		return m.Param("W").Float64s()
	}
	rising := run(sampling.CD{}, training.Steps(map[int]float64{0: 1, 1: 3}))
	require.Equal(t, rising, run(sampling.CD{Steps: 9}, training.Linear(0.6, 4.6, 2)), "values are rounded")
	require.NotEqual(t, rising, run(sampling.CD{}, nil))
	require.NotEqual(t, rising, run(sampling.CD{Steps: 3}, nil))
}
