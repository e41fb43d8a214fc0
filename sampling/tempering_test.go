package sampling

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func TestTemperingPersists(t *testing.T) {
	const n = 4000
	for _, seed := range stattest.Seeds {
		start := func(m machine) Phase { return must(Tempering{Chains: n, Replicas: 3}.Start(m.rbm, seed)) }
		require.NoError(t, persists(t, n, start))
	}
	require.Error(t, persists(t, n, func(m machine) Phase { // hot replicas in place of those at β = 1
		return must(Tempering{Chains: n, Replicas: 3}.Start(m.rbm, 1)).(*temperingPhase).hot()
	}))
}

// hot is the phase with a mistake: its ladder is upside down.
func (p *temperingPhase) hot() Phase {
	w := p.kernel.work.(*tempering[float64])
	for i := range w.beta {
		w.beta[i] = 1 - w.beta[i]
	}
	return p
}

func TestTemperingPhase(t *testing.T) {
	m := small(tensor.Float32)
	phase := must(Tempering{Steps: 2, Chains: 20, Replicas: 4}.Start(m.rbm, 3))
	for _, batch := range []int{1, 20, 500} {
		require.Equal(t, 20, phase.Rows(batch), "the number of chains is free of the batch's")
		rows, weights, err := phase.Next(repeated(tensor.Float32, []float64{0, 1, 1}, batch), ones(batch), 0)
		require.NoError(t, err)
		require.Equal(t, tensor.Shape{20, 3}, rows.Shape())
		require.Equal(t, ones(20), weights)
	}
	require.Equal(t, tensor.Shape{80, 3}, phase.Chains().Shape())
	require.Equal(t, tensor.Shape{1000, 3}, must(Tempering{}.Start(m.rbm, 3)).Chains().Shape())
	require.NotEqual(t, numbers(must(Tempering{}.Start(m.rbm, 3)).Chains()), numbers(must(Tempering{}.Start(m.rbm, 4)).Chains()))

	require.Equal(t, "Tempering-1 with 100 chains of 10 replicas", Tempering{}.String())
	require.Equal(t, "Tempering-2 with 5 chains of 3 replicas at [1 0.5 0] from [1]", Tempering{Steps: 2, Chains: 5, Betas: []float64{1, 0.5, 0}, Base: []float64{1}}.String())
}

// A phase whose replicas are written back goes on with the same bits.
func TestTemperingPhaseResumes(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		for _, steps := range []int{1, 3} {
			start := func() Phase { return must(Tempering{Steps: steps, Chains: 12, Replicas: 5}.Start(m.rbm, 3)) }
			run := func(p Phase, from, to uint64) []float64 {
				var rows *tensor.Dense
				for step := from; step < to; step++ {
					var err error
					rows, _, err = p.Next(nil, nil, step)
					require.NoError(t, err)
				}
				return numbers(rows)
			}
			whole := start()
			run(whole, 0, 4)
			saved := whole.Chains().Clone().(*tensor.Dense)
			want := run(whole, 4, 9)

			resumed := start()
			require.NoError(t, tensor.Copy(resumed.Chains(), saved))
			require.Equal(t, want, run(resumed, 4, 9))
			require.NotEqual(t, want, run(start(), 4, 9), "without its replicas")

		}
	}
}

// The pairs of rungs take turns whatever the number of steps, and no two updates share a draw.
func TestTemperingPhaseTakesTurns(t *testing.T) {
	for steps := 1; steps <= 3; steps++ {
		p := must(Tempering{Steps: steps, Chains: 2, Replicas: 3}.Start(wide(tensor.Float32).rbm, 3)).(*temperingPhase)
		for step := range uint64(6) {
			_, _, err := p.Next(nil, nil, step)
			require.NoError(t, err)
		}
		require.Equal(t, []float64{float64(steps) * 6, float64(steps) * 6}, p.kernel.swaps.proposed, "6·steps·2 chains, half of them for each pair")
	}
}

func TestTemperingPhaseRefuses(t *testing.T) {
	m := small(tensor.Float32)
	start := func(c Tempering) func() error {
		return func() error { _, err := c.Start(m.rbm, 1); return err }
	}
	for _, c := range []refused{
		{`sampling: Tempering: no model given`, energy.ErrConfig, func() error { _, err := Tempering{}.Start(nil, 1); return err }},
		{`sampling: Tempering: Chains is -1, want at least 1, or 0 for 100`, energy.ErrConfig, start(Tempering{Chains: -1})},
		{`sampling: Tempering: Steps is -1, want 1 to 65536, or 0 for 1`, energy.ErrConfig, start(Tempering{Steps: -1})},
		{`sampling: Tempering of RBM "rbm": Replicas is 1, want 2 to 1000`, energy.ErrConfig, start(Tempering{Replicas: 1})},
		{`1 Betas given, want 2 to 1000, the first of them 1`, energy.ErrConfig, start(Tempering{Betas: []float64{1}})},
		{`2 base biases, want one for each of 3 visible units`, energy.ErrShape, start(Tempering{Base: []float64{1, 2}})},
		{`base biases`, energy.ErrNotFinite, start(Tempering{Base: []float64{1, 2, math.Inf(1)}})},
	} {
		c.check(t)
	}
	phase := must(Tempering{Chains: 2}.Start(m.rbm, 1))
	phase.Chains().Float32s()[0] = 2
	_, _, err := phase.Next(nil, nil, 0)
	require.ErrorIs(t, err, energy.ErrRange)
	require.ErrorContains(t, err, `sampling: Tempering of RBM "rbm": Next: chains: row 0, column 0 is 2`)
}
