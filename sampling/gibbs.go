package sampling

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*Gibbs)(nil)

// Gibbs is block Gibbs sampling of a bipartite model: a step draws all hidden units given the visible ones, then all visible
// units given the hidden ones. p(v,h)^(1/T) is stationary under either half.
//
// A Gibbs keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its
// original.
//
// Source: S. Geman, D. Geman, IEEE PAMI 6 (1984).
type Gibbs struct {
	Model *layers.RBM
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state: one mark a column for all chains, or
	// chains × columns, row by row, for a clamp of each chain. nil holds none. A OneHot group is clamped whole.
	VisibleClamp, HiddenClamp []bool

	work any // *gibbsWork of the model's dtype: what is kept between steps, so that they allocate nothing
}

// Step takes one step of every chain; nothing is proposed, so Info is zero. Errors: ErrConfig for a sampler that cannot be, ErrShape and ErrDtype for a state that
// is not the model's, ErrNotFinite and ErrRange for values that its units cannot take (of the hidden units, which are drawn
// first, only where there is a HiddenClamp); the state is then as it was. Cost: two (chains×visible)·(visible×hidden) products.
func (g *Gibbs) Step(s *State) (Info, error) {
	if err := g.check(s); err != nil {
		return Info{}, err
	}
	return Info{}, g.step(s, hiddenFirst, nil)
}

// order is which half of a step comes first.
type order bool

const (
	hiddenFirst  order = false
	visibleFirst order = true
)

// step is Step in either order, without checks. The inputs of the hidden units, (chains, hidden), are left in a tensor, if one is
// given.
func (g *Gibbs) step(s *State, o order, hiddenInputs *tensor.Dense) error {
	if g.Model.Dtype() == tensor.Float32 {
		return gibbsStep[float32](g, s, o, hiddenInputs)
	}
	return gibbsStep[float64](g, s, o, hiddenInputs)
}

func (g *Gibbs) temperature() float64 {
	if g.Temperature == 0 {
		return 1
	}
	return g.Temperature
}

func (g *Gibbs) check(s *State) error {
	if g.Model == nil || s == nil || s.Visible == nil || s.Hidden == nil {
		return fmt.Errorf("sampling: Gibbs: Step: no model or no state given: %w", energy.ErrConfig)
	}
	fail := func(err error) error { return fmt.Errorf("sampling: Gibbs of RBM %q: Step: %w", g.Model.Name(), err) }
	t := g.temperature()
	if g.Model.Dtype() == tensor.Float32 {
		t = float64(float32(t)) // draws divide by it in the model's precision
	}
	if !(t > 0) || math.IsInf(t, 0) {
		return fail(fmt.Errorf("temperature is %g, want a positive %v, or 0 for 1: %w", g.Temperature, g.Model.Dtype(), energy.ErrConfig))
	}
	if err := checkState(g.Model, s, g.VisibleClamp, g.HiddenClamp); err != nil {
		return fail(err)
	}
	return nil
}

// checkState returns what is wrong with the chains of a model and with the columns that are clamped. Hidden units that are drawn before they are
// used may have any values.
func checkState(m *layers.RBM, s *State, visibleClamp, hiddenClamp []bool) error {
	if err := checkRows(m, s.Visible); err != nil {
		return fmt.Errorf("visible state: %w", err)
	}
	if err := fits(s.Hidden, s.Visible.Shape()[0], m.Hidden().Len(), m.Dtype()); err != nil {
		return fmt.Errorf("hidden state: %w", err)
	}
	if err := checkClamps(m.Visible(), visibleClamp, s.Visible.Shape()[0]); err != nil {
		return fmt.Errorf("visible clamp %w", err)
	}
	if err := checkClamps(m.Hidden(), hiddenClamp, s.Visible.Shape()[0]); err != nil {
		return fmt.Errorf("hidden clamp %w", err)
	}
	if hiddenClamp != nil {
		if err := m.Hidden().Check(s.Hidden); err != nil {
			return fmt.Errorf("hidden state: %w", err)
		}
	}
	return nil
}

func checkClamp(u energy.Units, clamp []bool) error {
	if clamp != nil && len(clamp) != u.Len() {
		return fmt.Errorf("has %d columns, want %d: %w", len(clamp), u.Len(), energy.ErrShape)
	}
	if column := u.SplitGroup(clamp); column >= 0 {
		return fmt.Errorf("holds a part of the OneHot group at column %d, want all of it or none: %w", column, energy.ErrConfig)
	}
	return nil
}

// checkClamps checks a clamp of all chains, or one of each.
func checkClamps(u energy.Units, clamp []bool, chains int) error {
	n := u.Len()
	if clamp == nil || len(clamp) == n {
		return checkClamp(u, clamp)
	}
	if len(clamp) != chains*n {
		return fmt.Errorf("has %d columns, want %d, or %d for a clamp of each of %d chains: %w", len(clamp), n, chains*n, chains, energy.ErrShape)
	}
	for i := range chains {
		if err := checkClamp(u, clamp[i*n:(i+1)*n]); err != nil {
			return fmt.Errorf("of chain %d %w", i, err)
		}
	}
	return nil
}

// gibbsWork is the memory of a sampler and the half step under way.
type gibbsWork[T kernel.Float] struct {
	plain        layers.Plain[T]
	inputs, held []T              // scratch of one half at a time
	drawRows     func(lo, hi int) // draws chains lo to hi of the half; made once
	half         half[T]
	temperature  T
	step         uint64
}

// half is one half of a step: the drawing of one side given its inputs.
type half[T kernel.Float] struct {
	family      units.Family[T]
	len         int
	logVariance []T
	clamp       []bool // of all chains, or of each
	state       []T
	inputs      []T
	draws       rng.Stream
}

func gibbsStep[T kernel.Float](g *Gibbs, s *State, o order, hiddenInputs *tensor.Dense) error {
	w, ok := g.work.(*gibbsWork[T])
	if !ok {
		w = new(gibbsWork[T])
		w.drawRows = func(lo, hi int) { // a closure for each step would be an allocation
			for i := lo; i < hi; i++ {
				w.drawRow(i)
			}
		}
		g.work = w
	}
	p := &w.plain
	if err := p.Read(g.Model); err != nil {
		return err
	}
	v, h := op.Numbers[T](s.Visible), op.Numbers[T](s.Hidden)
	chains := len(v) / p.VisibleLen
	if n := max(len(v), len(h)); n > len(w.inputs) {
		w.inputs, w.held = make([]T, n), make([]T, n)
	}
	w.temperature, w.step = T(g.temperature()), s.Step

	inputs := w.inputs[:len(h)]
	if hiddenInputs != nil {
		inputs = op.Numbers[T](hiddenInputs)
	}
	if o == visibleFirst {
		w.drawVisible(g, v, h)
	}
	p.HiddenInput(inputs, v, chains)
	w.half = half[T]{p.Hidden, p.HiddenLen, p.HiddenLogVariance, g.HiddenClamp, h, inputs, rng.New(g.Seed, "gibbs hidden")}
	kernel.Parallel(chains, kernel.RowGrain(p.HiddenLen), w.drawRows)
	if o == hiddenFirst {
		w.drawVisible(g, v, h)
	}
	s.Step++
	return nil
}

// drawVisible draws the visible units given the hidden ones.
func (w *gibbsWork[T]) drawVisible(g *Gibbs, v, h []T) {
	p, chains := &w.plain, len(v)/w.plain.VisibleLen
	p.VisibleInput(w.inputs[:len(v)], h, chains)
	w.half = half[T]{p.Visible, p.VisibleLen, p.VisibleLogVariance, g.VisibleClamp, v, w.inputs, rng.New(g.Seed, "gibbs visible")}
	kernel.Parallel(chains, kernel.RowGrain(p.VisibleLen), w.drawRows)
}

// drawRow draws the units of chain i that are not clamped.
func (w *gibbsWork[T]) drawRow(i int) {
	f := &w.half
	lo, hi := i*f.len, (i+1)*f.len
	row, before, clamp := f.state[lo:hi], w.held[lo:hi], f.clamp
	if len(clamp) > f.len {
		clamp = clamp[lo:hi]
	}
	if clamp != nil {
		copy(before, row)
	}
	f.family.Sample(row, f.inputs[lo:hi], f.logVariance, w.temperature, f.draws.Row(i, w.step))
	for j, clamped := range clamp {
		if clamped {
			row[j] = before[j]
		}
	}
}
