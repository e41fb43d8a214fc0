package sampling

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// barred is a machine with strong couplings, on whose even ladder the rates are very different.
func barred(dtype tensor.Dtype) *layers.RBM {
	return must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Spin(30), Hidden: energy.Spin(20), InitDeviation: 0.4, Seed: 3, Dtype: dtype}))
}

func TestTuneEvensTheRates(t *testing.T) {
	for i, target := range []float64{0, 0.3, 0.7} {
		m := barred(dtypes[i%2])
		p := &ParallelTempering{Model: m, Seed: 2, Replicas: 4}
		s := must(RandomState(m, 40, 1))
		even := ParallelTempering{Model: m, Seed: 2, Replicas: 4}
		require.NoError(t, runs(context.Background(), &even, copyOf(s), 300))
		barrier, err := p.Tune(context.Background(), s, target, 1500)
		require.NoError(t, err)
		if target == 0 {
			target = 0.5
		}
		rungs := len(p.Betas)
		require.Equal(t, int(math.Ceil(barrier/(1-target)))+1, rungs)
		require.Zero(t, p.Replicas)
		require.Equal(t, p.Betas, p.Ladder())
		require.Equal(t, []float64{1, 0}, []float64{p.Betas[0], p.Betas[rungs-1]})
		require.True(t, math.IsNaN(p.SwapRates()[0]), "counted anew")

		require.NoError(t, runs(context.Background(), p, s, 1000))
		want := 1 - barrier/float64(rungs-1) // at least target, for the number of rungs is whole
		require.GreaterOrEqual(t, want, target)
		for k, rate := range p.SwapRates() {
			require.InDelta(t, want, rate, 0.06, "target %g, pair %d of %v", target, k, p.Betas)
		}
		require.Greater(t, slices.Max(even.SwapRates())-slices.Min(even.SwapRates()), 0.12, "the ladder of the beginning is not even")
		t.Logf("target %g: Λ = %.2f, %d rungs, rates %.2f; at first %.2f", target, barrier, rungs, p.SwapRates(), even.SwapRates())
	}
}

// Rungs are at even parts of Λ. By hand: rates 0.5 and 0.25 from 1 to 0.4 to 0 make Λ = 0.5 + 0.75, for target 0.6 four pairs of
// 0.3125; the first part ends at 1 − 0.6·0.3125/0.5, the others at 0.4 − 0.4·(0.125, 0.4375)/0.75.
func TestSpacedByHand(t *testing.T) {
	next, barrier := spaced([]float64{1, 0.4, 0}, []float64{0.5, 0.25}, 0.6)
	require.Equal(t, 1.25, barrier)
	require.InDeltaSlice(t, []float64{1, 0.625, 0.4 - 0.4*0.125/0.75, 0.4 - 0.4*0.4375/0.75, 0}, next, 1e-15)

	next, barrier = spaced([]float64{1, 0.4, 0}, []float64{1, 1}, 0.5)
	require.Zero(t, barrier)
	require.Equal(t, []float64{1, 0}, next)
	next, _ = spaced([]float64{1, 0.6, 0.4, 0.1}, []float64{0.5, 1, 0.5}, 0.75) // nothing is lost between 0.6 and 0.4
	require.InDeltaSlice(t, []float64{1, 0.8, 0.6, 0.25, 0.1}, next, 1e-15)
}

// Replicas go on from those of the nearest rung when the ladder changes, and those at β = 1 from the state.
func TestTuneKeepsReplicas(t *testing.T) {
	m := barred(tensor.Float64)
	p := &ParallelTempering{Model: m, Betas: []float64{1, 0.6, 0}}
	s := must(RandomState(m, 2, 1))
	require.NoError(t, step(p, s))
	before := rows(p.Save())
	require.NoError(t, moveTo[float64](p, []float64{1, 0.9, 0.7, 0.1, 0}, s))
	after := rows(p.Save())
	for i, from := range []int{0, 0, 1, 2, 2, 3, 3, 4, 5, 5} {
		require.Equal(t, before[from], after[i], "row %d", i)
	}
}

func TestTuneRefuses(t *testing.T) {
	m := barred(tensor.Float32)
	s := must(RandomState(m, 2, 1))
	tune := func(p *ParallelTempering, ctx context.Context, target float64, steps int) error {
		_, err := p.Tune(ctx, s, target, steps)
		return err
	}
	p := &ParallelTempering{Model: m}
	for _, c := range []struct {
		message string
		call    func() error
	}{
		{`sampling: ParallelTempering: Tune: target is 1, want`, func() error { return tune(&ParallelTempering{}, context.Background(), 1, 100) }},
		{`sampling: ParallelTempering of RBM "rbm": Tune: target is 1, want between 0 and 1, or 0 for 0.5`, func() error { return tune(p, context.Background(), 1, 100) }},
		{`Tune: target is NaN, want`, func() error { return tune(p, context.Background(), math.NaN(), 100) }},
		{`Tune: target is -1, want`, func() error { return tune(p, context.Background(), -1, 100) }},
		{`Tune: 61 steps, want at least 62`, func() error { return tune(p, context.Background(), 0, 61) }},
		{`Step: no model or no state given`, func() error { return tune(&ParallelTempering{}, context.Background(), 0, 62) }},
		{`rungs are needed, want at most 1000; a Base that is nearer`, func() error { return tune(&ParallelTempering{Model: m}, context.Background(), 0.9999, 100) }},
	} {
		refused{c.message, energy.ErrConfig, c.call}.check(t)
	}
	require.ErrorIs(t, tune(p, &ends{context.Background(), 40}, 0, 62), context.Canceled)
	require.NoError(t, tune(p, context.Background(), 0, 62), "and it can be tuned on")
}
