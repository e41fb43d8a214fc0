package sampling

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// persists returns an error unless the chains of a phase, that start at the biases, have come to p(v) after 50 updates of one
// step each.
func persists(t *testing.T, n int, phase func(m machine) Phase) error {
	m := small(tensor.Float64)
	states, p, err := m.exact(1).Probabilities()
	require.NoError(t, err)
	at := phase(m)
	var rows *tensor.Dense
	for step := range uint64(50) {
		var weights []float64
		rows, weights, err = at.Next(nil, nil, step)
		require.NoError(t, err)
		require.Equal(t, ones(n), weights)
	}
	return stattest.Distribution(counts(states, rows), p, alpha)
}

// forgetful is PCD with a mistake: its chains start anew at every update.
type forgetful struct {
	Phase
	start func() Phase
}

func (f *forgetful) Next(data *tensor.Dense, weights []float64, step uint64) (*tensor.Dense, []float64, error) {
	f.Phase = f.start()
	return f.Phase.Next(data, weights, step)
}

func TestPCDPersists(t *testing.T) {
	const n = 30_000 // one step from the biases is near p(v) already
	for _, seed := range stattest.Seeds {
		start := func(m machine) Phase { return must(PCD{Chains: n}.Start(m.rbm, seed)) }
		require.NoError(t, persists(t, n, start))
		require.Error(t, persists(t, n, func(m machine) Phase {
			return &forgetful{start: func() Phase { return start(m) }}
		}))
	}
}

func TestPCDPhase(t *testing.T) {
	m := small(tensor.Float32)
	phase := must(PCD{Steps: 2, Chains: 20}.Start(m.rbm, 3))
	for _, batch := range []int{1, 20, 500} {
		require.Equal(t, 20, phase.Rows(batch), "the number of chains is free of the batch's")
		rows, weights, err := phase.Next(repeated(tensor.Float32, []float64{0, 1, 1}, batch), ones(batch), 0)
		require.NoError(t, err)
		require.Equal(t, tensor.Shape{20, 3}, rows.Shape())
		require.Equal(t, ones(20), weights)
	}
	require.Equal(t, 100, must(PCD{}.Start(m.rbm, 3)).Rows(1))

	// The data take no part, and the chains start where the seed says.
	a, b := must(PCD{Chains: 20}.Start(m.rbm, 3)), must(PCD{Chains: 20}.Start(m.rbm, 3))
	require.Equal(t, numbers(a.Chains()), numbers(b.Chains()))
	x, _, err := a.Next(nil, nil, 0)
	require.NoError(t, err)
	y, _, err := b.Next(repeated(tensor.Float32, []float64{1, 1, 1}, 5), ones(5), 0)
	require.NoError(t, err)
	require.Equal(t, numbers(x), numbers(y))
	require.NotEqual(t, numbers(must(PCD{Chains: 20}.Start(m.rbm, 3)).Chains()), numbers(must(PCD{Chains: 20}.Start(m.rbm, 4)).Chains()))
}

// A phase whose chains are written back goes on with the same bits.
func TestPCDResumes(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		start := func() Phase { return must(PCD{Steps: 3, Chains: 30}.Start(m.rbm, 3)) }
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
		want := run(whole, 4, 7)

		resumed := start()
		require.NoError(t, tensor.Copy(resumed.Chains(), saved))
		require.Equal(t, want, run(resumed, 4, 7))
		require.NotEqual(t, want, run(start(), 4, 7), "without its chains")
	}
}

// No two updates share a draw: k steps of one update are followed by other ones.
func TestPCDStepsDoNotOverlap(t *testing.T) {
	m := wide(tensor.Float64)
	phase := must(PCD{Steps: 2, Chains: 3}.Start(m.rbm, 3))
	state := must(PCD{Steps: 2, Chains: 3}.Start(m.rbm, 3)).(*pcdPhase).state
	g := &Gibbs{Model: m.rbm, Seed: 3}
	for step := range uint64(3) {
		rows, _, err := phase.Next(nil, nil, step)
		require.NoError(t, err)
		state.Step = step << 16
		require.NoError(t, g.step(state, visibleFirst, nil))
		require.NoError(t, g.step(state, visibleFirst, nil))
		require.Equal(t, numbers(state.Visible), numbers(rows))
	}
}
