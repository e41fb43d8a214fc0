package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/sweep"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*SingleSite)(nil)

// SingleSite is single-site Gibbs sampling of a Boltzmann machine: a sweep draws each unit given all others, one after the other, the
// visible ones first,
//
//	p(x_i | the others) ∝ exp((f_i x_i − U_i(x_i))/T)        f = b + Wx
//
// a OneHot unit as a whole. p(x) ∝ exp(−E(x)/T) is stationary. For machines with Edges ColourBlocks draws many units at once.
//
// The fields f of a dense machine are made by one product at the beginning of a step and kept up to date through its sweeps, so that
// neither a model that learns nor a state that is changed between steps finds old ones: with many Sweeps a step the product counts little.
// A change of a unit costs O(n) and goes into the fields of the others together with those of its neighbours in the order, by
// products of matrices, where many units change.
//
// A SingleSite keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its
// original.
//
// Source: S. Geman, D. Geman, IEEE PAMI 6 (1984).
type SingleSite struct {
	Model *layers.Boltzmann
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// Sweeps are made in a step; 0 means 1. The draws of sweep k of step s are those of sweep s·Sweeps + k.
	Sweeps int
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state; nil holds none. A OneHot unit is
	// clamped whole.
	VisibleClamp, HiddenClamp []bool

	work any // *sweepWork of the model's dtype: what is kept between steps, so that they allocate nothing
}

// sweepWork is the memory of a sampler that sweeps.
type sweepWork[T kernel.Float] struct {
	model   *layers.Boltzmann
	sweeper *sweep.Sweeper[T]
	chains  sweep.Chains[T]
	clamp   []bool
}

// Step makes Sweeps sweeps of every chain; nothing is proposed, so Info is zero. Errors: ErrConfig for a sampler that cannot be, ErrShape and
// ErrDtype for a state that is not the model's, ErrNotFinite and ErrRange for values that its units cannot take, ErrNotFinite for parameters
// that are not finite; the state is then as it was. Cost, dense: (chains×n)·(n×n) multiply-adds for the step and at most as many for each
// sweep; with Edges: two multiply-adds an edge and sweep for each chain.
func (g *SingleSite) Step(s *State) (Info, error) {
	common := g.common()
	if err := common.check(s); err != nil {
		return Info{}, err
	}
	if g.Sweeps < 0 {
		return Info{}, common.fail(fmt.Errorf("Sweeps is %d, want at least 1, or 0 for 1: %w", g.Sweeps, energy.ErrConfig))
	}
	if g.Model.Dtype() == tensor.Float32 {
		return Info{}, singleSiteStep[float32](g, s)
	}
	return Info{}, singleSiteStep[float64](g, s)
}

func (g *SingleSite) common() boltzmannKernel {
	return boltzmannKernel{"SingleSite", g.Model, g.Temperature, g.VisibleClamp, g.HiddenClamp}
}

func singleSiteStep[T kernel.Float](g *SingleSite, s *State) error {
	w, err := workOf[T](g.work, g.common(), s)
	if err != nil {
		return err
	}
	g.work = w
	c := &w.chains
	c.Draws = rng.New(g.Seed, "single site")
	if w.sweeper.Plain.Bonds == nil {
		if len(c.Fields) < len(c.X) {
			c.Fields = make([]T, len(c.X))
		}
		c.Fields = c.Fields[:len(c.X)]
		if !w.sweeper.Refresh(c) {
			return g.common().fail(fmt.Errorf("fields: %w", energy.ErrNotFinite))
		}
	}
	sweeps := max(1, g.Sweeps)
	for k := range sweeps {
		at := s.Step*uint64(sweeps) + uint64(k)
		if w.sweeper.Plain.Bonds == nil {
			w.sweeper.Dense(c, at)
		} else {
			w.sweeper.InOrder(c, at)
		}
	}
	scatterAll(s, c.X, w.sweeper.Plain.Len())
	s.Step++
	return nil
}

// workOf is the kept memory of a sampler, or a new one, ready for a step from a state that was checked: parameters, chains, clamps and
// temperature are read.
func workOf[T kernel.Float](kept any, k boltzmannKernel, s *State) (*sweepWork[T], error) {
	w, ok := kept.(*sweepWork[T])
	var err error
	if !ok || w.model != k.model {
		w = &sweepWork[T]{model: k.model}
		w.sweeper, err = sweep.New[T](k.model)
	} else {
		err = w.sweeper.Read(k.model)
	}
	if err != nil {
		return nil, k.fail(err)
	}
	c := &w.chains
	c.N = s.Visible.Shape()[0]
	c.X = gatherAll(c.X, s, w.sweeper.Plain.Len())
	c.Clamp, w.clamp = joinClamps(w.clamp, k.model, k.visibleClamp, k.hiddenClamp)
	c.Temperature = orOneTemperature(k.temperature)
	return w, nil
}

// SetTemperature satisfies Tempered.
func (g *SingleSite) SetTemperature(t float64) error {
	return setTemperature(&g.Temperature, t, "SingleSite")
}
