package samplertest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func spins(f fault, held []bool) func(seed uint64) sampling.Kernel {
	return func(seed uint64) sampling.Kernel { return &metropolis{fault: f, energy: ring, held: held, seed: seed} }
}

func reals(f fault) func(seed uint64) sampling.Kernel {
	return func(seed uint64) sampling.Kernel { return &metropolis{fault: f, energy: well, real: true, seed: seed} }
}

func TestStationaryOfSpins(t *testing.T) {
	target := must(Enumerate(energy.Spin(4), ring, 2))
	require.NoError(t, Stationary(target, spins(sound, nil), float64s))
	for f, message := range map[fault]string{
		alwaysAccept: "stattest: ", wrongRatio: "stattest: ", hot: "stattest: ", stale: "stattest: ", oneDraw: "stattest: ",
		outside: "is none of the 16 states", uncounted: "State.Step went from 0 to 0", frozen: "no chain has moved",
	} {
		err := Stationary(target, spins(f, nil), float64s)
		require.ErrorContains(t, err, message, f)
		require.ErrorContains(t, err, "samplertest: Stationary: seed ", f)
	}
}

func TestStationaryOfHeldSpins(t *testing.T) {
	target := must(Enumerate(energy.Spin(4), ring, 2))
	held := []bool{false, true, false, true}
	c := float64s
	c.Held = [][]bool{held}
	require.NoError(t, Stationary(target, spins(sound, held), c))
	require.ErrorContains(t, Stationary(target, spins(lateClamp, held), c), "stattest: ")
	require.ErrorContains(t, Stationary(target, spins(moved, held), c), "though held")
	require.NoError(t, Stationary(target, spins(moved, held), float64s), "what moves and is not held")

	// The same by the distribution given the held columns alone.
	given := must(Enumerate(energy.Spin(4), func(x []float64) float64 {
		if x[1] != 1 || x[3] != -1 {
			return math.Inf(1)
		}
		return ring(x)
	}, 2))
	require.NoError(t, Stationary(given, spins(sound, held), c))
	require.ErrorContains(t, Stationary(given, spins(lateClamp, held), c), "stattest: ")
	require.ErrorContains(t, Stationary(given, spins(sound, nil), float64s), "has probability 0 and was drawn")
}

// Each chain holds the columns of its own row of marks.
func TestHeldByChain(t *testing.T) {
	target := must(Enumerate(energy.Spin(4), ring, 2))
	c := float64s
	c.Held = [][]bool{{true, true, true, true}, {false, false, false, false}}
	err := Stationary(target, spins(sound, nil), c)
	require.ErrorContains(t, err, "though held")
	require.Regexp(t, `chain \d*[02468]: column`, err.Error())
}

func TestStationaryOfReals(t *testing.T) {
	target := Sampler{Sample: wellDraw, Statistics: []func(x []float64) float64{well}}
	require.NoError(t, Stationary(target, reals(sound), float64s))
	for _, f := range []fault{alwaysAccept, wrongRatio, hot, oneDraw} {
		require.ErrorContains(t, Stationary(target, reals(f), float64s), "stattest: TwoSamples", f)
	}
}

// What is stationary and never leaves a part of the states does not converge.
func TestConverges(t *testing.T) {
	target := must(Enumerate(energy.Spin(4), ring, 2))
	c := float64s
	c.Steps, c.Chains = []int{150}, 2000
	from := []float64{-1, -1, -1, -1}
	require.NoError(t, Converges(target, spins(sound, nil), from, c))
	require.ErrorContains(t, Converges(target, spins(frozen, nil), from, c), "samplertest: Converges: seed 1, 150 steps from [-1 -1 -1 -1]: stattest: ")
	require.Error(t, Converges(target, spins(sound, []bool{true, false, false, false}), from, c))
	c.Steps = []int{2}
	require.Error(t, Converges(target, spins(sound, nil), from, c), "too few steps")

	c.Steps = nil
	require.ErrorIs(t, Converges(target, spins(sound, nil), from, c), energy.ErrConfig)
	c.Steps = []int{1}
	require.ErrorIs(t, Converges(target, spins(sound, nil), from[1:], c), energy.ErrShape)
}

func TestReproducible(t *testing.T) {
	target := must(Enumerate(energy.Spin(4), ring, 2))
	c := float64s
	c.Chains = 50
	require.NoError(t, Reproducible(target, spins(sound, nil), c))
	require.ErrorContains(t, Reproducible(target, spins(remembers, nil), c), "samplertest: Reproducible: a kernel made anew for every step goes another way")
	require.ErrorContains(t, Reproducible(target, spins(stale, nil), c), "a kernel made anew")
	require.ErrorContains(t, Reproducible(target, spins(unseeded, nil), c), "another seed goes the same way")
	require.ErrorContains(t, Reproducible(target, spins(sameStep, nil), c), "another step goes the same way")
}

// A kernel whose chains are at two temperatures is right for a ladder of them, and for neither alone.
func TestLadder(t *testing.T) {
	cold, warm := must(Enumerate(energy.Spin(4), ring, 2)), must(Enumerate(energy.Spin(4), ring, 3))
	kernel := func(seed uint64) sampling.Kernel {
		return &alternating{metropolis{fault: sound, energy: ring, seed: seed}}
	}
	require.NoError(t, Stationary(Ladder{cold, warm}, kernel, float64s))
	require.ErrorContains(t, Stationary(Ladder{warm, cold}, kernel, float64s), "chains ")
	require.Error(t, Stationary(cold, kernel, float64s))
	require.ErrorIs(t, Stationary(Ladder{}, kernel, float64s), energy.ErrConfig)
}

// alternating runs odd chains at temperature 3.
type alternating struct{ metropolis }

func (a *alternating) Step(s *sampling.State) (sampling.Info, error) {
	v, n := s.Visible.Float64s(), s.Visible.Shape()[1]
	warm := s.Visible.Clone().(*tensor.Dense)
	t := &sampling.State{Visible: warm, Step: s.Step}
	info, err := a.metropolis.Step(s)
	if err != nil {
		return info, err
	}
	hot := metropolis{fault: hot, energy: ring, seed: a.seed}
	if _, err := hot.Step(t); err != nil {
		return info, err
	}
	for i := n; i < len(v); i += 2 * n {
		copy(v[i:i+n], warm.Float64s()[i:i+n])
	}
	return info, nil
}

// A target that is given wrongly is told before the kernel is blamed.
func TestTargetRefusesItsOwnDraws(t *testing.T) {
	e := must(Enumerate(energy.Spin(4), ring, 2))
	wrong := struct{ Target }{e}
	other := must(Enumerate(energy.Spin(4), ring, 3))
	require.ErrorContains(t, Stationary(split{e, other}, spins(sound, nil), float64s), "the target refuses its own draws")
	require.NoError(t, Stationary(wrong, spins(sound, nil), float64s), "a target of the user's own")
}

// split draws of one distribution and checks for another.
type split struct{ draws, checks Target }

func (s split) Draw(r *rand.Rand) []float64                 { return s.draws.Draw(r) }
func (s split) Check(rows [][]float64, alpha float64) error { return s.checks.Check(rows, alpha) }

// Hidden units stand behind the visible ones.
func TestStatesAndRows(t *testing.T) {
	for _, dtype := range []tensor.Dtype{{}, tensor.Float32, tensor.Float64} {
		c := Config{Visible: 2, Dtype: dtype}
		rows := [][]float64{{1, 2, 3}, {4, 5, 6}}
		s := c.state(rows)
		require.Equal(t, tensor.Shape{2, 2}, s.Visible.Shape())
		require.Equal(t, tensor.Shape{2, 1}, s.Hidden.Shape())
		require.Equal(t, rows, rowsOf(s))
		require.Equal(t, rows, rowsOf(copyOf(s)))
		require.Equal(t, c.dtype(), s.Hidden.Dtype())
		require.Nil(t, Config{Dtype: dtype}.state(rows).Hidden)
		require.Equal(t, rows, rowsOf(Config{Dtype: dtype}.state(rows)))
	}
}

func TestEnumerationKnowsItsProbabilities(t *testing.T) {
	e := must(NewEnumeration([][]float64{{0}, {1}, {2}}, []float64{700, 700 + math.Log(3), math.Inf(-1)}))
	_, p := e.Probabilities()
	require.InDeltaSlice(t, []float64{0.25, 0.75, 0}, p, 1e-12)
	states, q := must(Enumerate(energy.Bernoulli(2), func(x []float64) float64 { return -x[0] - 2*x[1] }, 0.5)).Probabilities()
	z := 1 + math.Exp(2) + math.Exp(4) + math.Exp(6)
	require.Equal(t, [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, states)
	require.InDeltaSlice(t, []float64{1 / z, math.Exp(4) / z, math.Exp(2) / z, math.Exp(6) / z}, q, 1e-12)
}

func TestRefusals(t *testing.T) {
	e := must(Enumerate(energy.Spin(4), ring, 2))
	kernel := spins(sound, nil)
	stationary := func(c Config) func() error { return func() error { return Stationary(e, kernel, c) } }
	enumeration := func(states [][]float64, logP ...float64) func() error {
		return func() error { _, err := NewEnumeration(states, logP); return err }
	}
	enumerate := func(u energy.Units, temperature float64) func() error {
		return func() error { _, err := Enumerate(u, ring, temperature); return err }
	}
	for _, r := range []struct {
		message  string
		sentinel error
		call     func() error
	}{
		{"samplertest: Stationary: no target or no kernel given", energy.ErrConfig, func() error { return Stationary(nil, kernel, Config{}) }},
		{"samplertest: Converges: no target or no kernel given", energy.ErrConfig, func() error { return Converges(e, nil, nil, Config{}) }},
		{"samplertest: Reproducible: no target or no kernel given", energy.ErrConfig, func() error { return Reproducible(e, nil, Config{}) }},
		{"Visible is 5, want at most the 4 columns", energy.ErrConfig, stationary(Config{Visible: 5})},
		{"Visible is -1", energy.ErrConfig, stationary(Config{Visible: -1})},
		{"Chains is -1", energy.ErrConfig, stationary(Config{Chains: -1})},
		{"Dtype is int, want", energy.ErrDtype, stationary(Config{Dtype: tensor.Int})},
		{"Steps are [2 2], want", energy.ErrConfig, stationary(Config{Steps: []int{2, 2}})},
		{"Steps are [0], want", energy.ErrConfig, stationary(Config{Steps: []int{0}})},
		{"Held[0] has 3 columns, want 4", energy.ErrShape, stationary(Config{Held: [][]bool{make([]bool, 3)}})},
		{"samplertest: NewEnumeration: 1 states and 0 log-probabilities", energy.ErrShape, enumeration([][]float64{{1}})},
		{"0 states and 0 log-probabilities", energy.ErrShape, enumeration(nil)},
		{"state 1 has 2 columns, want 1", energy.ErrShape, enumeration([][]float64{{1}, {1, 2}}, 0, 0)},
		{"state 0 has 0 columns", energy.ErrShape, enumeration([][]float64{{}, {}}, 0, 0)},
		{"log-probability 1 is NaN", energy.ErrNotFinite, enumeration([][]float64{{1}, {2}}, 0, math.NaN())},
		{"log-probability 1 is +Inf", energy.ErrNotFinite, enumeration([][]float64{{1}, {2}}, 0, math.Inf(1))},
		{"state 2 is state 0, want each once", energy.ErrConfig, enumeration([][]float64{{0}, {2}, {math.Copysign(0, -1)}}, 0, 0, 0)},
		{"1 states of a probability above 0, want at least 2", energy.ErrConfig, enumeration([][]float64{{1}, {2}}, 0, math.Inf(-1))},
		{"samplertest: Enumerate: temperature is 0, want", energy.ErrConfig, enumerate(energy.Spin(4), 0)},
		{"temperature is NaN, want", energy.ErrConfig, enumerate(energy.Spin(4), math.NaN())},
		{"real units cannot be enumerated", energy.ErrConfig, enumerate(energy.Gaussian(4), 1)},
		{"no rows given", energy.ErrShape, func() error { return Sampler{Sample: wellDraw}.Check(nil, 0.1) }},
		{"row 0 has 1 columns, want 2", energy.ErrShape, func() error { return Sampler{Sample: wellDraw}.Check([][]float64{{1}}, 0.1) }},
	} {
		err := r.call()
		require.ErrorIs(t, err, r.sentinel, r.message)
		require.ErrorContains(t, err, r.message)
	}
	require.ErrorContains(t, Stationary(Sampler{Sample: wellDraw}, reals(sound), Config{Dtype: tensor.Float64, Chains: 400}), "at least 458")
}
