package sampling

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// chains is how many chains a statistical test runs.
const chains = 2000

// settings are one for each seed, so that together they cover precisions and temperatures.
var settings = []struct {
	dtype       tensor.Dtype
	temperature float64
}{{tensor.Float64, 1}, {tensor.Float32, 0.5}, {tensor.Float64, 2}, {tensor.Float32, 0}}

// eachSetting runs a test with every seed, or with the first of them when short.
func eachSetting(t *testing.T, test func(seed uint64, dtype tensor.Dtype, temperature float64)) {
	for i, seed := range stattest.Seeds {
		if testing.Short() && i > 0 {
			return
		}
		test(seed, settings[i].dtype, settings[i].temperature)
	}
}

func orOne(temperature float64) float64 { return (&Gibbs{Temperature: temperature}).temperature() }

// Chains that start at exact draws of p(v,h)^(1/T) stay exact draws after any number of steps.
func TestGibbsIsStationary(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
			m := newMachine(visible, hidden, dtype, seed)
			l := m.newLaw(orOne(temperature), nil, nil)
			s := m.state(l, chains, seed)
			g := &Gibbs{Model: m.rbm, Seed: seed, Temperature: temperature}
			for _, steps := range []uint64{1, 4, 16} {
				require.NoError(t, runs(context.Background(), g, s, int(steps-s.Step)))
				require.NoError(t, l.check(rows(s)), "seed %d, T %g, %v, after %d steps", seed, temperature, dtype, steps)
			}
		})
	})
}

func TestStationarityFindsFaults(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		for _, f := range append(slices.Clone(faults), dividedInput, unitVariance) {
			real := slices.Contains(append(visible.units.Families(), hidden.units.Families()...), "Gaussian")
			switch {
			case (f == dividedInput || f == unitVariance) && !real:
				continue // right for the other families
			case f == oneStream && visible.name != hidden.name:
				continue // families use their numbers differently, and joined ones have numbers of their own
			case f == sameStep && real:
				continue // real units soon forget where they were, and hardly show it
			}
			require.True(t, found(func(seed uint64) error { return drift(visible, hidden, seed, f) }), f)
		}
	})
}

// drift returns the first objection to the states of a faulty sampler that starts at exact draws.
func drift(visible, hidden side, seed uint64, f fault) error {
	m := newMachine(visible, hidden, tensor.Float64, seed)
	l := m.newLaw(2, nil, nil)
	s := m.state(l, chains, seed)
	g := &Gibbs{Model: m.rbm, Seed: seed, Temperature: 2}
	for range 12 {
		f.step(g, s)
		if s.Step != 1 && s.Step != 4 && s.Step != 12 {
			continue
		}
		if err := l.check(rows(s)); err != nil {
			return err
		}
	}
	return nil
}

// With a whole side clamped the other side is drawn from its conditional distribution, whatever it was before.
func TestEachHalfAlone(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		for _, half := range []string{"hidden", "visible"} {
			eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
				m := newMachine(visible, hidden, dtype, seed)
				l, s, g := m.halfAlone(half, seed, temperature)
				require.NoError(t, step(g, s))
				require.NoError(t, l.check(rows(s)), "%s, seed %d, T %g, %v", half, seed, temperature, dtype)
			})
			for _, f := range map[string][]fault{
				"hidden": {noHiddenBias, hotHidden, sameRow}, "visible": {noVisibleBias, hotVisible, wrongSign, sameRow},
			}[half] {
				require.True(t, found(func(seed uint64) error {
					l, s, g := newMachine(visible, hidden, tensor.Float64, seed).halfAlone(half, seed, 2)
					f.step(g, s)
					return l.check(rows(s))
				}), "%s, %s", half, f)
			}
		}
	})
}

// found reports whether a check finds a fault with some seed. Some machines hardly show one: their units are certain of their
// states with it and without.
func found(check func(seed uint64) error) bool {
	return slices.ContainsFunc(stattest.Seeds, func(seed uint64) bool { return check(seed) != nil })
}

// halfAlone clamps the other half to one value in all chains; the half itself starts at one value too.
func (m machine) halfAlone(half string, seed uint64, temperature float64) (*law, *State, *Gibbs) {
	l := m.newLaw(1, nil, nil)
	x := l.draw(rand.New(rand.NewPCG(seed, 3)))
	for _, column := range l.reals {
		x[column] /= 4 // large values would leave the other half certain of its states
	}
	x = numbers(dense(m.rbm.Dtype(), tensor.Shape{len(x)}, x...)) // as the dtype rounds it
	free := make([]bool, len(x))
	nv := m.sides[0].units.Len()
	g := &Gibbs{Model: m.rbm, Seed: seed, Temperature: temperature}
	for i := range free {
		free[i] = (i < nv) == (half == "visible")
	}
	if half == "visible" {
		g.HiddenClamp = slices.Repeat([]bool{true}, len(x)-nv)
	} else {
		g.VisibleClamp = slices.Repeat([]bool{true}, nv)
	}
	return m.newLaw(orOne(temperature), x, free), &State{
		Visible: dense(m.rbm.Dtype(), tensor.Shape{chains, nv}, slices.Repeat(x[:nv], chains)...),
		Hidden:  dense(m.rbm.Dtype(), tensor.Shape{chains, len(x) - nv}, slices.Repeat(x[nv:], chains)...),
	}, g
}

// Clamped columns never move, and the free ones are stationary for their distribution given these.
func TestClampedColumns(t *testing.T) {
	eachPair(t, func(t *testing.T, visible, hidden side) {
		eachSetting(t, func(seed uint64, dtype tensor.Dtype, temperature float64) {
			m := newMachine(visible, hidden, dtype, seed)
			l, g := m.partClamped(seed, temperature)
			s := m.state(l, chains, seed)
			for _, steps := range []uint64{1, 4} {
				require.NoError(t, runs(context.Background(), g, s, int(steps-s.Step)))
				require.NoError(t, l.check(rows(s)), "seed %d, T %g, %v, after %d steps", seed, temperature, dtype, steps)
			}
		})
		late := func(temperature float64) func(seed uint64) error {
			return func(seed uint64) error {
				m := newMachine(visible, hidden, tensor.Float64, seed)
				l, g := m.partClamped(seed, temperature)
				s := m.state(l, chains, seed)
				lateClamp.step(g, s)
				lateClamp.step(g, s)
				return l.check(rows(s))
			}
		}
		require.True(t, found(late(1)) || found(late(3)), lateClamp)
	})
}

// partClamped clamps the first group of the visible side and the last of the hidden side, at unlikely values: there a sampler
// that lets them go for a moment differs most.
func (m machine) partClamped(seed uint64, temperature float64) (*law, *Gibbs) {
	first, second := m.newLaw(1, nil, nil).moments()
	x, lo := slices.Clone(first), 0
	for _, g := range m.groups {
		farthest := -1.0
		for _, state := range g.states {
			distance := 0.0
			for i, value := range state {
				distance += (value - first[lo+i]) * (value - first[lo+i])
			}
			if distance > farthest {
				farthest = distance
				copy(x[lo:], state)
			}
		}
		if g.states == nil {
			x[lo] += 3 * math.Sqrt(second[lo][lo]-first[lo]*first[lo])
		}
		lo += g.width
	}
	x = numbers(dense(m.rbm.Dtype(), tensor.Shape{len(x)}, x...))
	nv, nh := m.sides[0].units.Len(), m.sides[1].units.Len()
	g := &Gibbs{Model: m.rbm, Seed: seed, Temperature: temperature, VisibleClamp: make([]bool, nv), HiddenClamp: make([]bool, nh)}
	for j := range m.groups[0].width {
		g.VisibleClamp[j] = true
	}
	for j := range m.groups[len(m.groups)-1].width {
		g.HiddenClamp[nh-1-j] = true
	}
	free := slices.Concat(g.VisibleClamp, g.HiddenClamp)
	for i := range free {
		free[i] = !free[i]
	}
	return m.newLaw(orOne(temperature), x, free), g
}

func TestRunIsSteps(t *testing.T) {
	m := newMachine(bernoulli(5), spin(4), tensor.Float32, 1)
	a := must(RandomState(m.rbm, 3, 1))
	b := copyOf(a)
	g := &Gibbs{Model: m.rbm, Seed: 1}
	require.NoError(t, runs(context.Background(), g, a, 5))
	for range 5 {
		require.NoError(t, step(g, b))
	}
	require.Equal(t, b.Visible.Data(), a.Visible.Data())
	require.Equal(t, b.Hidden.Data(), a.Hidden.Data())
	require.EqualValues(t, 5, a.Step)
	require.NoError(t, runs(context.Background(), g, a, 0))
	require.EqualValues(t, 5, a.Step)
}

// ends is a context that ends after it was asked a number of times.
type ends struct {
	context.Context
	after int
}

func (e *ends) Err() error {
	if e.after--; e.after < 0 {
		return fmt.Errorf("stopped: %w", context.Canceled)
	}
	return nil
}

func TestRunEndsWithItsContext(t *testing.T) {
	m := newMachine(bernoulli(5), spin(4), tensor.Float32, 1)
	g := &Gibbs{Model: m.rbm, Seed: 1}
	for _, after := range []int{0, 3} {
		got, want := must(RandomState(m.rbm, 3, 1)), must(RandomState(m.rbm, 3, 1))
		require.ErrorIs(t, runs(&ends{context.Background(), after}, g, got, 10), context.Canceled)
		require.NoError(t, runs(context.Background(), g, want, after))
		require.Equal(t, want.Visible.Data(), got.Visible.Data())
		require.EqualValues(t, after, got.Step, "the state stands where it got to")
		require.NoError(t, runs(context.Background(), g, got, 10-after))
		require.NoError(t, runs(context.Background(), g, want, 10-after))
		require.Equal(t, want.Visible.Data(), got.Visible.Data(), "and goes on from there")
	}
}

// step is a step whose Info does not matter.
func step(k Kernel, s *State) error {
	_, err := k.Step(s)
	return err
}

// runs takes some steps.
func runs(ctx context.Context, k Kernel, s *State, steps int) error {
	_, err := Run(ctx, k, s, Schedule{BurnIn: steps})
	return err
}
