package sampling

import (
	"context"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

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
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state; nil holds none. A OneHot group is
	// clamped whole.
	VisibleClamp, HiddenClamp []bool

	// The buffers of the last step, kept so that a long run does not make them anew.
	inputs any
	held   any
}

// Step takes one step of every chain. Errors: ErrConfig for a sampler that cannot be, ErrShape and ErrDtype for a state that
// is not the model's, ErrNotFinite and ErrRange for values that its units cannot take (of the hidden units, which are drawn
// first, only where there is a HiddenClamp); the state is then as it was. Cost: two (chains×visible)·(visible×hidden) products.
func (g *Gibbs) Step(s *State) error {
	if err := g.check(s); err != nil {
		return err
	}
	if g.Model.Dtype() == tensor.Float32 {
		return gibbsStep[float32](g, s)
	}
	return gibbsStep[float64](g, s)
}

// Run takes several steps, or fewer when ctx ends: then it returns ctx's error, and the state stands where it got to.
// A negative number of steps is an ErrConfig; other errors are Step's.
func (g *Gibbs) Run(ctx context.Context, s *State, steps int) error {
	if steps < 0 {
		return fmt.Errorf("sampling: Gibbs: Run: %d steps, want at least 0: %w", steps, energy.ErrConfig)
	}
	for range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.Step(s); err != nil {
			return err
		}
	}
	return nil
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
	if err := checkRows(g.Model, s.Visible); err != nil {
		return fail(fmt.Errorf("visible state: %w", err))
	}
	if err := fits(s.Hidden, s.Visible.Shape()[0], g.Model.Hidden().Len(), g.Model.Dtype()); err != nil {
		return fail(fmt.Errorf("hidden state: %w", err))
	}
	if err := checkClamp(g.Model.Visible(), g.VisibleClamp); err != nil {
		return fail(fmt.Errorf("visible clamp %w", err))
	}
	if err := checkClamp(g.Model.Hidden(), g.HiddenClamp); err != nil {
		return fail(fmt.Errorf("hidden clamp %w", err))
	}
	if g.HiddenClamp != nil {
		if err := g.Model.Hidden().Check(s.Hidden); err != nil {
			return fail(fmt.Errorf("hidden state: %w", err))
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

func gibbsStep[T kernel.Float](g *Gibbs, s *State) error {
	p, err := layers.PlainOf[T](g.Model)
	if err != nil {
		return err
	}
	v, h := s.Visible.Data().([]T), s.Hidden.Data().([]T)
	chains := len(v) / p.VisibleLen
	inputs, held := buffer[T](&g.inputs, max(len(v), len(h))), buffer[T](&g.held, max(len(v), len(h)))
	t := T(g.temperature())

	p.HiddenInput(inputs[:len(h)], v, chains)
	hidden := half[T]{p.Hidden, p.HiddenLen, p.HiddenLogVariance, g.HiddenClamp, t}
	hidden.draw(h, inputs, held, rng.New(g.Seed, "gibbs hidden"), s.Step)

	p.VisibleInput(inputs[:len(v)], h, chains)
	visible := half[T]{p.Visible, p.VisibleLen, p.VisibleLogVariance, g.VisibleClamp, t}
	visible.draw(v, inputs, held, rng.New(g.Seed, "gibbs visible"), s.Step)
	s.Step++
	return nil
}

// half is one half of a step: the drawing of one side given its inputs.
type half[T kernel.Float] struct {
	family      units.Family[T]
	len         int
	logVariance []T
	clamp       []bool
	temperature T
}

func (f half[T]) draw(x, inputs, held []T, draws rng.Stream, step uint64) {
	kernel.Parallel(len(x)/f.len, kernel.RowGrain(f.len), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, before := x[i*f.len:(i+1)*f.len], held[i*f.len:(i+1)*f.len]
			if f.clamp != nil {
				copy(before, row)
			}
			f.family.Sample(row, inputs[i*f.len:(i+1)*f.len], f.logVariance, f.temperature, draws.Row(i, step))
			for j, clamped := range f.clamp {
				if clamped {
					row[j] = before[j]
				}
			}
		}
	})
}

// buffer returns n numbers of the buffer at b, grown where needed.
func buffer[T kernel.Float](b *any, n int) []T {
	x, _ := (*b).([]T)
	if len(x) < n {
		x = make([]T, n)
		*b = x
	}
	return x[:n]
}
