package sampling

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// The moments of a run of many chains are those of the enumeration, within their standard errors.
func TestMomentsOfGibbsAreExact(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		if visible.whole == nil || hidden.whole == nil || slices.Contains(append(visible.units.Families(), hidden.units.Families()...), "Gaussian") {
			return // real units couple so strongly here that some spins hardly change, and means of chains are not normal
		}
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, _ float64) {
			const chains, samples, temperature = 500, 20, 1
			m := newMachine(visible, hidden, dtype, seed)
			want, err := m.exact(temperature).Moments()
			require.NoError(t, err)
			measure := func(temperature float64) *Moments {
				moments := &Moments{Pairs: true, Products: true}
				s := m.state(m.newLaw(temperature, nil, nil), chains, seed)
				_, err := Run(context.Background(), &Gibbs{Model: m.rbm, Seed: seed, Temperature: temperature}, s, Schedule{Samples: samples}, moments)
				require.NoError(t, err)
				return moments
			}
			// off is how many standard errors the furthest mean of either side is from the exact one.
			off := func(m *Moments) (worst float64) {
				for i, e := range []Estimate{m.Visible(), m.Hidden()} {
					for j, mean := range e.Mean {
						worst = max(worst, math.Abs(mean-[][]float64{want.V, want.H}[i][j])/e.StandardError[j])
					}
				}
				return worst
			}
			got := measure(temperature)
			limit := distuv.StudentsT{Sigma: 1, Nu: chains - 1}.Quantile(1 - alpha/2)
			require.Less(t, off(got), limit)
			require.Greater(t, off(measure(2*temperature)), limit, "a broken twin at another temperature must fail")

			nv, nh := visible.units.Len(), hidden.units.Len()
			for _, e := range []Estimate{got.Visible(), got.Hidden()} {
				for _, size := range e.EffectiveSampleSize { // block Gibbs of so small a machine mixes within a few steps
					require.Greater(t, size, chains-1.0)
					require.Less(t, size, float64(2*chains*samples)) // 1/20 of a variance estimated from 500 chains cannot be half
				}
			}
			// A product has no larger deviation than half the sum of the squares' (two and three times 1 here), a mean of
			// at least `chains` independent draws a smaller one by their root.
			for i := range nv {
				require.InDelta(t, want.VV[i], got.VisiblePairs()[i*nv+i], sigmas*5/math.Sqrt(chains))
				require.InDeltaSlice(t, want.VH[i*nh:(i+1)*nh], got.VisibleHidden()[i*nh:(i+1)*nh], sigmas*5/math.Sqrt(chains))
			}
		})
	})
}

// Every number against two plain passes over all states.
func TestMomentsAreTheirFormulas(t *testing.T) {
	const chains, samples, nv, nh = 5, 7, 3, 2
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		r := rand.New(rand.NewPCG(1, 1))
		moments := &Moments{Pairs: true, Products: true}
		var v, h [samples][]float64
		for k := range samples {
			s := &State{Visible: dense(dtype, tensor.Shape{chains, nv}, normals(r, chains*nv)...), Hidden: dense(dtype, tensor.Shape{chains, nh}, normals(r, chains*nh)...)}
			v[k], h[k] = numbers(s.Visible), numbers(s.Hidden)
			require.NoError(t, moments.Observe(s))
		}
		require.Equal(t, samples, moments.Samples())
		const all = chains * samples
		for side, e := range []Estimate{moments.Visible(), moments.Hidden()} {
			x, n := [][samples][]float64{v, h}[side], []int{nv, nh}[side]
			for j := range n {
				mean, means := 0.0, make([]float64, chains)
				for k := range samples {
					for c := range chains {
						mean += x[k][c*n+j] / all
						means[c] += x[k][c*n+j] / samples
					}
				}
				variance, spread := 0.0, 0.0
				for c := range chains {
					spread += (means[c] - mean) * (means[c] - mean) / (chains - 1)
					for k := range samples {
						variance += (x[k][c*n+j] - mean) * (x[k][c*n+j] - mean) / all
					}
				}
				require.InDelta(t, mean, e.Mean[j], 1e-12)
				require.InDelta(t, variance, e.Variance[j], 1e-12)
				require.InDelta(t, math.Sqrt(spread/chains), e.StandardError[j], 1e-12)
				require.InDelta(t, variance/(spread/chains), e.EffectiveSampleSize[j], 1e-9)
			}
		}
		for i := range nv {
			var pairs [nv]float64
			var products [nh]float64
			for k := range samples {
				for c := range chains {
					for j := range nv {
						pairs[j] += v[k][c*nv+i] * v[k][c*nv+j] / all
					}
					for j := range nh {
						products[j] += v[k][c*nv+i] * h[k][c*nh+j] / all
					}
				}
			}
			require.InDeltaSlice(t, pairs[:], moments.VisiblePairs()[i*nv:(i+1)*nv], 1e-12)
			require.InDeltaSlice(t, products[:], moments.VisibleHidden()[i*nh:(i+1)*nh], 1e-12)
		}
	}
}

func normals(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// A large mean takes nothing from a small variance; E[x²] − E[x]² would lose it all.
func TestMomentsKeepSmallVariances(t *testing.T) {
	moments := &Moments{}
	for _, x := range []float64{1, -1, 1, -1} {
		require.NoError(t, moments.Observe(&State{Visible: dense(tensor.Float64, tensor.Shape{2, 1}, 1e9+x, 1e9-x)}))
	}
	require.Equal(t, []float64{1e9}, moments.Visible().Mean)
	require.Equal(t, []float64{1}, moments.Visible().Variance)
	require.Equal(t, []float64{0}, moments.Visible().StandardError)
}

// Standard errors count what the samples of a chain have in common: over many runs the means scatter by them.
func TestMomentsStandardErrors(t *testing.T) {
	const runs, chains, samples = 400, 20, 50
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		var squared, naive, sizes float64
		for range runs {
			moments := &Moments{}
			x := autoregressive(r, 0.8, chains, samples)
			for k := range samples {
				s := &State{Visible: tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(chains, 1))}
				for c := range chains {
					s.Visible.Float64s()[c] = x[c][k]
				}
				require.NoError(t, moments.Observe(s))
			}
			e := moments.Visible()
			squared += e.Mean[0] * e.Mean[0] / (e.StandardError[0] * e.StandardError[0]) / runs
			naive += e.Mean[0] * e.Mean[0] * chains * samples / runs
			sizes += e.EffectiveSampleSize[0] / runs
		}
		// The square of a t-variable of 19 degrees of freedom has mean 19/17 and variance 2·(19/17)²·18/15.
		band := sigmas * 19 / 17 * math.Sqrt(2.4/runs)
		require.InDelta(t, 19.0/17, squared, band)
		require.Greater(t, naive-19.0/17, band, "a broken twin that takes samples for independent must fail")
		require.InDelta(t, chains*samples/9.0, sizes, 0.35*chains*samples/9.0) // 1/χ² is high by 19/17, ends of series by some 15 %
	}
	moments := &Moments{}
	require.NoError(t, moments.Observe(&State{Visible: dense(tensor.Float64, tensor.Shape{1, 2}, 1, 2)}))
	require.True(t, math.IsNaN(moments.Visible().StandardError[1]), "one chain says nothing")
	require.Empty(t, moments.Hidden().Mean)
	require.Nil(t, moments.VisiblePairs())
	require.Nil(t, moments.VisibleHidden())
}

// Energies are those of the enumeration, and are recorded chain by chain.
func TestTraceRecordsEnergies(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			const chains, samples = 4, 3
			tolerance := map[tensor.Dtype]float64{tensor.Float32: 1e-4, tensor.Float64: 1e-12}[dtype]
			m := newMachine(visible, hidden, dtype, 1)
			s := m.state(m.newLaw(1, nil, nil), chains, 1)
			e, f := &Trace{Of: EnergyOf(m.rbm)}, &Trace{Of: FreeEnergyOf(m.rbm)}
			gibbs := &Gibbs{Model: m.rbm, Seed: 1}
			var want [][]float64 // by sample
			require.Empty(t, e.Chains())
			for range samples {
				_, err := Run(context.Background(), gibbs, s, Schedule{Samples: 1}, e, f)
				require.NoError(t, err)
				var energies []float64
				for _, x := range rows(s) {
					energies = append(energies, m.energy(x))
				}
				want = append(want, energies)
			}
			for c := range chains {
				require.Len(t, e.Chains()[c], samples)
				for k := range samples {
					require.InDelta(t, want[k][c], e.Chains()[c][k], tolerance)
				}
				if visible.whole != nil && hidden.whole != nil {
					free, err := m.exact(1).FreeEnergy(numbers(s.Visible)[c*visible.units.Len() : (c+1)*visible.units.Len()])
					require.NoError(t, err)
					require.InDelta(t, free, f.Chains()[c][samples-1], tolerance)
				}
			}
		}
	})
}

func TestSamplesAreCopies(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		samples := &Samples{}
		require.Nil(t, samples.Rows())
		s := &State{Visible: dense(dtype, tensor.Shape{2, 3}, 1, 2, 3, 4, 5, 6)}
		require.NoError(t, samples.Observe(s))
		require.NoError(t, tensor.Copy(s.Visible, dense(dtype, tensor.Shape{2, 3}, 7, 8, 9, 10, 11, 12)))
		require.NoError(t, samples.Observe(s))
		require.Equal(t, tensor.Shape{4, 3}, samples.Rows().Shape())
		require.Equal(t, dtype, samples.Rows().Dtype())
		require.Equal(t, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, numbers(samples.Rows()))
	}
}

func TestObserversRefuse(t *testing.T) {
	f32, f64 := tensor.Float32, tensor.Float64
	rbm := newMachine(bernoulli(2), bernoulli(3), f64, 1).rbm
	state := func(dt tensor.Dtype, chains, v, h int) *State {
		s := &State{Visible: dense(dt, tensor.Shape{chains, v}, make([]float64, chains*v)...)}
		if h > 0 {
			s.Hidden = dense(dt, tensor.Shape{chains, h}, make([]float64, chains*h)...)
		}
		return s
	}
	after := func(o Observer, first, second *State) func() error {
		return func() error {
			if err := o.Observe(first); err != nil {
				return err
			}
			return o.Observe(second)
		}
	}
	good := state(f64, 2, 2, 3)
	for _, c := range []refused{
		{"sampling: Moments: Observe: no state given", energy.ErrConfig, func() error { return (&Moments{}).Observe(nil) }},
		{"no state given", energy.ErrConfig, func() error { return (&Moments{}).Observe(&State{}) }},
		{"Products cannot take effect on a state without hidden units", energy.ErrConfig, func() error { return (&Moments{Products: true}).Observe(state(f64, 2, 2, 0)) }},
		{"visible state: shape (3, 2), want (2, 2)", energy.ErrShape, after(&Moments{}, good, state(f64, 3, 2, 3))},
		{"visible state: shape (2, 4), want (2, 2)", energy.ErrShape, after(&Moments{}, good, state(f64, 2, 4, 3))},
		{"hidden state: shape (2, 2), want (2, 3)", energy.ErrShape, after(&Moments{}, good, state(f64, 2, 2, 2))},
		{"hidden state given at some samples", energy.ErrShape, after(&Moments{}, good, state(f64, 2, 2, 0))},
		{"visible state: shape (4), want (chains, visible)", energy.ErrShape, func() error { return (&Moments{}).Observe(&State{Visible: dense(f64, tensor.Shape{4}, 1, 2, 3, 4)}) }},
		{"not contiguous", energy.ErrShape, func() error { return (&Moments{}).Observe(&State{Visible: view(state(f64, 2, 3, 0).Visible, 2)}) }},
		{"dtype int, want float32 or float64", energy.ErrDtype, func() error {
			return (&Moments{}).Observe(&State{Visible: tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]int{1, 2}))})
		}},
		{"sampling: Samples: Observe: visible state: none given", energy.ErrConfig, func() error { return (&Samples{}).Observe(nil) }},
		{"visible state: shape (4), want (chains, visible)", energy.ErrShape, func() error { return (&Samples{}).Observe(&State{Visible: dense(f64, tensor.Shape{4}, 1, 2, 3, 4)}) }},
		{"visible state: shape (2, 3), want (2, 2)", energy.ErrShape, after(&Samples{}, good, state(f64, 2, 3, 0))},
		{"dtype float32, want float64", energy.ErrDtype, after(&Samples{}, good, state(f32, 2, 2, 0))},
		{"dtype int, want float32 or float64", energy.ErrDtype, func() error {
			return (&Samples{}).Observe(&State{Visible: tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]int{1, 2}))})
		}},
		{"sampling: Trace: Observe: no Of given", energy.ErrConfig, func() error { return (&Trace{}).Observe(good) }},
		{"sampling: Trace: Observe: 3 chains, before there were 2", energy.ErrShape, after(&Trace{Of: EnergyOf(rbm)}, good, state(f64, 3, 2, 3))},
		{"sampling: Trace: Observe: sampling: EnergyOf: no model or no state given", energy.ErrConfig, func() error { return (&Trace{Of: EnergyOf(nil)}).Observe(good) }},
		{"FreeEnergyOf: no model or no state given", energy.ErrConfig, func() error { return (&Trace{Of: FreeEnergyOf(rbm)}).Observe(state(f64, 2, 2, 0)) }},
		{`EnergyOf: RBM "rbm": visible state: shape (2, 3), want (rows, 2)`, energy.ErrShape, func() error { return (&Trace{Of: EnergyOf(rbm)}).Observe(state(f64, 2, 3, 3)) }},
		{"visible state: dtype float32", energy.ErrDtype, func() error { return (&Trace{Of: EnergyOf(rbm)}).Observe(state(f32, 2, 2, 3)) }},
		{"hidden state: shape (2, 4), want (2, 3)", energy.ErrShape, func() error { return (&Trace{Of: FreeEnergyOf(rbm)}).Observe(state(f64, 2, 2, 4)) }},
	} {
		c.check(t)
	}
	wrong := errors.New("wrong")
	require.ErrorIs(t, (&Trace{Of: func(*State) ([]float64, error) { return nil, wrong }}).Observe(good), wrong)

	moments := &Moments{} // a refused state changes nothing
	require.NoError(t, moments.Observe(good))
	before := slices.Clone(moments.Visible().Mean)
	require.Error(t, moments.Observe(state(f64, 2, 2, 2)))
	require.Equal(t, 1, moments.Samples())
	require.Equal(t, before, moments.Visible().Mean)
}

// The three observers look at one run, and the chains go as they would unobserved.
func TestObserversLeaveChainsAlone(t *testing.T) {
	m := newMachine(bernoulli(3), spin(3), tensor.Float32, 1)
	run := func(observers ...Observer) *State {
		s := must(RandomState(m.rbm, 10, 1))
		_, err := Run(context.Background(), &Gibbs{Model: m.rbm, Seed: 1}, s, Schedule{BurnIn: 3, Samples: 5, Thin: 2}, observers...)
		require.NoError(t, err)
		return s
	}
	trace, samples := &Trace{Of: EnergyOf(m.rbm)}, &Samples{}
	watched := run(&Moments{Pairs: true, Products: true}, trace, samples)
	require.Equal(t, run(), watched)
	require.Len(t, trace.Chains(), 10)
	require.Len(t, trace.Chains()[0], 5)
	require.Equal(t, tensor.Shape{50, 3}, samples.Rows().Shape())
	require.Equal(t, numbers(watched.Visible), numbers(samples.Rows())[40*3:])
}

// Of Boltzmann machines as well, whatever they are coupled like.
func TestTraceRecordsEnergiesOfBoltzmannMachines(t *testing.T) {
	eachBoltzmann(t, func(t *testing.T, c boltzmannCase) {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			m := c.make(dtype, 1, 0)
			s := m.drawn(m.newLaw(1, nil, nil), 5, 1)
			trace := &Trace{Of: BoltzmannEnergyOf(m.bm)}
			require.NoError(t, trace.Observe(s))
			for i, x := range allRows(s) {
				require.InDelta(t, m.energy(x), trace.Chains()[i][0], map[tensor.Dtype]float64{tensor.Float32: 1e-4, tensor.Float64: 1e-12}[dtype])
			}
			bad := *s
			bad.Visible = dense(dtype, tensor.Shape{5, 1}, 0, 0, 0, 0, 0)
			refused{`sampling: BoltzmannEnergyOf: Boltzmann "bm": visible state: `, energy.ErrShape, func() error { return trace.Observe(&bad) }}.check(t)
			bad = *s
			bad.Hidden = nil
			if s.Hidden == nil {
				bad.Hidden = s.Visible
			}
			refused{"hidden state given or missing", energy.ErrShape, func() error { return trace.Observe(&bad) }}.check(t)
			if s.Hidden != nil {
				bad.Hidden = dense(dtype, tensor.Shape{1, 1}, 0)
				refused{"hidden state: shape (1, 1)", energy.ErrShape, func() error { return trace.Observe(&bad) }}.check(t)
			}
			refused{"BoltzmannEnergyOf: no model or no state given", energy.ErrConfig, func() error { return trace.Observe(&State{}) }}.check(t)
		}
	})
}
