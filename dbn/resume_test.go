package dbn_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// snapshot copies the files of a directory, as they stand at this moment, to another: what a killed process leaves.
func snapshot(t *testing.T, from string) string {
	to := t.TempDir()
	for _, entry := range must(os.ReadDir(from)) {
		require.NoError(t, os.WriteFile(filepath.Join(to, entry.Name()), must(os.ReadFile(filepath.Join(from, entry.Name()))), 0o644))
	}
	return to
}

// resumable is a run that can be cut: 3 layers, 2 epochs, 4 steps an epoch.
func resumable(dtype tensor.Dtype, dir string, resume bool) (*dbn.DBN, *tensor.Dense, dbn.PretrainConfig) {
	data, labels := bars(dtype)
	d := newStack(dbn.Config{Sizes: []int{16, 8, 6, 5}, Labels: 2, Centered: true, Seed: 3, Dtype: dtype})
	return d, data, dbn.PretrainConfig{
		Epochs: 2, Batch: 8, Seed: 2, Samples: true, Labels: labels, Negative: sampling.PCD{Chains: 9},
		Checkpoint: filepath.Join(dir, "run"), Resume: resume,
	}
}

// A pretraining that was killed after any epoch of any layer, or ended by its context at any step, goes on to the very bits
// of the whole run, history included.
func TestResumedPretrainingEqualsTheWhole(t *testing.T) {
	for _, dtype := range dtypes {
		dir := t.TempDir()
		d, data, config := resumable(dtype, dir, true) // nothing is there yet: it starts at the beginning
		var killed []string
		config.Observe = func(int, training.Epoch) error {
			killed = append(killed, snapshot(t, dir))
			return nil
		}
		reports, err := d.Pretrain(context.Background(), data, config)
		require.NoError(t, err)
		require.Len(t, killed, 6)
		for layer := range 3 {
			require.FileExists(t, filepath.Join(dir, "run.layer"+string(rune('1'+layer))))
		}
		want := weights(d)
		finish := func(dir string) {
			again, data, config := resumable(dtype, dir, true)
			got, err := again.Pretrain(context.Background(), data, config)
			require.NoError(t, err)
			require.Equal(t, want, weights(again))
			require.Len(t, got, 3)
			require.True(t, got[0].Resumed)
			for i := range got {
				require.Equal(t, history(reports[i]), history(got[i]))
			}
		}
		for _, dir := range killed {
			finish(dir)
		}
		for breaths := 0; breaths < 24; breaths += 5 {
			dir := t.TempDir()
			cut, data, config := resumable(dtype, dir, false)
			_, err := cut.Pretrain(&mortal{Context: context.Background(), breaths: breaths}, data, config)
			require.ErrorIs(t, err, context.Canceled)
			require.NotEqual(t, want, weights(cut))
			finish(dir)
		}
	}
}

// A checkpoint of another run is refused, and nothing is changed.
func TestPretrainingDoesNotGoOnWithAnotherRun(t *testing.T) {
	dir := t.TempDir()
	d, data, config := resumable(tensor.Float32, dir, false)
	must(d.Pretrain(context.Background(), data, config))
	other, data, config := resumable(tensor.Float32, dir, true)
	before := weights(other)
	config.Seed++
	reports, err := other.Pretrain(context.Background(), data, config)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, `dbn: DBN "net": Pretrain: layer 1: `)
	require.ErrorContains(t, err, "it is of another run")
	require.Empty(t, reports)
	require.Equal(t, before, weights(other))
}

func TestResumedFineTuneEqualsTheWhole(t *testing.T) {
	for _, dtype := range dtypes {
		data, labels := bars(dtype)
		start := func(dir string, resume bool) (*dbn.DBN, dbn.FineTuneConfig) {
			return newStack(dbn.Config{Sizes: []int{16, 8, 6}, Glorot: true, Seed: 3, Dtype: dtype}), dbn.FineTuneConfig{
				Classes: 2, Epochs: 4, Batch: 8, Dropout: 0.2, Seed: 2, Rate: training.Linear(1e-2, 0, 4), Validation: data, ValidationLabels: labels,
				Checkpoint: filepath.Join(dir, "run"), Resume: resume,
			}
		}
		dir := t.TempDir()
		d, config := start(dir, false)
		var killed []string
		config.Observe = func(training.Epoch) error {
			killed = append(killed, snapshot(t, dir))
			return nil
		}
		report := must(d.FineTune(context.Background(), data, labels, config))
		require.Len(t, killed, 4)
		want := weights(d)
		finish := func(dir string) {
			again, config := start(dir, true)
			got, err := again.FineTune(context.Background(), data, labels, config)
			require.NoError(t, err)
			require.True(t, got.Resumed)
			require.Equal(t, want, weights(again))
			require.Equal(t, history(report), history(got))
		}
		for _, dir := range killed {
			finish(dir)
		}
		for breaths := 0; breaths < 16; breaths += 3 {
			dir := t.TempDir()
			cut, config := start(dir, false)
			_, err := cut.FineTune(&mortal{Context: context.Background(), breaths: breaths}, data, labels, config)
			require.ErrorIs(t, err, context.Canceled)
			require.NotEqual(t, want, weights(cut))
			finish(dir)
		}
	}
}

// An observer's error ends a fine-tuning too, and what was learned stays.
func TestAnObserverStopsFineTune(t *testing.T) {
	data, labels := bars(tensor.Float32)
	d := newStack(dbn.Config{Sizes: []int{16, 8}, Glorot: true, Seed: 3})
	enough := errors.New("enough")
	report, err := d.FineTune(context.Background(), data, labels, dbn.FineTuneConfig{Classes: 2, Epochs: 4, Observe: func(training.Epoch) error { return enough }})
	require.ErrorIs(t, err, enough)
	require.ErrorContains(t, err, `dbn: DBN "net": FineTune: training: Supervised: layer "net": the observer stopped the run after epoch 1`)
	require.Len(t, report.Epochs, 1)
	require.Equal(t, 2, d.Classes())
}
