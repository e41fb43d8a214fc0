package training_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// weakened is machine with couplings so small that TAP's moments are all but the model's.
func weakened(visible, hidden energy.Units, centered bool) *layers.RBM {
	m := machine(visible, hidden, centered)
	w := m.Param("W").Float64s()
	for i := range w {
		w[i] *= 0.02
	}
	if err := m.Param("W").Set(w); err != nil {
		panic(err)
	}
	return m
}

// A step with TAP's negative phase is the step of the exact one, as near as the couplings are weak; with its means alone, as naive mean-field
// theory has them, it is a hundred times further from it. That holds for centered machines, too.
func TestTAPMakesNearlyTheExactStep(t *testing.T) {
	for _, centered := range []bool{false, true} {
		for _, pair := range [][2]energy.Units{{energy.Bernoulli(5), energy.Bernoulli(4)}, {energy.Spin(5), energy.Bernoulli(4)}, {energy.Bernoulli(4), energy.Spin(5)}} {
			rows := states(pair[0], 7)
			step := func(negative sampling.Negative) [][]float64 {
				m := weakened(pair[0], pair[1], centered)
				exactStep(t, m, rows, func(c *training.Contrastive) { c.Negative = negative })
				return values(m)
			}
			off := func(a, b [][]float64) (worst float64) {
				for i := range a {
					worst = max(worst, distance(a[i], b[i]))
				}
				return worst
			}
			want := step(sampling.Exact{})
			third := off(want, step(sampling.TAP{Order: 3, Iterations: 100, Chains: 3}))
			second := off(want, step(sampling.TAP{Iterations: 100, Chains: 3}))
			naive := off(want, step(sampling.MeanField{Iterations: 100, Chains: 3}))
			require.Less(t, third, 2e-5, "centered %t", centered)
			require.Less(t, second, 1e-3)
			require.Greater(t, naive, 100*third)
			require.Greater(t, naive, 5*second)
		}
	}
}

// Every negative phase trains in both precisions, and a run that was stopped goes on with the same bits.
func TestNegativePhasesTrainAndResume(t *testing.T) {
	data := tensor.New(tensor.WithShape(6, 4), tensor.WithBacking([]float32{0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1}))
	for _, negative := range []sampling.Negative{
		sampling.Tempering{Chains: 7, Replicas: 3}, sampling.Tempering{Steps: 2, Chains: 2, Betas: []float64{1, 0.5, 0.2}},
		sampling.MeanField{Iterations: 2}, sampling.MeanField{Iterations: 1, Chains: 4}, sampling.TAP{Chains: 5}, sampling.TAP{Order: 3, Chains: 5},
	} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			for _, centered := range []bool{false, true} {
				fit := func(epochs int, checkpoint string) [][]float64 {
					m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(4), Hidden: energy.Bernoulli(3), Seed: 2, InitDeviation: 0.5, Centered: centered, Dtype: dtype}))
					_, err := training.Contrastive{
						Negative: negative, Solver: training.Adam{Rate: 0.05}, Epochs: epochs, Batch: 4, Seed: 3, Checkpoint: checkpoint, Resume: checkpoint != "",
					}.Fit(context.Background(), m, data)
					require.NoError(t, err)
					return values(m)
				}
				file := t.TempDir() + "/run"
				fit(2, file)
				require.Equal(t, fit(5, ""), fit(5, file), "%v, %v, centered %t", negative, dtype, centered)
			}
		}
	}
}
