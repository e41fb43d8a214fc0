package training_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// finiteFile requires a readable checkpoint without a NaN or an infinity in a parameter.
func finiteFile(t *testing.T, path string, model layers.Layer) {
	file, err := modelfile.Read(path)
	require.NoError(t, err)
	for _, p := range model.Params() {
		switch data := must(file.Tensor(p.Name())).Data.(type) {
		case []float32:
			for _, x := range data {
				require.Zero(t, x-x)
			}
		case []float64:
			for _, x := range data {
				require.Zero(t, x-x)
			}
		}
	}
}

func gaussianRBM(dtype tensor.Dtype) *layers.RBM {
	return must(layers.NewRBM("rbm", layers.RBMConfig{
		Visible: energy.Gaussian(6), Hidden: energy.Bernoulli(4), Seed: 1, InitDeviation: 0.5, Dtype: dtype,
	}))
}

func TestHugeRateIsToldAndTheCheckpointIsGood(t *testing.T) {
	for _, dt := range dtypes {
		for _, negative := range []sampling.Negative{sampling.CD{}, sampling.PCD{Chains: 5}} {
			t.Run(fmt.Sprint(dt, negative), func(t *testing.T) {
				m, path := gaussianRBM(dt), filepath.Join(t.TempDir(), "checkpoint")
				fit := training.Contrastive{
					Negative: negative, Solver: training.SGD{Rate: 1e6}, Epochs: 300, Batch: 5, Checkpoint: path, CheckpointEvery: 1,
				}
				report, err := fit.Fit(context.Background(), m, normals(1, 22, 6))
				require.ErrorIs(t, err, energy.ErrNotFinite)
				require.ErrorContains(t, err, `training: Contrastive: RBM "rbm": `)
				require.ErrorContains(t, err, fmt.Sprintf("step %d, epoch", report.Steps+1))
				require.ErrorContains(t, err, "(the last good checkpoint is in "+path+")")
				require.Positive(t, report.Steps)
				finiteFile(t, path, m)
				require.EqualValues(t, report.Steps, positionIn(t, path).Step)

				// The checkpoint resumes, to where it diverges again.
				fit.Resume = true
				again, err := fit.Fit(context.Background(), gaussianRBM(dt), normals(1, 22, 6))
				require.ErrorIs(t, err, energy.ErrNotFinite)
				require.True(t, again.Resumed)
				require.Equal(t, report.Steps, again.Steps)
			})
		}
	}
}

func TestSupervisedDivergenceNamesTheStep(t *testing.T) {
	net := linear("net", 6, 3, tensor.Float32)
	report, err := training.Supervised{
		Solver: training.SGD{Rate: 1e30}, Cost: layers.SquaredErrorRows, Epochs: 20, Batch: 5,
	}.Fit(context.Background(), net, normals(1, 20, 6), classes(20, 3))
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, fmt.Sprintf(`training: Supervised: layer "net": step %d, epoch 1: `, report.Steps+1))
	require.NotContains(t, err.Error(), "checkpoint")
}

// Where the cost is not finite no step is made. Nothing was saved yet, so no checkpoint is promised.
func TestParametersStayWhereTheCostIsNotFinite(t *testing.T) {
	huge := matrix(tensor.Float64, 8, 6, func(i, _ int) float64 { return 1e200 * float64(i+1) })
	m, path := gaussianRBM(tensor.Float64), filepath.Join(t.TempDir(), "checkpoint")
	before := values(m)
	report, err := training.Contrastive{
		Negative: sampling.CD{}, Solver: training.Adam{Rate: 0.1}, Epochs: 2, Batch: 4, Checkpoint: path,
	}.Fit(context.Background(), m, huge)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, "step 1, epoch 1: the cost is ")
	require.NotContains(t, err.Error(), "checkpoint")
	require.NoFileExists(t, path)
	require.Zero(t, report.Steps)
	require.Equal(t, before, values(m))

	net := linear("net", 6, 3, tensor.Float64)
	before = values(net)
	_, err = training.Supervised{Solver: training.Adam{Rate: 0.1}, Cost: layers.SquaredErrorRows, Epochs: 2}.Fit(
		context.Background(), net, huge, classes(8, 3))
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, "the cost is +Inf")
	require.Equal(t, before, values(net))
}

// poison writes a NaN past the checks of Param.Set, as a step gone wrong does.
func poison(p *layers.Param) { p.Value().Float64s()[0] = math.NaN() }

func TestPoisonedModelIsNotStarted(t *testing.T) {
	m, path := machine(energy.Bernoulli(6), energy.Bernoulli(4), true), filepath.Join(t.TempDir(), "checkpoint")
	poison(m.Param("c"))
	for _, negative := range []sampling.Negative{sampling.CD{}, sampling.PCD{}, sampling.Exact{}} {
		_, err := training.Contrastive{Negative: negative, Solver: training.SGD{Rate: 0.1}, Epochs: 1, Checkpoint: path}.Fit(
			stopAt(0), m, bits(1, 8, 6)) // even a run that ends at once must not save a NaN
		require.ErrorIs(t, err, energy.ErrNotFinite)
		require.ErrorContains(t, err, `before the first step: parameter "rbm.c"`)
		require.NoFileExists(t, path)
	}
}

func TestObserverThatPoisonsIsFoundAtOnce(t *testing.T) {
	for _, last := range []int{1, 2} { // in the midst of the run, and at its end
		path := filepath.Join(t.TempDir(), "checkpoint")
		m := machine(energy.Bernoulli(6), energy.Bernoulli(4), false)
		var good [][]float64
		fit := training.Contrastive{
			Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 2, Batch: 4, Checkpoint: path,
			Observe: func(e training.Epoch) error {
				if e.Epoch == last {
					good = values(m)
					poison(m.Param("W"))
				}
				return nil
			},
		}
		report, err := fit.Fit(context.Background(), m, bits(1, 8, 6))
		require.ErrorIs(t, err, energy.ErrNotFinite)
		require.ErrorContains(t, err, fmt.Sprintf(`RBM "rbm": the observer of epoch %d, step %d: parameter "rbm.W": not a finite number (the last good checkpoint is in %s)`, last, 2*last, path))
		require.Len(t, report.Epochs, last)
		finiteFile(t, path, m)

		// Resuming with the poisoned model at hand is what a user does next.
		fit.Observe, fit.Resume = nil, true
		if last == 2 {
			report, err = fit.Fit(context.Background(), m, bits(1, 8, 6))
			require.NoError(t, err)
			require.Equal(t, good, values(m))
			require.Len(t, report.Epochs, 2)
		}
	}
}
