package sampling

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func metropolisSampler(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
	return &Metropolis{Model: m.bm, Seed: seed, Temperature: temperature, VisibleClamp: visible, HiddenClamp: hidden}
}

// ofAnother makes twins that are right for another machine: of changes W, b or the temperature.
func ofAnother(c boltzmannCase, sampler boltzmannSampler, sign float64, of func(w, b, t *float64)) boltzmannSampler {
	return func(m boltzmann, seed uint64, temperature float64, visible, hidden []bool) Kernel {
		wrong := c.make(m.bm.Dtype(), seed, sign)
		unused := 1.0
		for _, name := range []string{"W", "b"} {
			x := wrong.bm.Param(name).Float64s()
			for i := range x {
				if name == "W" {
					of(&x[i], &unused, &unused)
				} else {
					of(&unused, &x[i], &unused)
				}
			}
			check(wrong.bm.Param(name).Set(x))
		}
		of(&unused, &unused, &temperature)
		return sampler(wrong, seed, temperature, visible, hidden)
	}
}

func TestMetropolisIsStationary(t *testing.T) {
	eachBoltzmann(t, func(t *testing.T, c boltzmannCase) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
			require.NoError(t, stays(c, metropolisSampler, dtype, seed, temperature, false, 0), "seed %d", seed)
			require.NoError(t, stays(c, metropolisSampler, dtype, seed, temperature, true, 0), "clamped, seed %d", seed)
		})
		for what, of := range map[string]func(w, b, t *float64){
			"the temperature is another": func(_, _, t *float64) { *t *= 2 },
			"no biases":                  func(_, b, _ *float64) { *b = 0 },
			"half the couplings":         func(w, _, _ *float64) { *w /= 2 },
		} {
			require.True(t, found(func(seed uint64) error {
				return stays(c, ofAnother(c, metropolisSampler, 0, of), tensor.Float64, seed, 1, false, 0)
			}), what)
		}
	})
}

// Units that are alone are turned over as often as they say: 2·min(p, 1 − p) of the proposals; and clamped ones are not proposed to.
func TestMetropolisCounts(t *testing.T) {
	for _, c := range []boltzmannCase{boltzmannCases[0], boltzmannCases[7]} {
		m := c.make(tensor.Float64, 1, 0)
		w := m.bm.Param("W")
		require.NoError(t, w.Set(make([]float64, len(w.Float64s()))))
		alone := boltzmannOf(m.bm, m.groups)
		l := alone.newLaw(1, nil, nil)
		s := alone.drawn(l, chains, 1)
		info, err := Run(context.Background(), &Metropolis{Model: m.bm, Seed: 1}, s, Schedule{BurnIn: 1})
		require.NoError(t, err)
		n := len(m.k)
		require.Equal(t, chains*n, info.Proposed)
		mean := 0.0
		firsts, _ := l.moments()
		for i := range m.k {
			p := firsts[i]
			if c.name == "Spin" {
				p = (1 + p) / 2
			}
			mean += 2 * min(p, 1-p) / float64(n)
		}
		samples := make([]float64, info.Proposed) // of which so many were accepted; the proposals of a chain depend on each other a little
		for i := range info.Accepted {
			samples[i] = 1
		}
		require.NoError(t, stattest.Mean(samples, mean, 1.5*math.Sqrt(mean*(1-mean)), alpha))

		info, err = (&Metropolis{Model: m.bm, Seed: 1, VisibleClamp: append([]bool{true}, make([]bool, n-1)...)}).Step(s)
		require.NoError(t, err)
		require.InDelta(t, chains*(n-1), info.Proposed, 6*math.Sqrt(chains))
		every := make([]bool, n)
		for i := range every {
			every[i] = true
		}
		info, err = (&Metropolis{Model: m.bm, Seed: 1, VisibleClamp: every}).Step(s)
		require.NoError(t, err)
		require.Zero(t, info)
	}
}

func TestMetropolisRefuses(t *testing.T) {
	m := boltzmannCases[0].make(tensor.Float32, 1, 0)
	for _, r := range []refused{
		{`Metropolis of Boltzmann "bm": Step: Width is -1, want a positive number, or 0 for 2.4`, energy.ErrConfig, func() error {
			return step(&Metropolis{Model: m.bm, Width: -1}, must(RandomBoltzmannState(m.bm, 1, 1)))
		}},
		{`Width is 2, which cannot take effect without real units`, energy.ErrConfig, func() error {
			return step(&Metropolis{Model: m.bm, Width: 2}, must(RandomBoltzmannState(m.bm, 1, 1)))
		}},
		{`chain 0, column 2 of all units is 0.25, want a state, no mean`, energy.ErrRange, func() error {
			s := must(RandomBoltzmannState(m.bm, 1, 1))
			s.Visible.Float32s()[2] = 0.25
			return step(&Metropolis{Model: m.bm}, s)
		}},
		{`Step: W, b or fields`, energy.ErrNotFinite, func() error {
			nan := boltzmannCases[0].make(tensor.Float32, 1, 0)
			nan.bm.Param("b").Value().Float32s()[2] = float32(math.Inf(1))
			return step(&Metropolis{Model: nan.bm}, must(RandomBoltzmannState(m.bm, 1, 1)))
		}},
	} {
		r.check(t)
	}
	real := boltzmannCases[3].make(tensor.Float32, 1, 0)
	info, err := Run(context.Background(), &Metropolis{Model: real.bm, Width: 0.01}, must(RandomBoltzmannState(real.bm, 200, 1)), Schedule{BurnIn: 20})
	require.NoError(t, err)
	wide, err := Run(context.Background(), &Metropolis{Model: real.bm, Width: 50}, must(RandomBoltzmannState(real.bm, 200, 1)), Schedule{BurnIn: 20})
	require.NoError(t, err)
	require.Greater(t, info.Acceptance(), wide.Acceptance()+0.2, "short steps are taken, long ones are not")
}
