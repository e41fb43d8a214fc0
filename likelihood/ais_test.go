package likelihood

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// limit is how many deviations an estimate may lie from the truth in a test over many seeds and families: chance does that once in 10⁶.
const limit = 4.9

// Short ladders, so that what a step adds to the weights must be right: E[w] = Z/Z₀ holds at any length. Many chains, so that the deviation
// is small.
func TestAISAndReverseAreUnbiasedForEveryFamily(t *testing.T) {
	for _, pair := range pairs {
		for _, dtype := range dtypes {
			t.Run(name(pair, dtype), func(t *testing.T) {
				m := newMachine(pair[0], pair[1], dtype, 4, 0.4, 0.5, dtype == tensor.Float32)
				o := oracle(m, pair[0], pair[1])
				logZ := must(o.LogPartition()) - constant(m)
				samples := draws(o, 4000, dtype, 5)
				base := must(FitBase(m, samples))
				for _, seed := range stattest.Seeds[:2] {
					a := AIS{Chains: 4000, Temperatures: 6, Base: base, Seed: seed}
					forward := must(a.LogPartition(context.Background(), m))
					require.InDelta(t, logZ, forward.LogZ, limit*forward.Deviation, "forward")
					reverse := must(a.Reverse(context.Background(), m, samples))
					require.InDelta(t, logZ, reverse.LogZ, limit*reverse.Deviation, "reverse")
					bridge := must(BAR(forward, reverse))
					require.InDelta(t, logZ, bridge.LogZ, limit*bridge.Deviation, "bridge")
					require.Less(t, max(forward.Deviation, reverse.Deviation), 0.05, "the test sees little")
					require.LessOrEqual(t, bridge.Deviation, 1.05*min(forward.Deviation, reverse.Deviation))
				}
			})
		}
	}
}

// Ways to do it wrong, each of which the check above must see.
func TestBrokenAISIsCaught(t *testing.T) {
	visible, hidden := bernoulli(7), bernoulli(5)
	m := newMachine(visible, hidden, tensor.Float64, 4, 1, 1, false)
	o := oracle(m, visible, hidden)
	logZ := must(o.LogPartition())
	samples := draws(o, 20_000, tensor.Float64, 5)
	base := must(FitBase(m, samples))
	betas := even().betas(6)
	estimate := func(sign float64, change func(w *walk[float64])) Estimate {
		w := must(newWalk[float64](m, base, 20_000, 3))
		change(w)
		return must(newEstimate("twin", sign, w.estimates(0), 6))
	}
	missed := func(e Estimate) float64 { return math.Abs(e.LogZ-logZ) / e.Deviation }

	right := estimate(1, func(w *walk[float64]) { check(w.up(context.Background(), betas)) })
	require.Less(t, missed(right), limit)
	moved := estimate(1, func(w *walk[float64]) { // the weight after the step instead of before it
		w.path.DrawBase(w.chains, 0)
		for k := 1; k < len(betas); k++ {
			w.move(betas[k])
			w.path.AddWork(w.logWeights, w.chains, betas[k-1:k+1])
		}
	})
	require.Greater(t, missed(moved), 2*limit)
	stale := estimate(1, func(w *walk[float64]) { // steps at the temperature before
		w.path.DrawBase(w.chains, 0)
		for k := 1; k < len(betas); k++ {
			w.path.AddWork(w.logWeights, w.chains, betas[k-1:k+1])
			w.move(betas[k-1])
		}
	})
	require.Greater(t, missed(stale), limit)
	without := right // log Z₀ forgotten
	without.LogZ -= must(newWalk[float64](m, base, 1, 3)).path.LogBase()
	require.Greater(t, missed(without), 2*limit)

	back := estimate(-1, func(w *walk[float64]) {
		w.place(samples.Float64s())
		check(w.down(context.Background(), betas))
	})
	require.Less(t, missed(back), limit)
	turned := estimate(1, func(w *walk[float64]) { // the mean of w instead of that of 1/w
		w.place(samples.Float64s())
		check(w.down(context.Background(), betas))
	})
	require.Greater(t, missed(turned), 2*limit)
	early := estimate(-1, func(w *walk[float64]) { // a step at the temperature that is being left, before the weight of leaving it
		w.place(samples.Float64s())
		for k := len(betas) - 1; k > 0; k-- {
			w.move(betas[k-1])
			w.path.AddWork(w.logWeights, w.chains, betas[k-1:k+1])
		}
	})
	require.Greater(t, missed(early), 2*limit)
}

// In expectation log Ẑ lies below log Z on the way up and above it on the way down. Few chains on a short ladder make the gap wide.
func TestSandwichInExpectation(t *testing.T) {
	visible, hidden := spin(8), bernoulli(5)
	m := newMachine(visible, hidden, tensor.Float32, 6, 1.5, 1, false)
	o := oracle(m, visible, hidden)
	logZ := must(o.LogPartition())
	var low, high []float64
	for seed := range uint64(200) {
		a := AIS{Chains: 5, Temperatures: 10, Seed: seed}
		low = append(low, must(a.LogPartition(context.Background(), m)).LogZ)
		high = append(high, must(a.Reverse(context.Background(), m, draws(o, 5, tensor.Float32, seed))).LogZ)
	}
	below, above := newScore("", low, AsIs), newScore("", high, AsIs)
	require.Less(t, below.Value+limit*below.Deviation, logZ)
	require.Greater(t, above.Value-limit*above.Deviation, logZ)
	over := 0
	for i := range low {
		if low[i] > logZ+1 {
			over++
		}
		if high[i] < logZ-1 {
			over++
		}
	}
	require.Less(t, float64(over), 400*math.Exp(-1), "Markov's inequality")
}

// Where AIS fails it says nothing of it: 4 nats too low, and sure to a tenth.
func TestAISFailsOnAModeThatTheBaseDoesNotSee(t *testing.T) {
	m, o, first, _ := twoModes(16, 5, 0.01, tensor.Float32)
	logZ := must(o.LogPartition())
	base := must(FitBase(m, first))
	for seed := range uint64(3) {
		a := AIS{Temperatures: 2000, Base: base, Seed: seed}
		up := must(a.LogPartition(context.Background(), m))
		require.Less(t, up.LogZ, logZ-4)
		require.Less(t, up.Deviation, 0.1)
		a.Seed += 10
		down := must(a.Reverse(context.Background(), m, first))
		require.Less(t, down.LogZ, logZ-4, "and the way back from the data agrees")
		require.InDelta(t, up.LogZ, down.LogZ, 0.3)
	}
}

func TestAISIsAFunctionOfItsSeed(t *testing.T) {
	m := newMachine(bernoulli(20), bernoulli(10), tensor.Float32, 4, 1, 1, false)
	a := AIS{Chains: 30, Temperatures: 50, Seed: 3}
	one := must(a.LogPartition(context.Background(), m))
	require.Equal(t, one, must(a.LogPartition(context.Background(), m)))
	a.Seed = 4
	require.NotEqual(t, one.LogZ, must(a.LogPartition(context.Background(), m)).LogZ)
	a = AIS{Chains: 30, Betas: even().betas(50), Seed: 3}
	require.Equal(t, one, must(a.LogPartition(context.Background(), m)))
	require.Equal(t, 10, len(must(AIS{Temperatures: 5}.Reverse(context.Background(), m, dense(tensor.Float32, 10, make([]float64, 200)))).LogWeights))
}

func TestWalkAllocatesNothing(t *testing.T) {
	m := newMachine(bernoulli(40), bernoulli(30), tensor.Float32, 4, 0.3, 0.3, true)
	w := must(newWalk[float32](m, make([]float64, 40), 20, 1))
	betas := even().betas(1000)
	step := func() {
		w.path.AddWork(w.logWeights, w.chains, betas[4:6])
		w.move(betas[5])
	}
	step()
	require.Zero(t, testing.AllocsPerRun(20, step))
}

func TestAISRefuses(t *testing.T) {
	m := newMachine(bernoulli(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false)
	rows := dense(tensor.Float64, 2, []float64{0, 1, 1, 0, 1, 1, 0, 0})
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		a    AIS
		want error
		text string
	}{
		{AIS{Chains: -1}, energy.ErrConfig, "Chains is -1"},
		{AIS{Temperatures: -1}, energy.ErrConfig, "Temperatures -1"},
		{AIS{Temperatures: 5, Betas: []float64{0, 1}}, energy.ErrConfig, "cannot take effect beside Betas"},
		{AIS{Betas: []float64{0}}, energy.ErrConfig, "from 0 to 1"},
		{AIS{Betas: []float64{0.1, 1}}, energy.ErrConfig, "from 0 to 1"},
		{AIS{Betas: []float64{0, 0.5, 0.5, 1}}, energy.ErrConfig, "number 2 is 0.5 after 0.5"},
		{AIS{Betas: []float64{0, math.NaN(), 1}}, energy.ErrConfig, "NaN"},
		{AIS{Base: []float64{1, 2}}, energy.ErrShape, "2 base biases"},
		{AIS{Base: []float64{1, 2, 3, math.Inf(1)}}, energy.ErrNotFinite, "base"},
	}
	for i, test := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			_, err := test.a.LogPartition(context.Background(), m)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.text)
			require.ErrorContains(t, err, `likelihood: RBM "rbm": `)
			_, err = test.a.Reverse(context.Background(), m, rows)
			require.ErrorIs(t, err, test.want)
		})
	}
	_, err := AIS{}.LogPartition(ended, m)
	require.ErrorIs(t, err, context.Canceled)
	_, err = AIS{}.Reverse(ended, m, rows)
	require.ErrorIs(t, err, context.Canceled)
	_, err = AIS{}.LogPartition(context.Background(), nil)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = AIS{}.Reverse(context.Background(), (*layers.RBM)(nil), rows)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = AIS{}.Reverse(context.Background(), m, nil)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = AIS{}.Reverse(context.Background(), m, dense(tensor.Float64, 1, []float64{0, 1, 7, 0}))
	require.ErrorIs(t, err, energy.ErrRange)
	_, err = FitBase(m, dense(tensor.Float64, 1, []float64{0, 1, 0}))
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = FitBase(nil, rows)
	require.ErrorIs(t, err, energy.ErrConfig)
}
