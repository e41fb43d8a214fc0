package training_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
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

// silent is a negative phase whose mixing time cannot be asked for.
type (
	silent      struct{ sampling.Negative }
	silentPhase struct{ sampling.Phase }
)

func (s silent) Start(m *layers.RBM, seed uint64) (sampling.Phase, error) {
	p, err := s.Negative.Start(m, seed)
	return silentPhase{p}, err
}

func (p silentPhase) SetSteps(k int) error { return p.Phase.(sampling.Stepped).SetSteps(k) }

// Mixing times are measured where the chains pass a multiple of 1,000 steps, and nothing else changes.
func TestMixingTimeIsMeasuredEveryThousandSteps(t *testing.T) {
	for _, c := range []struct {
		steps    int
		schedule training.Schedule
		want     []int // of 8 epochs of 3 updates, the steps between updates in those that are measured
	}{
		{1, nil, []int{0, 0, 0, 0, 0, 0, 0, 0}},
		{100, nil, []int{0, 0, 0, 100, 0, 0, 100, 0}}, // 300 an epoch: 1200, 2100
		{400, nil, []int{400, 400, 400, 400, 400, 400, 400, 400}},
		{0, training.Steps(map[int]float64{0: 100, 4: 200}), []int{0, 0, 0, 100, 0, 200, 200, 0}}, // …, 1200, 1800, 2400, 3000, 3600
	} {
		fit := func(negative sampling.Negative) (*training.Report, [][]float64) {
			m := machine(energy.Bernoulli(5), energy.Bernoulli(4), false)
			report, err := training.Contrastive{Negative: negative, Solver: training.SGD{Rate: 0.1}, Epochs: 8, Batch: 2, Steps: c.schedule}.Fit(
				context.Background(), m, bits(1, 6, 5))
			require.NoError(t, err)
			return report, values(m)
		}
		negative := sampling.PCD{Steps: c.steps, Chains: 10}
		measured, got := fit(negative)
		unmeasured, want := fit(silent{negative})
		require.Equal(t, want, got)
		for i, e := range measured.Epochs {
			require.Equal(t, c.want[i], e.StepsPerUpdate, "epoch %d", i+1)
			require.Equal(t, c.want[i] == 0, math.IsNaN(e.MixingTime))
			require.False(t, e.OutOfEquilibrium, "these chains mix within a few steps")
			require.True(t, math.IsNaN(unmeasured.Epochs[i].MixingTime))
			require.Equal(t, unmeasured.Epochs[i].Cost, e.Cost)
		}
	}
}

// Two patterns and their noise part the chains ever more as they are learned. Whether this is out of equilibrium depends on the steps
// between updates.
func TestMixingTimeGrowsAsModesAreLearned(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	const rows, n = 100, 16
	data := matrix(tensor.Float64, rows, n, func(i, _ int) float64 {
		x := float64(2*(i%2) - 1)
		if r.IntN(10) == 0 {
			return -x
		}
		return x
	})
	fit := func(negative sampling.Negative, epochs int) []training.Epoch {
		m := machine(energy.Spin(n), energy.Spin(4), false)
		for _, p := range m.Params() {
			x := p.Float64s()
			for i := range x {
				x[i] /= 10
			}
			require.NoError(t, p.Set(x))
		}
		report, err := training.Contrastive{Negative: negative, Solver: training.SGD{Rate: 0.0015}, Epochs: epochs, Batch: 10}.Fit(context.Background(), m, data)
		require.NoError(t, err)
		return report.Epochs
	}
	var times []float64
	for _, e := range fit(sampling.PCD{Steps: 10}, 60) {
		if e.StepsPerUpdate > 0 {
			times = append(times, e.MixingTime)
			if e.MixingTime < 10 || e.MixingTime > 20 {
				require.Equal(t, e.MixingTime > 20, e.OutOfEquilibrium, "%v", e)
			}
		}
	}
	require.Len(t, times, 6)
	require.Less(t, times[0], times[5]/10)
	require.Greater(t, times[5], 100.0)

	last := fit(sampling.PCD{Steps: 1000}, 1)[0]
	require.False(t, last.OutOfEquilibrium, "%v", last)

	for _, e := range fit(sampling.CD{Steps: 1000}, 1) { // chains that do not persist
		require.True(t, math.IsNaN(e.MixingTime))
	}
}

// A checkpoint of before mixing times were measured goes on.
func TestHistoryOfBefore(t *testing.T) {
	in := resumable(t)
	whole := must(os.ReadFile(in.Checkpoint))
	want, err := in.Fit(context.Background(), machine(in.visible, in.hidden, in.centered), in.data)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(in.Checkpoint, whole, 0o666))
	file := must(modelfile.Read(in.Checkpoint))
	history := must(file.Tensor("history"))
	numbers := history.Data.([]float64)
	require.Equal(t, []int{1, 13}, history.Shape)
	history.Shape, history.Data = []int{1, 10}, append(append([]float64(nil), numbers[:7]...), numbers[10:]...)
	in.Checkpoint = filepath.Join(t.TempDir(), "before")
	require.NoError(t, modelfile.Write(in.Checkpoint, file))
	got, err := in.Fit(context.Background(), machine(in.visible, in.hidden, in.centered), in.data)
	require.NoError(t, err)
	require.Equal(t, untimed(want), untimed(got))
}
