package sampling

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/race"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// rungs are the ladder of the tests: few and far apart, so that changes of places are neither sure nor rare.
var rungs = []float64{1, 0.7, 0.35, 0}

// rung is the machine of a rung: couplings and hidden biases times β, visible biases between those of the base and the machine's.
func (m machine) rung(beta float64, base []float64) machine {
	at := machine{rbm: m.rbm, sides: m.sides, groups: m.groups, k: slices.Clone(m.k)}
	nv := len(base)
	for i := range m.a {
		row := slices.Clone(m.a[i])
		for j := range row {
			if i != j {
				row[j] *= beta
			}
		}
		at.a = append(at.a, row)
		if i < nv {
			at.k[i] = (1-beta)*base[i] + beta*m.k[i]
		} else {
			at.k[i] = beta * m.k[i]
		}
	}
	return at
}

// baseFor is base biases that are neither the machine's nor 0.
func baseFor(n int) []float64 {
	base := make([]float64, n)
	for i := range base {
		base[i] = 2 - 2*float64(i%3)
	}
	return base
}

// tempered is a sampler whose replicas are exact draws at each rung, given the columns that are clamped.
type tempered struct {
	kernel ParallelTempering
	laws   []*law
	state  *State
}

func newTempered(m machine, seed uint64, visibleClamp, hiddenClamp []bool, at []float64, free []bool) *tempered {
	nv := m.sides[0].units.Len()
	x := &tempered{kernel: ParallelTempering{Model: m.rbm, Seed: seed, Betas: rungs, Base: baseFor(nv), VisibleClamp: visibleClamp, HiddenClamp: hiddenClamp}}
	const n = chains
	all := State{Visible: dense(m.rbm.Dtype(), tensor.Shape{n * len(rungs), nv}, make([]float64, n*len(rungs)*nv)...)}
	nh := m.sides[1].units.Len()
	all.Hidden = dense(m.rbm.Dtype(), tensor.Shape{n * len(rungs), nh}, make([]float64, n*len(rungs)*nh)...)
	for k, beta := range rungs {
		l := m.rung(beta, x.kernel.Base).newLaw(1, at, free)
		s := m.state(l, n, seed+uint64(k))
		for i := range n {
			putRow(all.Visible, i*len(rungs)+k, s.Visible, i)
			putRow(all.Hidden, i*len(rungs)+k, s.Hidden, i)
		}
		if k == 0 {
			x.state = s
		}
		x.laws = append(x.laws, l)
	}
	check(x.kernel.Restore(&all))
	return x
}

func putRow(dst *tensor.Dense, to int, src *tensor.Dense, from int) {
	n := dst.Shape()[1]
	if dst.Dtype() == tensor.Float32 {
		copy(dst.Float32s()[to*n:(to+1)*n], src.Float32s()[from*n:])
		return
	}
	copy(dst.Float64s()[to*n:(to+1)*n], src.Float64s()[from*n:])
}

// object returns the first objection to the replicas, at every rung.
func (x *tempered) object() error {
	all := rows(x.kernel.Save())
	for k, l := range x.laws {
		var here [][]float64
		for i := k; i < len(all); i += len(rungs) {
			here = append(here, all[i])
		}
		if k == 0 && !slices.EqualFunc(here, rows(x.state), slices.Equal[[]float64]) {
			return fmt.Errorf("the state is not the replicas at β = 1")
		}
		if err := l.check(here); err != nil {
			return fmt.Errorf("β = %g: %w", rungs[k], err)
		}
	}
	return nil
}

// Replicas that start at exact draws of their rungs stay that, and some of them have changed places.
func TestParallelTemperingIsStationary(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, _ float64) {
			m := newMachine(visible, hidden, dtype, seed)
			for _, joint := range []bool{false, true} {
				var clamp []bool
				if joint {
					clamp = make([]bool, hidden.units.Len()) // holds nothing
				}
				x := newTempered(m, seed, nil, clamp, nil, nil)
				require.NoError(t, x.object())
				for _, steps := range []uint64{1, 6} {
					for x.state.Step < steps {
						info, err := x.kernel.Step(x.state)
						require.NoError(t, err)
						require.Equal(t, chains*(2-int((x.state.Step-1)%2)), info.Proposed)
						require.Positive(t, info.Accepted)
					}
					require.NoError(t, x.object(), "seed %d, %v, joint %t, after %d steps", seed, dtype, joint, steps)
				}
			}
		})
	})
}

// Clamped columns never move, and the replicas stay exact draws of each rung given these.
func TestParallelTemperingClamps(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, _ float64) {
			m := newMachine(visible, hidden, dtype, seed)
			l, g := m.partClamped(seed, 1)
			for _, joint := range []bool{false, true} {
				at, free, hiddenClamp := slices.Clone(l.at), slices.Clone(l.free), g.HiddenClamp
				if !joint {
					hiddenClamp = nil
					for j := range hidden.units.Len() {
						free[visible.units.Len()+j] = true
					}
				}
				x := newTempered(m, seed, g.VisibleClamp, hiddenClamp, at, free)
				for _, steps := range []uint64{1, 4} {
					require.NoError(t, runs(context.Background(), &x.kernel, x.state, int(steps-x.state.Step)))
					require.NoError(t, x.object(), "seed %d, %v, joint %t, after %d steps", seed, dtype, joint, steps)
				}
			}
		})
	})
}

// mistake is one that replica exchange is made with.
type mistake string

const (
	none          mistake = "none"
	freeEnergyOne mistake = "the free energies of the model stand in the formula for (v,h)"
	wrongWay      mistake = "the ratio is upside down"
	always        mistake = "all changes are accepted"
	staleInputs   mistake = "the inputs of the hidden units stay where they were"
	slopesOfModel mistake = "the energy of the model stands for the slope, whatever the base"
	withoutHidden mistake = "the visible units change places by the rule for (v,h), and the hidden ones stay"
	alsoOfOthers  mistake = "every replica's hidden units are drawn at its neighbour's β"
)

// step is a step of all replicas, written once more and with a mistake. Unlike the kernel it has the chains of a rung together.
func (f mistake) step(x *tempered, joint bool) {
	p := &x.kernel
	w := p.work.(*tempering[float64])
	n, r := w.n, len(rungs)
	path := must(annealed.New[float64](p.Model, p.Base, p.Seed))
	first := int(x.state.Step % 2)
	row := func(i, k int) int { return i*r + k }
	c := w.rows
	path.Refresh(c)
	if joint {
		path.DrawHidden(c, w.beta, x.state.Step)
	}
	at := func(beta float64) []float64 {
		f := make([]float64, c.N)
		path.FreeEnergy(f, c, slices.Repeat([]float64{beta}, c.N))
		return f
	}
	freeAt := make([][]float64, r)
	for k, beta := range rungs {
		freeAt[k] = at(beta)
	}
	slopes := make([]float64, c.N)
	path.Slope(slopes, c)
	if f == slopesOfModel {
		for i := range slopes {
			slopes[i] = 0
			for j := range len(p.Base) {
				slopes[i] -= w.rows.V[i*len(p.Base)+j] * p.Model.Param("b").Float64s()[j]
			}
			m := p.Model.Hidden().Len()
			for j := range m {
				slopes[i] -= c.H[i*m+j] * c.Inputs[i*m+j]
			}
		}
	}
	uniform := make([]float64, r/2)
	exchange := func(x []float64, a, b int) {
		width := len(x) / c.N
		for j := range width {
			x[a*width+j], x[b*width+j] = x[b*width+j], x[a*width+j]
		}
	}
	for i := range n {
		rng.Uniform(rng.New(p.Seed, "tempering places").Row(i, x.state.Step), uniform)
		for k := first; k+1 < r; k += 2 {
			a, b := row(i, k), row(i, k+1)
			ratio := freeAt[k][a] + freeAt[k+1][b] - freeAt[k][b] - freeAt[k+1][a]
			if joint {
				ratio = (rungs[k] - rungs[k+1]) * (slopes[a] - slopes[b])
			}
			u := uniform[k/2]
			switch f {
			case freeEnergyOne:
				ratio = (rungs[k] - rungs[k+1]) * (freeAt[0][a] - freeAt[0][b])
			case wrongWay:
				ratio = -ratio
			case always:
				ratio = 0
			}
			if u >= math.Exp(min(0, ratio)) {
				continue
			}
			exchange(c.V, a, b)
			exchange(c.H, a, b)
			exchange(c.Inputs, a, b)
		}
	}
	beta := slices.Clone(w.beta)
	if f == alsoOfOthers {
		for i := range beta {
			beta[i] = rungs[(i+1)%r]
		}
	}
	if !joint {
		path.DrawHidden(c, beta, x.state.Step)
	}
	path.DrawVisible(c, w.beta, x.state.Step)
	w.give(x.state.Visible.Float64s(), c.V)
	w.give(x.state.Hidden.Float64s(), c.H)
	x.state.Step++
}

// with is the machine with other parameters; its units are of variance 1.
func (m machine) with(w, b, c []float64) machine {
	check(m.rbm.Param("W").Set(w))
	check(m.rbm.Param("b").Set(b))
	check(m.rbm.Param("c").Set(c))
	m.k = slices.Concat(b, c)
	m.a = make([][]float64, len(m.k))
	for i := range m.a {
		m.a[i] = make([]float64, len(m.k))
	}
	for i := range b {
		for j := range c {
			m.a[i][len(b)+j], m.a[len(b)+j][i] = -w[i*len(c)+j], -w[i*len(c)+j]
		}
	}
	return m
}

// steep is a machine whose hidden units have an input of 0 in one of its modes and a large one in the other, so that Γ(βI) and βΓ(I) differ
// in the one and not in the other.
func steep(uint64) machine {
	return newMachine(bernoulli(3), bernoulli(4), tensor.Float64, 1).with(slices.Repeat([]float64{3}, 12), []float64{-11, -11, -11}, make([]float64, 4))
}

// A twin without a mistake makes the states of the kernel, so that one with a mistake is wrong by it alone.
func TestTemperingTwinWithoutMistake(t *testing.T) {
	for _, joint := range []bool{false, true} {
		var clamp []bool
		if joint {
			clamp = make([]bool, 3)
		}
		m := newMachine(oneHot(2, 3), spin(3), tensor.Float64, 1)
		x, twin := newTempered(m, 4, nil, clamp, nil, nil), newTempered(m, 4, nil, clamp, nil, nil)
		for range 3 {
			require.NoError(t, step(&x.kernel, x.state))
			none.step(twin, joint)
			require.Equal(t, x.state, twin.state, "joint %t", joint)
			require.Equal(t, x.kernel.Save().Visible.Data(), twin.kernel.Save().Visible.Data(), "joint %t", joint)
		}
	}
}

func TestStationarityFindsMistakesOfTempering(t *testing.T) {
	for _, c := range []struct {
		name     string
		machine  func(seed uint64) machine
		joint    bool
		mistakes []mistake
	}{
		{"steep", steep, false, []mistake{freeEnergyOne, wrongWay, always, alsoOfOthers}},
		{"steep", steep, true, []mistake{wrongWay, always}},
		{"Spin×OneHot", func(seed uint64) machine { return newMachine(spin(3), oneHot(2, 3), tensor.Float64, seed) },
			false, []mistake{freeEnergyOne, wrongWay, always, alsoOfOthers}},
		{"Spin×Spin", func(seed uint64) machine { return newMachine(spin(3), spin(2), tensor.Float64, seed) }, true, []mistake{wrongWay, always, slopesOfModel}},
		{"OneHot×Gaussian", func(seed uint64) machine { return newMachine(oneHot(2, 3), gaussian(2), tensor.Float64, seed) },
			false, []mistake{freeEnergyOne, wrongWay, always, alsoOfOthers}},
	} {
		for _, f := range c.mistakes {
			require.True(t, found(func(seed uint64) error {
				m := c.machine(seed)
				var clamp []bool
				if c.joint {
					clamp = make([]bool, m.sides[1].units.Len())
				}
				x := newTempered(m, seed, nil, clamp, nil, nil)
				for range 6 {
					f.step(x, c.joint)
					if err := x.object(); err != nil {
						return err
					}
				}
				return nil
			}), "%s, %s", f, c.name)
		}
	}
}

// The rates are those that enumeration gives, Σ p_r(x) p_s(y) min(1, ratio), on the visible units alone and on all.
func TestSwapRatesAgreeWithEnumeration(t *testing.T) {
	for _, joint := range []bool{false, true} {
		m := newMachine(spin(3), bernoulli(3), tensor.Float64, 2)
		var clamp []bool
		if joint {
			clamp = make([]bool, 3)
		}
		x := newTempered(m, 1, nil, clamp, nil, nil)
		require.Nil(t, (&ParallelTempering{}).SwapRates())
		require.NoError(t, runs(context.Background(), &x.kernel, x.state, 2))
		for k, rate := range x.kernel.SwapRates() {
			upper, lower := m.rung(rungs[k], x.kernel.Base).exact(1), m.rung(rungs[k+1], x.kernel.Base).exact(1)
			upper.B, upper.C, upper.W = scaledTo(m, x.kernel.Base, rungs[k])
			lower.B, lower.C, lower.W = scaledTo(m, x.kernel.Base, rungs[k+1])
			_, p, err := upper.Probabilities()
			require.NoError(t, err)
			_, q, err := lower.Probabilities()
			require.NoError(t, err)
			if joint {
				_, _, p, err = upper.JointProbabilities()
				require.NoError(t, err)
				_, _, q, err = lower.JointProbabilities()
				require.NoError(t, err)
			}
			mean, square := 0.0, 0.0
			for a := range p {
				for b := range p {
					accept := min(1, p[b]*q[a]/(p[a]*q[b]))
					mean += p[a] * q[b] * accept
					square += p[a] * q[b] * accept * accept
				}
			}
			sd := math.Sqrt(square - mean*mean)
			require.InDelta(t, mean, rate, 5*sd/math.Sqrt(chains), "pair %d, joint %t", k, joint)
			require.Less(t, mean, 0.98)
		}
		x.kernel.Reset()
		require.True(t, math.IsNaN(x.kernel.SwapRates()[0]))
		require.Zero(t, x.kernel.RoundTrips())
	}
}

func scaledTo(m machine, base []float64, beta float64) (b, c, w []float64) {
	at := m.rung(beta, base)
	w = m.rbm.Param("W").Float64s()
	for i := range w {
		w[i] *= beta
	}
	return at.k[:len(base)], at.k[len(base):], w
}

// Without couplings and hidden biases, and with the model's own visible biases as the base, all rungs are alike and all changes are accepted:
// a replica then goes up and down the ladder of R rungs in 2R steps, one after the other.
func TestRoundTripsAreStraight(t *testing.T) {
	m := newMachine(spin(3), bernoulli(3), tensor.Float32, 2)
	require.NoError(t, m.rbm.Param("W").Set(make([]float64, 9)))
	require.NoError(t, m.rbm.Param("c").Set(make([]float64, 3)))
	p := &ParallelTempering{Model: m.rbm, Replicas: 6}
	s := must(RandomState(m.rbm, 4, 1))
	info, err := Run(context.Background(), p, s, Schedule{BurnIn: 24})
	require.NoError(t, err)
	require.Equal(t, Info{24 * 4 * 5 / 2, 24 * 4 * 5 / 2}, info)
	require.Equal(t, []float64{1, 1, 1, 1, 1}, p.SwapRates())
	before := p.RoundTrips()
	require.NoError(t, runs(context.Background(), p, s, 12*5))
	require.Equal(t, 4*6*5, p.RoundTrips()-before, "each of the 6 replicas of each chain has made 5")
}

// Two modes that Gibbs sampling does not leave are both visited by tempering, each with its share.
func TestTemperingCrossesBetweenModes(t *testing.T) {
	m := newMachine(spin(8), bernoulli(1), tensor.Float64, 1)
	w, b := make([]float64, 8), make([]float64, 8)
	for i := range w {
		w[i], b[i] = 4, -2.02 // p(+) and p(−) nearly alike, and nothing between
	}
	require.NoError(t, m.rbm.Param("W").Set(w))
	require.NoError(t, m.rbm.Param("b").Set(b))
	require.NoError(t, m.rbm.Param("c").Set([]float64{0.3}))
	for i := range m.k {
		m.k[i] = append(b, 0.3)[i]
	}
	o := m.exact(1)
	states, p, err := o.Probabilities()
	require.NoError(t, err)
	share := 0.0
	for i, v := range states {
		if sum(v) > 0 {
			share += p[i]
		}
	}
	require.InDelta(t, 0.5, share, 0.25)
	run := func(k Kernel) []float64 {
		s := must(NewState(m.rbm, dense(tensor.Float64, tensor.Shape{chains, 8}, slices.Repeat([]float64{1}, 8*chains)...)))
		require.NoError(t, runs(context.Background(), k, s, 60))
		var up []float64
		for _, v := range rows(s) {
			up = append(up, 0)
			if sum(v[:8]) > 0 {
				up[len(up)-1] = 1
			}
		}
		return up
	}
	base := make([]float64, 8)
	sd := math.Sqrt(share * (1 - share))
	require.NoError(t, stattest.Mean(run(&ParallelTempering{Model: m.rbm, Seed: 1, Replicas: 8, Base: base}), share, sd, alpha))
	require.Error(t, stattest.Mean(run(&Gibbs{Model: m.rbm, Seed: 1}), share, sd, alpha))
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// afterTempering returns where n chains stand after 5 steps from states that do not depend on n.
func afterTempering(t *testing.T, p ParallelTempering, n int) *State {
	s := must(RandomState(p.Model, n, 9))
	require.NoError(t, runs(context.Background(), &p, s, 5))
	return s
}

func TestTemperedChainsDoNotMeetOthers(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		clamp := make([]bool, m.rbm.Hidden().Len())
		p := ParallelTempering{Model: m.rbm, Seed: 4, Betas: []float64{1, 0.95, 0.9, 0.85}}
		for _, p.HiddenClamp = range [][]bool{nil, clamp} {
			all := afterTempering(t, p, 40)
			for _, n := range []int{1, 2, 7, 33} {
				some := afterTempering(t, p, n)
				require.Equal(t, first(all.Visible, n), numbers(some.Visible), "%v, %d chains", dtype, n)
				require.Equal(t, first(all.Hidden, n), numbers(some.Hidden), "%v, %d chains", dtype, n)
			}
		}
	}
}

func TestTemperingSeedsAndProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, dtype := range dtypes {
		p := ParallelTempering{Model: wide(dtype).rbm, Seed: 4}
		runtime.GOMAXPROCS(1)
		want := afterTempering(t, p, 50)
		for _, n := range []int{2, 5} {
			runtime.GOMAXPROCS(n)
			require.Equal(t, want, afterTempering(t, p, 50), "GOMAXPROCS %d", n)
		}
		p.Seed = 5
		require.NotEqual(t, want.Visible.Data(), afterTempering(t, p, 50).Visible.Data())
	}
}

// The state and the replicas are all there is to save.
func TestTemperingResumes(t *testing.T) {
	for _, dtype := range dtypes {
		m := wide(dtype)
		start := func() *ParallelTempering {
			return &ParallelTempering{Model: m.rbm, Seed: 4, Replicas: 5, VisibleClamp: make([]bool, m.rbm.Visible().Len())}
		}
		p, whole := start(), must(RandomState(m.rbm, 20, 1))
		require.Nil(t, p.Save())
		require.NoError(t, runs(context.Background(), p, whole, 3))
		saved, replicas := copyOf(whole), p.Save()
		require.NoError(t, runs(context.Background(), p, whole, 4))

		used := start()
		require.NoError(t, step(used, must(RandomState(m.rbm, 50, 2))))
		require.NoError(t, used.Restore(replicas))
		resumed := copyOf(saved)
		require.NoError(t, runs(context.Background(), used, resumed, 4))
		require.Equal(t, whole, resumed)

		alone := copyOf(saved)
		require.NoError(t, runs(context.Background(), start(), alone, 4))
		require.NotEqual(t, whole.Visible.Data(), alone.Visible.Data(), "without its replicas")
	}
}

// The model may learn between steps: the replicas go on under its new parameters, as a sampler that first meets it with these.
func TestTemperingFollowsTheModel(t *testing.T) {
	m := wide(tensor.Float32)
	for _, base := range [][]float64{nil, make([]float64, m.rbm.Visible().Len())} {
		p := &ParallelTempering{Model: m.rbm, Seed: 4, Base: base}
		s := must(RandomState(m.rbm, 10, 1))
		require.NoError(t, step(p, s))
		replicas, fresh := p.Save(), copyOf(s)
		x := m.rbm.Param("b").Float64s()
		x[0]++
		require.NoError(t, m.rbm.Param("b").Set(x))
		require.NoError(t, step(p, s))
		other := &ParallelTempering{Model: m.rbm, Seed: 4, Base: base}
		require.NoError(t, other.Restore(replicas))
		require.NoError(t, step(other, fresh))
		require.Equal(t, s, fresh)
	}
}

func TestTemperingAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("sync.Pool leaks under the race detector")
	}
	for _, dtype := range dtypes {
		m := newMachine(bernoulli(20), spin(10), dtype, 1)
		p, s := &ParallelTempering{Model: m.rbm}, must(RandomState(m.rbm, 30, 1))
		require.Zero(t, testing.AllocsPerRun(20, func() { check(step(p, s)) }), "%v", dtype)
		p.HiddenClamp, p.VisibleClamp = make([]bool, 10), make([]bool, 20)
		require.Zero(t, testing.AllocsPerRun(20, func() { check(step(p, s)) }), "%v, clamped", dtype)
	}
}

func TestParallelTemperingRefuses(t *testing.T) {
	m := newMachine(bernoulli(2), joined("hidden", spin(1), oneHot(2, 3)), tensor.Float32, 1)
	for _, c := range []struct {
		message  string
		sentinel error
		spoil    func(p *ParallelTempering, s *State)
	}{
		{`sampling: ParallelTempering: Step: no model or no state given`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Model = nil }},
		{`Step: no model or no state given`, energy.ErrConfig, func(_ *ParallelTempering, s *State) { s.Hidden = nil }},
		{`sampling: ParallelTempering of RBM "rbm": Step: Replicas is 1, want 2 to 1000, or 0 for 10`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Replicas = 1 }},
		{`Replicas is -3, want`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Replicas = -3 }},
		{`Replicas is 3, which cannot take effect with 2 Betas`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Replicas, p.Betas = 3, []float64{1, 0} }},
		{`0 Betas given, want 2 to 1000, the first of them 1`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Betas = []float64{} }},
		{`3 Betas given, want 2 to 1000, the first of them 1`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Betas = []float64{0, 0.5, 1} }},
		{`Betas[2] is 0.5 after 0.5, want it less`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Betas = []float64{1, 0.5, 0.5} }},
		{`Betas[1] is NaN after 1, want it less`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Betas = []float64{1, math.NaN()} }},
		{`Betas[1] is -0.1 after 1, want it less and at least 0`, energy.ErrConfig, func(p *ParallelTempering, _ *State) { p.Betas = []float64{1, -0.1} }},
		{`Step: 3 base biases, want one for each of 2 visible units`, energy.ErrShape, func(p *ParallelTempering, _ *State) { p.Base = make([]float64, 3) }},
		{`Step: base biases: `, energy.ErrNotFinite, func(p *ParallelTempering, _ *State) { p.Base = []float64{0, math.NaN()} }},
		{`visible state: row 1, column 1 is 2, want`, energy.ErrRange, func(_ *ParallelTempering, s *State) { s.Visible.Float32s()[3] = 2 }},
		{`visible clamp has 3 columns, want 2`, energy.ErrShape, func(p *ParallelTempering, _ *State) { p.VisibleClamp = make([]bool, 3) }},
		{`hidden clamp holds a part of the OneHot group at column 4`, energy.ErrConfig, func(p *ParallelTempering, _ *State) {
			p.HiddenClamp = []bool{true, true, true, true, false, false, true}
		}},
		{`hidden state: row 0, column 1 is 0, want what`, energy.ErrRange, func(p *ParallelTempering, s *State) {
			p.HiddenClamp = make([]bool, 7)
			s.Hidden.Zero()
		}},
	} {
		p := &ParallelTempering{Model: m.rbm, Seed: 1}
		s := &State{Visible: dense(tensor.Float32, tensor.Shape{2, 2}, 0, 1, 1, 0.5), Hidden: dense(tensor.Float32, tensor.Shape{2, 7}, make([]float64, 14)...), Step: 9}
		if c.spoil(p, s); s.Visible != nil && s.Hidden != nil {
			defer func(v string) { require.Equal(t, v, bits(s.Visible), "%s: an error changes nothing", c.message) }(bits(s.Visible))
		}
		refused{c.message, c.sentinel, func() error { return step(p, s) }}.check(t)
		require.EqualValues(t, 9, s.Step)
	}
	p := &ParallelTempering{Model: m.rbm}
	require.Nil(t, (&ParallelTempering{Model: m.rbm, Replicas: 1}).Ladder())
	require.Equal(t, []float64{1, 0.5, 0}, (&ParallelTempering{Replicas: 3}).Ladder())
	require.Len(t, p.Ladder(), 10)
	s := must(RandomState(m.rbm, 4, 1))
	refused{`Restore: 4 rows, want one for each of 10 rungs of some chains`, energy.ErrShape, func() error { return p.Restore(s) }}.check(t)
	refused{`no model or no state given`, energy.ErrConfig, func() error { return p.Restore(nil) }}.check(t)
}
