package training_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// The tests start this binary again as another process, which looks here for what to do.
const (
	childTask       = "HARMONIUM_TEST_TASK"
	childCase       = "HARMONIUM_TEST_CASE"
	childCheckpoint = "HARMONIUM_TEST_CHECKPOINT"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childTask) {
	case "fit":
		fitAsChild()
	case "hash":
		hashAsChild()
	default:
		os.Exit(m.Run())
	}
}

// child starts this binary with a task.
func child(env ...string) *exec.Cmd {
	cmd := exec.Command(must(os.Executable()))
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

func caseNamed(name string) fitCase {
	for _, c := range fitCases() {
		if c.name == name {
			return c
		}
	}
	panic("no case " + name)
}

// TestStoppedRunsResumeBitForBit stops each run again and again, now before a step, now after several, and goes on from the
// checkpoint with a model of other parameters.
func TestStoppedRunsResumeBitForBit(t *testing.T) {
	for _, c := range fitCases() {
		if testing.Short() && c.dtype == tensor.Float64 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
			want, model, err := c.run(options{checkpoint: whole})
			require.NoError(t, err)
			require.False(t, want.Resumed)
			require.Equal(t, uint64(15), want.Steps)

			strides := []int{0, 1, 3, 2, 7}
			for i, at := 0, 0; ; i++ {
				stride := strides[i%len(strides)]
				got, resumed, err := c.run(options{ctx: stopAt(stride), checkpoint: parts, resume: true, scramble: i > 0})
				require.Equal(t, i > 0, got.Resumed)
				if at += stride; at < 15 {
					require.ErrorIs(t, err, context.Canceled)
					require.Equal(t, uint64(at), got.Steps)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, values(model), values(resumed))
				require.Equal(t, untimed(want), untimed(got))
				require.Equal(t, state(whole), state(parts))
				return
			}
		})
	}
}

// Whatever a checkpoint holds must matter: changed by a little, it leads elsewhere.
func TestResumeUsesAllOfTheCheckpoint(t *testing.T) {
	chained := contrastiveCase("strong couplings", layers.RBMConfig{
		Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(5), InitDeviation: 3, Centered: true, Dtype: tensor.Float64,
	}, training.Contrastive{Negative: sampling.PCD{Chains: 7}, Solver: training.Adam{Rate: 0.01}}, bits(1, 22, 6))
	for _, c := range []struct {
		fitCase
		tensor string
	}{
		{chained, "rbm.W"},
		{chained, "rbm.visible_offset"},
		{chained, "solver.0"},
		{chained, "solver.5"},
		{chained, "chains"},
		{caseNamed("CD, momentum/float64"), "solver.2"},
		{caseNamed("dropout, Adam, weights/float64"), "solver.1"},
	} {
		t.Run(c.name+" "+c.tensor, func(t *testing.T) {
			run := func(spoil bool) string {
				path := filepath.Join(t.TempDir(), "checkpoint")
				_, _, err := c.run(options{ctx: stopAt(7), checkpoint: path})
				require.ErrorIs(t, err, context.Canceled)
				if spoil {
					file := must(modelfile.Read(path))
					x := must(file.Tensor(c.tensor)).Data.([]float64)
					for i := range x {
						if c.tensor == "chains" {
							x[i] = 1 - x[i]
						} else {
							x[i] = 1.5*x[i] + 1e-3
						}
					}
					require.NoError(t, modelfile.Write(path, file))
				}
				_, _, err = c.run(options{checkpoint: path, resume: true})
				require.NoError(t, err)
				return state(path)
			}
			require.False(t, run(false) == run(true))
		})
	}
}

// A position that is one batch off must not end alike.
func TestResumeUsesThePosition(t *testing.T) {
	const name = "dropout, Adam, weights/float64"
	run := func(spoil bool) string {
		path := filepath.Join(t.TempDir(), "checkpoint")
		_, _, err := caseNamed(name).run(options{ctx: stopAt(2), checkpoint: path})
		require.ErrorIs(t, err, context.Canceled)
		if spoil {
			file := must(modelfile.Read(path))
			meta := file.Meta["harmonium.checkpoint"]
			changed := strings.Replace(strings.Replace(meta, `"batch":2`, `"batch":3`, 1), `"step":2`, `"step":3`, 1)
			require.NotEqual(t, meta, changed)
			file.Meta["harmonium.checkpoint"] = changed
			require.NoError(t, modelfile.Write(path, file))
		}
		_, _, err = caseNamed(name).run(options{checkpoint: path, resume: true})
		require.NoError(t, err)
		return state(path)
	}
	require.False(t, run(false) == run(true))
}

const killedEpochs = 12

// fitAsChild runs a case from its checkpoint on, and prints a line after each epoch.
func fitAsChild() {
	_, _, err := caseNamed(os.Getenv(childCase)).run(options{
		epochs: killedEpochs, checkpoint: os.Getenv(childCheckpoint), every: 1, resume: true, scramble: true,
		observe: func(e training.Epoch) error {
			_, err := fmt.Println("epoch", e.Epoch)
			return err
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilledRunsResumeBitForBit kills processes that train, wherever they happen to be, until one of them gets to the end.
func TestKilledRunsResumeBitForBit(t *testing.T) {
	names := []string{"PCD, Adam, centered, schedules/float32", "stochastic units after an RBM, Nesterov, penalties/float64", "CD, Adam, learned variance/float64"}
	if testing.Short() {
		names = names[:1]
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
			// Killed before its first checkpoint, a child leaves its own, scrambled start: that is the run to compare with.
			want, _, err := caseNamed(name).run(options{epochs: killedEpochs, checkpoint: whole, scramble: true})
			require.NoError(t, err)

			const kills = 4
			for range kills {
				cmd := child(childTask+"=fit", childCase+"="+name, childCheckpoint+"="+parts)
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				lines := bufio.NewScanner(out)
				for range r.IntN(3) { // at most 8 of the 12 epochs are over when the last is killed
					require.True(t, lines.Scan(), "the run ended before it was killed")
				}
				time.Sleep(time.Duration(r.IntN(5000)) * time.Microsecond)
				require.NoError(t, cmd.Process.Kill())
				var exit *exec.ExitError
				require.True(t, errors.As(cmd.Wait(), &exit) && !exit.Exited(), "the run ended before it was killed")
			}
			at := positionIn(t, parts)
			t.Logf("after %d kills the run stands at %+v", kills, at)
			require.Less(t, at.Epoch, killedEpochs)

			got, _, err := caseNamed(name).run(options{epochs: killedEpochs, checkpoint: parts, resume: true, scramble: true})
			require.NoError(t, err)
			require.Equal(t, at.Step > 0, got.Resumed)
			require.Equal(t, untimed(want), untimed(got))
			require.Equal(t, state(whole), state(parts))
		})
	}
}

type positionOf struct{ Epoch, Batch, Step int }

// positionIn reads where a checkpoint stands; the beginning, where there is none.
func positionIn(t *testing.T, path string) positionOf {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return positionOf{}
	}
	file, err := modelfile.Read(path)
	require.NoError(t, err, "a killed writer must leave a whole file")
	var c struct{ Position positionOf }
	require.NoError(t, json.Unmarshal([]byte(file.Meta["harmonium.checkpoint"]), &c))
	return c.Position
}
