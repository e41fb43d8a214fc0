package sampling

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// refused is a call that must fail, with a sentinel and a message.
type refused struct {
	message  string
	sentinel error
	call     func() error
}

func (r refused) check(t *testing.T) {
	t.Helper()
	err := r.call()
	require.ErrorIs(t, err, r.sentinel, r.message)
	require.ErrorContains(t, err, r.message)
	require.ErrorContains(t, err, "sampling: ")
}

func column(t *tensor.Dense) *tensor.Dense { // the same numbers, column by column
	return tensor.New(tensor.WithShape(t.Shape()...), tensor.AsFortran(t.Data()))
}

func view(t *tensor.Dense, n int) *tensor.Dense { // the first n columns
	return must(t.Slice(nil, tensor.S(0, n))).(*tensor.Dense)
}

func TestGibbsRefuses(t *testing.T) {
	m := newMachine(bernoulli(2), joined("hidden", spin(1), oneHot(2, 3)), tensor.Float32, 1)
	f32, f64 := tensor.Float32, tensor.Float64
	good := func() *State {
		return &State{Visible: dense(f32, tensor.Shape{2, 2}, 0, 1, 1, 0.5), Hidden: dense(f32, tensor.Shape{2, 7}, 1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 0, 1, 0)}
	}
	for _, c := range []struct {
		message  string
		sentinel error
		spoil    func(g *Gibbs, s *State)
	}{
		{`sampling: Gibbs: Step: no model or no state given`, energy.ErrConfig, func(g *Gibbs, _ *State) { g.Model = nil }},
		{`no model or no state given`, energy.ErrConfig, func(_ *Gibbs, s *State) { s.Visible = nil }},
		{`no model or no state given`, energy.ErrConfig, func(_ *Gibbs, s *State) { s.Hidden = nil }},
		{`sampling: Gibbs of RBM "rbm": Step: temperature is -1, want a positive float32, or 0 for 1`, energy.ErrConfig, func(g *Gibbs, _ *State) { g.Temperature = -1 }},
		{`temperature is NaN, want`, energy.ErrConfig, func(g *Gibbs, _ *State) { g.Temperature = math.NaN() }},
		{`temperature is +Inf, want`, energy.ErrConfig, func(g *Gibbs, _ *State) { g.Temperature = math.Inf(1) }},
		{`temperature is 1e-60, want a positive float32`, energy.ErrConfig, func(g *Gibbs, _ *State) { g.Temperature = 1e-60 }},
		{`temperature is 1e+60, want a positive float32`, energy.ErrConfig, func(g *Gibbs, _ *State) { g.Temperature = 1e60 }},
		{`Step: visible state: shape (2, 3), want (rows, 2)`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Visible = dense(f32, tensor.Shape{2, 3}, 0, 0, 0, 0, 0, 0) }},
		{`visible state: shape (4), want (rows, 2)`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Visible = dense(f32, tensor.Shape{4}, 0, 0, 0, 0) }},
		{`visible state: shape (), want (rows, 2)`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Visible = tensor.New(tensor.FromScalar(float32(1))) }},
		{`visible state: shape (0, 2), want (rows, 2) with at least one row`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Visible = tensor.New(tensor.Of(f32), tensor.WithShape(0, 2)) }},
		{`visible state: the tensor is a view that is not contiguous`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Visible = view(dense(f32, tensor.Shape{2, 3}, 0, 0, 0, 0, 0, 0), 2) }},
		{`visible state: the tensor is a view that is not contiguous`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Visible = column(s.Visible) }},
		{`visible state: dtype float64, want float32`, energy.ErrDtype, func(_ *Gibbs, s *State) { s.Visible = dense(f64, tensor.Shape{2, 2}, 0, 0, 0, 0) }},
		{`visible state: dtype int, want`, energy.ErrDtype, func(_ *Gibbs, s *State) { s.Visible = tensor.New(tensor.Of(tensor.Int), tensor.WithShape(2, 2)) }},
		{`visible state: row 1, column 0 is NaN, want a finite number`, energy.ErrNotFinite, func(_ *Gibbs, s *State) { s.Visible.Data().([]float32)[2] = float32(math.NaN()) }},
		{`visible state: row 1, column 1 is 2, want what Bernoulli(2) takes (0 to 1)`, energy.ErrRange, func(_ *Gibbs, s *State) { s.Visible.Data().([]float32)[3] = 2 }},
		{`Step: hidden state: shape (1, 7), want (2, 7)`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Hidden = dense(f32, tensor.Shape{1, 7}, 0, 0, 0, 0, 0, 0, 0) }},
		{`hidden state: shape (2, 6), want (2, 7)`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Hidden = tensor.New(tensor.Of(f32), tensor.WithShape(2, 6)) }},
		{`hidden state: shape (14), want (2, 7)`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Hidden = tensor.New(tensor.Of(f32), tensor.WithShape(14)) }},
		{`hidden state: the tensor is a view that is not contiguous`, energy.ErrShape, func(_ *Gibbs, s *State) { s.Hidden = column(s.Hidden) }},
		{`hidden state: the tensor is a view that is not contiguous`, energy.ErrShape, func(_ *Gibbs, s *State) {
			s.Hidden = view(tensor.New(tensor.Of(f32), tensor.WithShape(2, 8)), 7)
		}},
		{`hidden state: the tensor is a view that is not contiguous`, energy.ErrShape, func(_ *Gibbs, s *State) {
			s.Hidden = tensor.New(tensor.Of(f32), tensor.WithShape(7, 2))
			check(s.Hidden.T())
		}},
		{`hidden state: dtype float64, want float32`, energy.ErrDtype, func(_ *Gibbs, s *State) { s.Hidden = tensor.New(tensor.Of(f64), tensor.WithShape(2, 7)) }},
		{`Step: visible clamp has 3 columns, want 2`, energy.ErrShape, func(g *Gibbs, _ *State) { g.VisibleClamp = make([]bool, 3) }},
		{`Step: hidden clamp has 0 columns, want 7`, energy.ErrShape, func(g *Gibbs, _ *State) { g.HiddenClamp = []bool{} }},
		{`hidden clamp holds a part of the OneHot group at column 4, want all of it or none`, energy.ErrConfig, func(g *Gibbs, _ *State) {
			g.HiddenClamp = []bool{true, true, true, true, false, false, true}
		}},
		{`visible clamp has 6 columns, want 2, or 4 for a clamp of each of 2 chains`, energy.ErrShape, func(g *Gibbs, _ *State) { g.VisibleClamp = make([]bool, 6) }},
		{`hidden clamp of chain 1 holds a part of the OneHot group at column 1, want all of it or none`, energy.ErrConfig, func(g *Gibbs, _ *State) {
			g.HiddenClamp = make([]bool, 14)
			g.HiddenClamp[8] = true
		}},
		{`hidden state: row 1, column 1 is 0, want what`, energy.ErrRange, func(g *Gibbs, s *State) {
			g.HiddenClamp = make([]bool, 7)
			copy(s.Hidden.Data().([]float32)[8:], []float32{0, 0, 0})
		}},
		{`hidden state: row 0, column 0 is NaN`, energy.ErrNotFinite, func(g *Gibbs, s *State) {
			g.HiddenClamp = make([]bool, 7)
			s.Hidden.Data().([]float32)[0] = float32(math.NaN())
		}},
	} {
		g, s := &Gibbs{Model: m.rbm, Seed: 1}, good()
		s.Step = 9
		c.spoil(g, s)
		var v, h string
		if s.Visible != nil && s.Hidden != nil {
			v, h = bits(s.Visible), bits(s.Hidden)
		}
		refused{c.message, c.sentinel, func() error { return step(g, s) }}.check(t)
		refused{c.message, c.sentinel, func() error { return runs(context.Background(), g, s, 2) }}.check(t)
		if v != "" {
			require.Equal(t, v, bits(s.Visible), "%s: an error changes nothing", c.message)
			require.Equal(t, h, bits(s.Hidden), "%s: an error changes nothing", c.message)
		}
		require.EqualValues(t, 9, s.Step)
	}
	g := &Gibbs{Model: m.rbm}
	refused{`no model or no state given`, energy.ErrConfig, func() error { return step(g, nil) }}.check(t)
	refused{`sampling: Run: BurnIn is -1`, energy.ErrConfig, func() error { return runs(context.Background(), g, good(), -1) }}.check(t)

	require.NoError(t, step(g, good()))
	s := good()
	require.NoError(t, s.Hidden.Memset(float32(math.NaN())))
	require.NoError(t, step(g, s), "hidden units that are drawn before they are used")
	rows := must(tensor.New(tensor.Of(f32), tensor.WithShape(4, 2)).Slice(tensor.S(1, 3))).(*tensor.Dense)
	s.Visible = rows
	require.NoError(t, step(g, s), "a view of whole rows is contiguous")
	double := newMachine(bernoulli(2), spin(1), f64, 1)
	require.NoError(t, step(&Gibbs{Model: double.rbm, Temperature: 1e-60}, must(RandomState(double.rbm, 1, 1))), "in float64 it is a number")
}

// bits writes a tensor so that a NaN equals itself.
func bits(x *tensor.Dense) string {
	if slices.Contains(x.Shape(), 0) { // whose Data panics
		return fmt.Sprint(x.Shape())
	}
	return fmt.Sprintf("%v %v", x.Shape(), x.Data())
}

func TestStatesRefuse(t *testing.T) {
	m := newMachine(bernoulli(2), spin(1), tensor.Float32, 1)
	start := func(x *tensor.Dense) func() error {
		return func() error { _, err := NewState(m.rbm, x); return err }
	}
	random := func(n int) func() error {
		return func() error { _, err := RandomState(m.rbm, n, 1); return err }
	}
	f32 := tensor.Float32
	for _, r := range []refused{
		{`sampling: NewState: no model given`, energy.ErrConfig, func() error { _, err := NewState(nil, dense(f32, tensor.Shape{1, 2}, 0, 0)); return err }},
		{`sampling: RBM "rbm": NewState: no tensor given, want shape (rows, 2)`, energy.ErrShape, start(nil)},
		{`NewState: shape (1, 3), want (rows, 2)`, energy.ErrShape, start(dense(f32, tensor.Shape{1, 3}, 0, 0, 0))},
		{`NewState: shape (2), want (rows, 2)`, energy.ErrShape, start(dense(f32, tensor.Shape{2}, 0, 0))},
		{`NewState: dtype float64, want float32`, energy.ErrDtype, start(dense(tensor.Float64, tensor.Shape{1, 2}, 0, 0))},
		{`NewState: row 0, column 1 is NaN`, energy.ErrNotFinite, start(dense(f32, tensor.Shape{1, 2}, 0, math.NaN()))},
		{`NewState: row 1, column 0 is -0.5, want`, energy.ErrRange, start(dense(f32, tensor.Shape{2, 2}, 0, 0, -0.5, 0))},
		{`NewState: the tensor is a view that is not contiguous`, energy.ErrShape, start(view(dense(f32, tensor.Shape{2, 3}, 0, 0, 0, 0, 0, 0), 2))},
		{`sampling: RandomState: no model given`, energy.ErrConfig, func() error { _, err := RandomState(nil, 1, 1); return err }},
		{`sampling: RBM "rbm": RandomState: 0 chains, want at least 1`, energy.ErrConfig, random(0)},
		{`RandomState: -3 chains, want at least 1`, energy.ErrConfig, random(-3)},
	} {
		r.check(t)
	}
}

func TestNegativesRefuse(t *testing.T) {
	m := newMachine(bernoulli(2), spin(1), tensor.Float32, 1)
	start := func(n Negative) func() error {
		return func() error {
			phase, err := n.Start(m.rbm, 1)
			require.Nil(t, phase)
			return err
		}
	}
	without := func(n Negative) func() error {
		return func() error { _, err := n.Start(nil, 1); return err }
	}
	for _, r := range []refused{
		{`sampling: CD: no model given`, energy.ErrConfig, without(CD{})},
		{`no model given`, energy.ErrConfig, without(PCD{})},
		{`sampling: Exact: no model given`, energy.ErrConfig, without(Exact{})},
		{`sampling: CD: Steps is -1, want 1 to 65536, or 0 for 1`, energy.ErrConfig, start(CD{Steps: -1})},
		{`sampling: CD: Steps is 65537, want 1 to 65536`, energy.ErrConfig, start(CD{Steps: 65537})},
		{`sampling: PCD: Steps is -1, want 1 to 65536, or 0 for 1`, energy.ErrConfig, start(PCD{Steps: -1})},
		{`sampling: PCD: Chains is -1, want at least 1, or 0 for 100`, energy.ErrConfig, start(PCD{Chains: -1})},
	} {
		r.check(t)
	}
	require.NotNil(t, must(CD{Steps: 65536}.Start(m.rbm, 1)))

	// A refused number of steps leaves the number as it was.
	for _, n := range []Negative{CD{Steps: 2}, PCD{Steps: 2, Chains: 3}} {
		data := dense(tensor.Float32, tensor.Shape{3, 2}, 0, 1, 1, 1, 0, 0)
		next := func(p Phase) []float64 {
			rows, _, err := p.Next(data, ones(3), 4)
			require.NoError(t, err)
			return numbers(rows)
		}
		a, b := must(n.Start(m.rbm, 1)), must(n.Start(m.rbm, 1))
		for _, k := range []int{-1, 65537} {
			require.ErrorIs(t, a.(Stepped).SetSteps(k), energy.ErrConfig)
		}
		require.Equal(t, next(b), next(a))
	}
	_, ok := must(Exact{}.Start(m.rbm, 1)).(Stepped)
	require.False(t, ok, "an exact phase has no steps")
}

func TestCDRefusesData(t *testing.T) {
	m := newMachine(bernoulli(2), spin(1), tensor.Float32, 1)
	good := dense(tensor.Float32, tensor.Shape{2, 2}, 0, 1, 1, 1)
	phase, fresh := must(CD{}.Start(m.rbm, 1)), must(CD{}.Start(m.rbm, 1))
	_, _, err := phase.Next(good, ones(2), 0)
	require.NoError(t, err)
	next := func(x *tensor.Dense, weights []float64) func() error {
		return func() error { _, _, err := phase.Next(x, weights, 1); return err }
	}
	f32 := tensor.Float32
	for _, r := range []refused{
		{`sampling: CD of RBM "rbm": Next: data: no tensor given`, energy.ErrShape, next(nil, ones(2))},
		{`Next: data: shape (2, 3), want (rows, 2)`, energy.ErrShape, next(dense(f32, tensor.Shape{2, 3}, 0, 0, 0, 0, 0, 0), ones(2))},
		{`Next: data: the tensor is a view that is not contiguous`, energy.ErrShape, next(column(good), ones(2))},
		{`Next: data: dtype float64, want float32`, energy.ErrDtype, next(dense(tensor.Float64, tensor.Shape{2, 2}, 0, 0, 0, 0), ones(2))},
		{`Next: data: row 0, column 0 is NaN`, energy.ErrNotFinite, next(dense(f32, tensor.Shape{2, 2}, math.NaN(), 0, 0, 0), ones(2))},
		{`Next: data: row 1, column 1 is -1, want`, energy.ErrRange, next(dense(f32, tensor.Shape{2, 2}, 0, 0, 0, -1), ones(2))},
		{`sampling: CD of RBM "rbm": Next: 1 weights, want one a row (2)`, energy.ErrShape, next(good, ones(1))},
		{`Next: 0 weights, want one a row (2)`, energy.ErrShape, next(good, nil)},
	} {
		r.check(t)
	}
	got, _, err := phase.Next(good, ones(2), 1)
	require.NoError(t, err)
	want, _, err := fresh.Next(good, ones(2), 1)
	require.NoError(t, err)
	require.Equal(t, numbers(want), numbers(got), "an error changes nothing")
}

// Chains that were restored from a broken file are told, and stay.
func TestPCDRefusesChains(t *testing.T) {
	m := newMachine(bernoulli(2), spin(1), tensor.Float32, 1)
	phase := must(PCD{Chains: 2}.Start(m.rbm, 1))
	phase.Chains().Data().([]float32)[1] = 7
	before := numbers(phase.Chains())
	refused{`PCD of RBM "rbm": Next: chains: row 1, column 0 is 7, want what Spin(1) takes`, energy.ErrRange, func() error { _, _, err := phase.Next(nil, nil, 0); return err }}.check(t)
	require.Equal(t, before, numbers(phase.Chains()))
}

// A machine that cannot be normalised runs away; the sampler says so instead of going on with infinities.
func TestDivergingChainsAreTold(t *testing.T) {
	m := newMachine(gaussian(1), gaussian(1), tensor.Float32, 1)
	require.NoError(t, m.rbm.Param("W").Set([]float64{1000}))
	s := must(RandomState(m.rbm, 1, 1))
	err := runs(context.Background(), &Gibbs{Model: m.rbm}, s, 100)
	require.ErrorIs(t, err, energy.ErrNotFinite)
	require.ErrorContains(t, err, "visible state: row 0, column 0 is")
}
