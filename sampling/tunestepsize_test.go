package sampling_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
)

// normalStart are exact draws of the normal model.
func normalStart(chains int) *sampling.State {
	r := rand.New(rand.NewPCG(1, 1))
	rows := make([][]float64, chains)
	for i := range rows {
		rows[i] = normal.draw(r, 1)
	}
	return stateOf(tensor.Float64, rows)
}

// Sizes that are far too large or too small end where the asked share of moves is accepted.
func TestTuneStepSize(t *testing.T) {
	ctx := context.Background()
	spins := quadraticOf("spins", energy.Spin(12))
	start := stateOf(tensor.Float64, slices.Repeat([][]float64{slices.Repeat([]float64{1, -1}, 6)}, 200))
	for _, c := range []struct {
		name   string
		kernel func(size float64) sampling.Tunable
		state  *sampling.State
		asked  float64
		want   float64
	}{
		{"MALA", func(size float64) sampling.Tunable {
			return &sampling.Langevin{Energy: normal.graph, StepSize: size, Adjusted: true, Seed: 1}
		}, normalStart(200), 0, 0.574},
		{"MALA at 0.9", func(size float64) sampling.Tunable {
			return &sampling.Langevin{Energy: normal.graph, StepSize: size, Adjusted: true, Seed: 1}
		}, normalStart(200), 0.9, 0.9},
		{"HMC", func(size float64) sampling.Tunable {
			return &sampling.HMC{Energy: normal.graph, StepSize: size, Leapfrogs: 5, Jitter: 0.2, Seed: 1}
		}, normalStart(200), 0, 0.8},
		{"DMALA", func(size float64) sampling.Tunable {
			return &sampling.DiscreteLangevin{Energy: spins.graph, Units: spins.units, StepSize: size, Adjusted: true, Seed: 1}
		}, start, 0, 0.574},
	} {
		for _, size := range []float64{0.01, 20} {
			k := c.kernel(size)
			s := stateOf(tensor.Float64, rowsOf(c.state))
			got, err := sampling.TuneStepSize(ctx, k, s, 400, c.asked)
			require.NoError(t, err)
			require.EqualValues(t, 400, s.Step)
			require.NotEqual(t, size, got)
			// The size stands still, near the share that was asked for.
			info, err := sampling.Run(ctx, k, s, sampling.Schedule{BurnIn: 200})
			require.NoError(t, err)
			require.InDelta(t, c.want, info.Acceptance(), 0.02, "%s from %g", c.name, size)
			again, err := sampling.TuneStepSize(ctx, c.kernel(got), s, 1, c.asked)
			require.NoError(t, err)
			require.NotZero(t, again)
		}
	}
}

// An energy that is linear accepts any size: the search ends.
func TestTuneStepSizeWithoutEnd(t *testing.T) {
	flat := quadraticOf("spins", energy.Spin(2))
	k := &sampling.DiscreteLangevin{Energy: flat.graph, Units: flat.units, StepSize: 1, Adjusted: true, Seed: 1}
	size, err := sampling.TuneStepSize(context.Background(), k, stateOf(tensor.Float32, slices.Repeat([][]float64{{1, 1}}, 50)), 2000, 0.01)
	require.NoError(t, err)
	require.Greater(t, size, 10.0)
	require.LessOrEqual(t, size, 1.001e6)
}

func TestTuneStepSizeRefuses(t *testing.T) {
	ctx := context.Background()
	good := func() *sampling.Langevin {
		return &sampling.Langevin{Energy: normal.graph, StepSize: 0.25, Adjusted: true}
	}
	clamped, unadjusted, without := good(), good(), good()
	clamped.Clamp, unadjusted.Adjusted, without.StepSize = []bool{true, true}, false, 0
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, r := range []struct {
		message    string
		sentinel   error
		ctx        context.Context
		kernel     sampling.Tunable
		steps      int
		acceptance float64
	}{
		{"sampling: TuneStepSize: no kernel given", energy.ErrConfig, ctx, nil, 1, 0},
		{"the kernel is not Adjusted", energy.ErrConfig, ctx, unadjusted, 1, 0},
		{"0 steps, want at least 1", energy.ErrConfig, ctx, good(), 0, 0},
		{"acceptance is 1, want between 0 and 1, or 0 for 0.574", energy.ErrConfig, ctx, good(), 1, 1},
		{"acceptance is -0.5, want", energy.ErrConfig, ctx, good(), 1, -0.5},
		{"sampling: Langevin: Step: clamp has 2 columns", energy.ErrShape, ctx, clamped, 1, 0},
		{"StepSize is 0, want", energy.ErrConfig, ctx, without, 1, 0},
		{"context canceled", context.Canceled, ended, good(), 1, 0},
	} {
		s := normalStart(2)
		before := rowsOf(s)
		_, err := sampling.TuneStepSize(r.ctx, r.kernel, s, r.steps, r.acceptance)
		require.ErrorIs(t, err, r.sentinel, r.message)
		require.ErrorContains(t, err, r.message)
		require.Equal(t, before, rowsOf(s))
		if l, ok := r.kernel.(*sampling.Langevin); ok && l != without {
			require.Equal(t, 0.25, l.StepSize, "the size that it had")
		}
	}
	m := quadraticOf("spins", energy.Spin(2))
	k := &sampling.DiscreteLangevin{Energy: m.graph, Units: m.units, StepSize: 3, Adjusted: true, Clamp: []bool{true, true}}
	_, err := sampling.TuneStepSize(ctx, k, stateOf(tensor.Float32, [][]float64{{1, 1}}), 3, 0)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "all columns are clamped")
	require.Equal(t, 3.0, k.StepSize)
}
