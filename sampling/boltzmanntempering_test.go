package sampling

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/race"
)

// temperedBoltzmann is a sampler of a Boltzmann machine whose replicas are exact draws at each rung, given the columns that are clamped.
type temperedBoltzmann struct {
	kernel ParallelTempering
	laws   []*law
	state  *State
}

func newTemperedBoltzmann(m boltzmann, seed uint64, visibleClamp, hiddenClamp []bool, at []float64, free []bool) *temperedBoltzmann {
	x := &temperedBoltzmann{kernel: ParallelTempering{
		Boltzmann: m.bm, Seed: seed, Betas: rungs, Base: baseFor(len(m.k)), VisibleClamp: visibleClamp, HiddenClamp: hiddenClamp,
	}}
	var drawn [][][]float64
	for k, beta := range rungs {
		l := m.rung(beta, x.kernel.Base).newLaw(1, at, free)
		x.laws = append(x.laws, l)
		drawn = append(drawn, allRows(m.drawn(l, chains, seed+uint64(k))))
	}
	var all [][]float64
	for i := range chains {
		for k := range rungs {
			all = append(all, drawn[k][i])
		}
	}
	x.state = m.at(drawn[0])
	check(x.kernel.Restore(m.at(all)))
	return x
}

// object returns the first objection to the replicas, at every rung.
func (x *temperedBoltzmann) object() error {
	all := allRows(x.kernel.Save())
	for k, l := range x.laws {
		var here [][]float64
		for i := k; i < len(all); i += len(rungs) {
			here = append(here, all[i])
		}
		if err := l.check(here); err != nil {
			return fmt.Errorf("β = %g: %w", rungs[k], err)
		}
	}
	return x.laws[0].check(allRows(x.state))
}

// Replicas of Boltzmann machines that start at exact draws of their rungs stay that, with clamps and without.
func TestTemperingOfBoltzmannMachinesIsStationary(t *testing.T) {
	for _, c := range boltzmannCases {
		t.Run(c.name+" "+string(c.shape), func(t *testing.T) {
			t.Parallel()
			eachSetting(t, func(seed uint64, dtype tensor.Dtype, _ float64) {
				m := c.make(dtype, seed, 0)
				at, visible, hidden, free := m.clamped(seed)
				for _, x := range []*temperedBoltzmann{
					newTemperedBoltzmann(m, seed, nil, nil, nil, nil), newTemperedBoltzmann(m, seed, visible, hidden, at, free),
				} {
					require.NoError(t, x.object())
					for _, steps := range []uint64{1, 4} {
						require.NoError(t, runs(context.Background(), &x.kernel, x.state, int(steps-x.state.Step)))
						require.NoError(t, x.object(), "seed %d, %v, clamp %v, after %d steps", seed, dtype, x.kernel.VisibleClamp, steps)
					}
					for _, rate := range x.kernel.SwapRates() {
						require.Positive(t, rate)
					}
				}
			})
		})
	}
}

// wrongPairs are replicas that change places by a wrong ratio.
type wrongPairs struct {
	*boltzmannReplicas[float64]
	wrong func(w *boltzmannReplicas[float64], r int) float64
}

func (w wrongPairs) ratio(r int) float64 { return w.wrong(w.boltzmannReplicas, r) }

func (w wrongPairs) step(seen *swaps, number, turn uint64) Info {
	w.path.Refresh(w.rows)
	w.path.Slope(w.slopes, w.rows)
	info := w.exchange(seen, number, int(turn%2), w)
	w.path.Step(w.rows, w.beta, number)
	return info
}

func TestStationarityFindsMistakesOfBoltzmannTempering(t *testing.T) {
	right := func(w *boltzmannReplicas[float64], r int) float64 { return w.ratio(r) }
	mistakes := map[string]func(w *boltzmannReplicas[float64], r int) float64{
		"all changes are accepted": func(*boltzmannReplicas[float64], int) float64 { return 0 },
		"upside down":              func(w *boltzmannReplicas[float64], r int) float64 { return -right(w, r) },
	}
	for _, c := range boltzmannCases[:3] {
		twin := func(seed uint64, wrong func(w *boltzmannReplicas[float64], r int) float64) *temperedBoltzmann {
			x := newTemperedBoltzmann(c.make(tensor.Float64, seed, 0), seed, nil, nil, nil, nil)
			x.kernel.work = wrongPairs{x.kernel.work.(*boltzmannReplicas[float64]), wrong}
			require.NoError(t, runs(context.Background(), &x.kernel, x.state, 3))
			return x
		}
		require.NoError(t, twin(1, right).object())
		for name, wrong := range mistakes {
			require.True(t, found(func(seed uint64) error { return twin(seed, wrong).object() }), "%s, %s", name, c.name)
		}
	}
}

// The chains of a Boltzmann machine resume from the state and the replicas, tune their ladder and allocate nothing.
func TestTemperingOfBoltzmannMachines(t *testing.T) {
	for _, c := range boltzmannCases {
		for _, dtype := range dtypes {
			m := c.make(dtype, 1, 0)
			start := func() *ParallelTempering { return &ParallelTempering{Boltzmann: m.bm, Seed: 4, Replicas: 3} }
			p, whole := start(), must(RandomBoltzmannState(m.bm, 10, 1))
			require.NoError(t, runs(context.Background(), p, whole, 3))
			saved, replicas := cloneState(whole), p.Save()
			require.NoError(t, runs(context.Background(), p, whole, 3))
			used, resumed := start(), cloneState(saved)
			require.NoError(t, used.Restore(replicas))
			require.NoError(t, runs(context.Background(), used, resumed, 3))
			require.Equal(t, whole, resumed)

			few := must(RandomBoltzmannState(m.bm, 4, 1)) // of ten chains the first four go as four alone
			require.NoError(t, runs(context.Background(), start(), few, 6))
			require.Equal(t, numbers(few.Visible), first(whole.Visible, 4))

			barrier, err := p.Tune(context.Background(), whole, 0.6, 300)
			require.NoError(t, err)
			require.InDelta(t, barrier/0.4+1, float64(len(p.Betas)), 1.001)
			if !race.Enabled && c.shape != sparse {
				require.Zero(t, testing.AllocsPerRun(20, func() { check(step(p, whole)) }), "%s %s", c.name, c.shape)
			}
		}
	}
}

func TestTemperingOfBoltzmannMachinesRefuses(t *testing.T) {
	m := boltzmannCases[0].make(tensor.Float32, 1, 0)
	s := must(RandomBoltzmannState(m.bm, 2, 1))
	rbm := small(tensor.Float32)
	for _, c := range []refused{
		{`no model given, or both a Model and a Boltzmann, want one of them`, energy.ErrConfig, func() error {
			return step(&ParallelTempering{Model: rbm.rbm, Boltzmann: m.bm}, s)
		}},
		{`sampling: ParallelTempering of Boltzmann "bm": Step: 3 base biases, want one for each of 4 columns`, energy.ErrShape, func() error {
			return step(&ParallelTempering{Boltzmann: m.bm, Base: make([]float64, 3)}, s)
		}},
		{`sampling: ParallelTempering of Boltzmann "bm": Step: Replicas is 1`, energy.ErrConfig, func() error {
			return step(&ParallelTempering{Boltzmann: m.bm, Replicas: 1}, s)
		}},
		{`a hidden clamp given for a machine without hidden units`, energy.ErrConfig, func() error {
			return step(&ParallelTempering{Boltzmann: m.bm, HiddenClamp: []bool{}}, s)
		}},
		{`no model or no state given`, energy.ErrConfig, func() error { return step(&ParallelTempering{Boltzmann: m.bm}, nil) }},
		{`Restore: 2 rows, want one for each of 10 rungs`, energy.ErrShape, func() error { return (&ParallelTempering{Boltzmann: m.bm}).Restore(s) }},
	} {
		c.check(t)
	}
}
