package training_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// resumable is a Contrastive that has been stopped at step 3 of 8, with what it runs on.
func resumable(t *testing.T) *contrastiveInput {
	in := newContrastiveInput(filepath.Join(t.TempDir(), "checkpoint"))
	in.Negative, in.Epochs, in.Batch, in.Resume = sampling.PCD{Chains: 3}, 4, 4, true
	_, err := in.Fit(stopAt(3), machine(in.visible, in.hidden, in.centered), in.data)
	require.ErrorIs(t, err, context.Canceled)
	return in
}

func TestCheckpointOfAnotherRunIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *contrastiveInput)
		want   []string // from the file and of the run
	}{
		{"seed", func(c *contrastiveInput) { c.Seed = 9 }, []string{"seed 0", "seed 9"}},
		{"batch", func(c *contrastiveInput) { c.Batch = 2 }, []string{"batches of 4", "batches of 2"}},
		{"solver", func(c *contrastiveInput) { c.Solver = training.Adam{Rate: 0.1} }, []string{"SGD{Rate:0.1 Momentum:0.5", "Adam{Rate:0.1"}},
		{"rate", func(c *contrastiveInput) { c.Solver = training.SGD{Rate: 0.2, Momentum: 0.5} }, []string{"Rate:0.2"}},
		{"negative", func(c *contrastiveInput) { c.Negative = sampling.PCD{Chains: 4} }, []string{"PCD-1 with 3 chains", "PCD-1 with 4 chains"}},
		{"data", func(c *contrastiveInput) { c.data = bits(2, 8, 6) }, []string{"8 rows"}},
		{"rows", func(c *contrastiveInput) { c.data = bits(1, 9, 6) }, []string{"8 rows", "9 rows"}},
		{"weights", func(c *contrastiveInput) { c.Weights = []float64{1, 2, 1, 1, 1, 1, 1, 1} }, []string{"of equal weight", "of weights"}},
		{"L2", func(c *contrastiveInput) { c.L2 = 0.1 }, []string{"L2 0", "L2 0.1"}},
		{"sparsity", func(c *contrastiveInput) { c.SparsityCost = 0.1 }, []string{"sparsity 0.1"}},
		{"convention", func(c *contrastiveInput) { c.Convention = training.Threshold }, []string{"grey values as they are", "thresholded"}},
		{"visible units", func(c *contrastiveInput) { c.visible = energy.Gaussian(6) }, []string{"rbm "}},
		{"hidden units", func(c *contrastiveInput) { c.hidden = energy.Bernoulli(5) }, []string{"rbm "}},
		{"centered", func(c *contrastiveInput) { c.centered = true }, []string{"rbm "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := resumable(t)
			content := must(os.ReadFile(in.Checkpoint))
			c.change(in)
			m := machine(in.visible, in.hidden, in.centered)
			before := values(m)
			report, err := in.Fit(context.Background(), m, in.data)
			require.ErrorIs(t, err, energy.ErrConfig)
			require.ErrorContains(t, err, "checkpoint "+in.Checkpoint+": it is of another run (")
			for _, text := range c.want {
				require.ErrorContains(t, err, text)
			}
			require.Nil(t, report)
			require.Equal(t, before, values(m))
			require.True(t, bytes.Equal(content, must(os.ReadFile(in.Checkpoint))))
		})
	}
	in := resumable(t)
	report, err := in.Fit(context.Background(), machine(in.visible, in.hidden, in.centered), in.data)
	require.NoError(t, err, "unchanged, it resumes")
	require.True(t, report.Resumed)
}

func TestSupervisedCheckpointOfAnotherRunIsRefused(t *testing.T) {
	net := func(dropout float64, seed uint64) layers.Layer {
		return sequential(linear("one", 6, 5, tensor.Float64), must(layers.NewDropout("dropout", dropout, seed)), linear("two", 5, 3, tensor.Float64))
	}
	for _, c := range []struct {
		name   string
		change func(s *supervisedInput)
	}{
		{"targets", func(s *supervisedInput) { s.y = classes(8, 3); s.y.Float32s()[0], s.y.Float32s()[1] = 0, 1 }},
		{"inputs", func(s *supervisedInput) { s.x = bits(2, 8, 6) }},
		{"seed", func(s *supervisedInput) { s.Seed = 1 }},
		{"norm of gradients", func(s *supervisedInput) { s.ClipNorm = 1 }},
		{"weights", func(s *supervisedInput) { s.Weights = []float64{1, 1, 1, 1, 1, 1, 1, 2} }},
		{"rate of dropout", func(s *supervisedInput) { s.model = net(0.4, 1) }},
		{"seed of dropout", func(s *supervisedInput) { s.model = net(0.5, 2) }},
	} {
		in := newSupervisedInput(filepath.Join(t.TempDir(), "checkpoint"))
		in.model, in.Resume = net(0.5, 1), true
		_, err := in.Fit(stopAt(3), in.model, in.x, in.y)
		require.ErrorIs(t, err, context.Canceled)
		c.change(in)
		before := values(in.model)
		_, err = in.Fit(context.Background(), in.model, in.x, in.y)
		require.ErrorIs(t, err, energy.ErrConfig, c.name)
		require.ErrorContains(t, err, "it is of another run", c.name)
		require.Equal(t, before, values(in.model))
	}
}

// refuseFile requires that the file as it stands is refused, by name, and that nothing is touched.
func refuseFile(t *testing.T, in *contrastiveInput, want string) {
	t.Helper()
	m := machine(in.visible, in.hidden, in.centered)
	before := values(m)
	report, err := in.Fit(context.Background(), m, in.data)
	require.Error(t, err)
	require.ErrorContains(t, err, in.Checkpoint)
	require.ErrorContains(t, err, want)
	require.Nil(t, report)
	require.Equal(t, before, values(m))
}

func TestDamagedCheckpointIsRefused(t *testing.T) {
	in := resumable(t)
	whole := must(os.ReadFile(in.Checkpoint))
	write := func(content []byte) { require.NoError(t, os.WriteFile(in.Checkpoint, content, 0o666)) }
	for n := 0; n < len(whole); n += 1 + len(whole)/40 {
		write(whole[:n])
		refuseFile(t, in, "")
	}
	for at := len(whole) - 1; at > 0; at -= 1 + len(whole)/40 {
		broken := bytes.Clone(whole)
		broken[at] ^= 0x10
		write(broken)
		refuseFile(t, in, "")
	}
	write(append(bytes.Clone(whole), 0))
	refuseFile(t, in, "")
	write(whole)
	_, err := in.Fit(context.Background(), machine(in.visible, in.hidden, in.centered), in.data)
	require.NoError(t, err)
}

// A file with a right checksum can still hold anything.
func TestForgedCheckpointIsRefused(t *testing.T) {
	const key = "harmonium.checkpoint"
	meta := func(from, to string) func(t *testing.T, f *modelfile.File) {
		return func(t *testing.T, f *modelfile.File) {
			require.Contains(t, f.Meta[key], from)
			f.Meta[key] = strings.Replace(f.Meta[key], from, to, 1)
		}
	}
	change := func(name string, f func(x *modelfile.Tensor)) func(t *testing.T, f *modelfile.File) {
		return func(t *testing.T, file *modelfile.File) { f(must(file.Tensor(name))) }
	}
	drop := func(name string) func(t *testing.T, f *modelfile.File) {
		return change(name, func(x *modelfile.Tensor) { x.Name = "elsewhere" })
	}
	narrow := func(x *modelfile.Tensor) {
		data := x.Data.([]float64)
		single := make([]float32, len(data))
		x.Data = single
	}
	for _, c := range []struct {
		name  string
		forge func(t *testing.T, f *modelfile.File)
		want  string
	}{
		{"a model, no checkpoint", func(_ *testing.T, f *modelfile.File) { delete(f.Meta, key) }, "this is no checkpoint"},
		{"no JSON", func(_ *testing.T, f *modelfile.File) { f.Meta[key] = "{" }, "JSON"},
		{"negative epoch", meta(`"epoch":1`, `"epoch":-1`), "impossible"},
		{"batch beyond the epoch", meta(`"batch":1,"step":3`, `"batch":2,"step":4`), "impossible"},
		{"step that does not fit", meta(`"step":3`, `"step":4`), "impossible"},
		{"far step", meta(`"step":3`, `"step":18446744073709551615`), "impossible"},
		{"fractional step", meta(`"step":3`, `"step":3.5`), "step"},
		{"solver ahead", meta(`"solver_step":3`, `"solver_step":4`), "impossible"},
		{"too many arrays", meta(`"solver_arrays":3`, `"solver_arrays":1000000000`), "impossible"},
		{"too few arrays", meta(`"solver_arrays":3`, `"solver_arrays":2`), "got 2 state arrays, want 3"},
		{"negative arrays", meta(`"solver_arrays":3`, `"solver_arrays":-1`), "impossible"},
		{"other kernels", meta(`"kernels":"`, `"kernels":"x`), "other bits"},
		{"no parameter", drop("rbm.b"), `no tensor "rbm.b"`},
		{"no chains", drop("chains"), `no tensor "chains"`},
		{"no history", drop("history"), `no tensor "history"`},
		{"no solver array", drop("solver.1"), `no tensor "solver.1"`},
		{"parameter of another shape", change("rbm.W", func(x *modelfile.Tensor) { x.Shape = []int{4, 6} }), `tensor "rbm.W": has shape (4, 6), want (6, 4)`},
		{"parameter of another dtype", change("rbm.W", narrow), "float32"},
		{"chains of another dtype", change("chains", narrow), "float32"},
		{"solver array of another dtype", change("solver.0", narrow), "state array 0 has dtype float32, want float64"},
		{"history of another dtype", change("history", narrow), "the history has shape"},
		{"history of another shape", change("history", func(x *modelfile.Tensor) { x.Shape = []int{13, 1} }), "the history has shape [13 1]"},
		{"NaN in a parameter", change("rbm.c", func(x *modelfile.Tensor) { x.Data.([]float64)[1] = nan }), `tensor "rbm.c": not a finite number`},
		{"infinite chain", change("chains", func(x *modelfile.Tensor) { x.Data.([]float64)[1] = inf }), `tensor "chains": not a finite number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := resumable(t)
			file := must(modelfile.Read(in.Checkpoint))
			c.forge(t, file)
			require.NoError(t, modelfile.Write(in.Checkpoint, file))
			refuseFile(t, in, c.want)
		})
	}
}

func TestModelFileIsNoCheckpoint(t *testing.T) {
	in := resumable(t)
	require.NoError(t, machine(in.visible, in.hidden, false).Save(in.Checkpoint))
	refuseFile(t, in, "this is no checkpoint")
}

// A checkpoint of float32 does not go into a machine of float64.
func TestCheckpointOfAnotherDtypeIsRefused(t *testing.T) {
	in := resumable(t)
	m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: in.visible, Hidden: in.hidden}))
	_, err := in.Fit(context.Background(), m, in.data)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "another run")
}

func TestUnwritableCheckpointFailsWithThePath(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a directory cannot be taken away there")
	}
	dir := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(dir, 0o777))
	in := newContrastiveInput(filepath.Join(dir, "checkpoint"))
	in.Observe = func(training.Epoch) error { return os.RemoveAll(dir) }
	report, err := in.Fit(context.Background(), machine(in.visible, in.hidden, false), in.data)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, in.Checkpoint)
	require.Len(t, report.Epochs, 2)

	// Ended by ctx, the run tells both.
	require.NoError(t, os.Mkdir(dir, 0o777))
	in.Observe = func(e training.Epoch) error { return os.RemoveAll(dir) }
	in.Epochs = 2
	_, err = in.Fit(stopAt(3), machine(in.visible, in.hidden, false), in.data)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, in.Checkpoint)
}

func TestResumeWithoutAFileStartsAfresh(t *testing.T) {
	in := newContrastiveInput(filepath.Join(t.TempDir(), "checkpoint"))
	fresh, resumed := machine(in.visible, in.hidden, false), machine(in.visible, in.hidden, false)
	in.Checkpoint = ""
	_, err := in.Fit(context.Background(), fresh, in.data)
	require.NoError(t, err)
	in.Checkpoint, in.Resume = filepath.Join(t.TempDir(), "checkpoint"), true
	report, err := in.Fit(context.Background(), resumed, in.data)
	require.NoError(t, err)
	require.False(t, report.Resumed)
	require.Equal(t, values(fresh), values(resumed))
}

// Without Resume a run starts afresh and replaces the file that it finds.
func TestWithoutResumeTheFileIsReplaced(t *testing.T) {
	in := resumable(t)
	in.Resume, in.Seed = false, 77
	report, err := in.Fit(context.Background(), machine(in.visible, in.hidden, false), in.data)
	require.NoError(t, err)
	require.False(t, report.Resumed)
	require.Equal(t, positionOf{Epoch: 4, Step: 8}, positionIn(t, in.Checkpoint))
}

func TestFinishedRunGoesOnWithMoreEpochs(t *testing.T) {
	for _, name := range []string{"CD, Adam, learned variance/float32", "dropout, Adam, weights/float64"} {
		c := caseNamed(name)
		whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
		want, _, err := c.run(options{epochs: 5, checkpoint: whole})
		require.NoError(t, err)
		short, model, err := c.run(options{epochs: 2, checkpoint: parts})
		require.NoError(t, err)

		// As many epochs again: nothing is left to do.
		same, again, err := c.run(options{epochs: 2, checkpoint: parts, resume: true, scramble: true})
		require.NoError(t, err)
		require.Equal(t, values(model), values(again))
		require.Equal(t, untimed(short), untimed(same))
		require.Equal(t, short.Steps, same.Steps)

		got, _, err := c.run(options{epochs: 5, checkpoint: parts, resume: true, scramble: true})
		require.NoError(t, err)
		require.Equal(t, untimed(want), untimed(got))
		require.Equal(t, state(whole), state(parts))
	}
}

func TestCheckpointEveryCountsSteps(t *testing.T) {
	c := caseNamed("CD, momentum/float64")
	for _, k := range []struct{ every, stop, want int }{{2, 3, 2}, {2, 4, 4}, {3, 4, 3}, {4, 7, 5}, {0, 9, 5}, {7, 14, 14}} {
		// A run that is killed leaves the last checkpoint: the file as it was before ctx ended, when another is written.
		path, seen := filepath.Join(t.TempDir(), "checkpoint"), positionOf{}
		ctx := &spy{stopAfter: stopAfter{context.Background(), k.stop}, atEnd: func() { seen = positionIn(t, path) }}
		_, _, err := c.run(options{ctx: ctx, checkpoint: path, every: k.every})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, k.want, seen.Step, fmt.Sprint(k))
		require.Equal(t, k.stop, positionIn(t, path).Step)
	}
}

// spy calls atEnd just before it tells that the context has ended.
type spy struct {
	stopAfter
	atEnd func()
}

func (s *spy) Err() error {
	if s.left == 0 {
		s.atEnd()
	}
	return s.stopAfter.Err()
}

func TestObserverErrorStopsTheRunResumably(t *testing.T) {
	in := newContrastiveInput(filepath.Join(t.TempDir(), "checkpoint"))
	enough := errors.New("enough")
	in.Observe = func(e training.Epoch) error {
		if e.Epoch == 2 {
			return enough
		}
		return nil
	}
	report, err := in.Fit(context.Background(), machine(in.visible, in.hidden, false), in.data)
	require.ErrorIs(t, err, enough)
	require.ErrorContains(t, err, "the observer stopped the run after epoch 2")
	require.Len(t, report.Epochs, 2)

	in.Observe, in.Resume = nil, true
	m := machine(in.visible, in.hidden, false)
	report, err = in.Fit(context.Background(), m, in.data)
	require.NoError(t, err)
	require.Len(t, report.Epochs, 3)
	in.Checkpoint, in.Resume = "", false
	whole := machine(in.visible, in.hidden, false)
	_, err = in.Fit(context.Background(), whole, in.data)
	require.NoError(t, err)
	require.Equal(t, values(whole), values(m))
}

// A run may be lengthened, but by schedules that agree with the epochs behind it.
func TestLengthenedRunKeepsItsSchedules(t *testing.T) {
	data, _ := bars()
	path := filepath.Join(t.TempDir(), "run")
	fit := func(epochs, over int, resume bool) error {
		_, err := training.Contrastive{
			Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Rate: training.Linear(0.1, 0.01, over),
			Epochs: epochs, Batch: 4, Checkpoint: path, Resume: resume,
		}.Fit(context.Background(), barsRBM(t, false), data)
		return err
	}
	require.NoError(t, fit(3, 6, false))
	err := fit(6, 5, true)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "another Rate schedule: 0.085 in epoch 2, now 0.082")
	require.NoError(t, fit(6, 6, true))
}

// InitBias comes before persistent chains start: it is the same as setting the biases by hand first.
func TestPersistentChainsStartFromInitialBiases(t *testing.T) {
	data, _ := bars()
	fit := func(m *layers.RBM, initBias bool) []float64 {
		_, err := training.Contrastive{
			Negative: sampling.PCD{Chains: 8}, Solver: training.SGD{Rate: 0.1}, Epochs: 1, Batch: 4, InitBias: initBias,
		}.Fit(context.Background(), m, data)
		require.NoError(t, err)
		return m.Param("W").Float64s()
	}
	byHand := barsRBM(t, false)
	lopsided := data.Clone().(*tensor.Dense)
	copy(lopsided.Float64s(), make([]float64, 9*6)) // means away from ½, where the biases are not 0
	data = lopsided
	require.NoError(t, byHand.InitBias(data))
	require.Equal(t, fit(byHand, false), fit(barsRBM(t, false), true))
}
