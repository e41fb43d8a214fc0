package sampling

import (
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*ParallelTempering)(nil)

// ParallelTempering is replica exchange for an RBM or a Boltzmann machine: every chain has a replica at each rung of a ladder of inverse temperatures β, from
// 1, which is the model, down to 0, where all units are independent. A step lets replicas of neighbouring rungs change
// places, and then takes a Gibbs step of each at its own rung. With base biases a, an RBM's plain biases b and c,
//
//	E_β(v,h) = U(v) + U(h) − ((1−β)a + βb)ᵀv − β(cᵀh + vᵀWh)        F_β(v) = −log Σ_h exp(−E_β(v,h))
//
// Two replicas r and s change places with probability min(1, exp(F_r(v_r) + F_s(v_s) − F_r(v_s) − F_s(v_r))), on the visible units alone, whose
// hidden units are then drawn anew. That is accepted more often than a change of (v,h), for the energies of the
// hidden units play no part in it. With clamped hidden units, (v,h) change places with probability
// min(1, exp((β_r − β_s)(E′(x_r) − E′(x_s)))), E′ = ∂E_β/∂β, and so do all units x of a Boltzmann machine, whose rungs have
//
//	E_β(x) = U(x) − ((1−β)a + βb)ᵀx − ½β xᵀWx
//
// and whose Gibbs step is a sweep, of blocks of one colour where it has Edges. The model's distribution at each rung is stationary.
// Even pairs of rungs and odd pairs take turns from step to step: replicas then travel along the ladder instead of diffusing.
//
// The states that Step takes hold the chains at β = 1. The hotter replicas live in the kernel: they start at draws of
// the base at the first step, or when the number of chains or the ladder changes; Save and Restore carry them over. There is no Temperature: the
// rungs are the temperatures, and the model is sampled at 1.
//
// A ParallelTempering keeps buffers between steps: chains that run at the same time take one each.
//
// Sources: R. Swendsen, J. Wang, Physical Review Letters 57 (1986); G. Desjardins et al., "Parallel Tempering for Training of Restricted
// Boltzmann Machines", AISTATS 2010; the order of the pairs: T. Okabe et al., Chemical Physics Letters 335 (2001); S. Syed, A.
// Bouchard-Côté, G. Deligiannidis, A. Doucet, JRSS B 84 (2022).
type ParallelTempering struct {
	Model *layers.RBM
	// Boltzmann is given in place of Model, for a Boltzmann machine.
	Boltzmann *layers.Boltzmann
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Replicas is the number of rungs, evenly spaced from 1 to 0; 0 means 10, or as many as Betas has.
	Replicas int
	// Betas is the ladder, falling from 1 to at least 0; nil means Replicas even ones. Tune finds one.
	Betas []float64
	// Base is a, the biases at β = 0 of the visible units, or of all units of a Boltzmann machine: those that fit the data are best. nil means
	// the parameter b of the model as it is at each step (of a centered machine, the biases about its offsets).
	Base []float64
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state, at every rung: one mark a column for all chains, or
	// chains × columns, row by row, for a clamp of each chain. nil holds none. A OneHot group is clamped whole.
	VisibleClamp, HiddenClamp []bool

	work   replicas
	swaps  swaps
	evenly []float64 // the ladder where Betas is nil
}

// minReplicas and maxReplicas bound a ladder.
const (
	minReplicas = 2
	maxReplicas = 1000
)

// Ladder returns the rungs in use, from β = 1 down. It is nil for settings that cannot be.
func (p *ParallelTempering) Ladder() []float64 {
	if p.checkLadder() != nil {
		return nil
	}
	return slices.Clone(p.ladder())
}

func (p *ParallelTempering) ladder() []float64 {
	if p.Betas != nil {
		return p.Betas
	}
	n := p.Replicas
	if n == 0 {
		n = 10
	}
	if len(p.evenly) != n {
		p.evenly = make([]float64, n)
		for k := range p.evenly {
			p.evenly[k] = float64(n-1-k) / float64(n-1)
		}
	}
	return p.evenly
}

func (p *ParallelTempering) checkLadder() error {
	switch {
	case p.Betas == nil:
		if p.Replicas != 0 && (p.Replicas < minReplicas || p.Replicas > maxReplicas) {
			return fmt.Errorf("Replicas is %d, want %d to %d, or 0 for 10: %w", p.Replicas, minReplicas, maxReplicas, energy.ErrConfig)
		}
		return nil
	case p.Replicas != 0 && p.Replicas != len(p.Betas):
		return fmt.Errorf("Replicas is %d, which cannot take effect with %d Betas: %w", p.Replicas, len(p.Betas), energy.ErrConfig)
	case len(p.Betas) < minReplicas || len(p.Betas) > maxReplicas || p.Betas[0] != 1:
		return fmt.Errorf("%d Betas given, want %d to %d, the first of them 1: %w", len(p.Betas), minReplicas, maxReplicas, energy.ErrConfig)
	}
	for k, beta := range p.Betas[1:] {
		if !(beta < p.Betas[k] && beta >= 0) {
			return fmt.Errorf("Betas[%d] is %g after %g, want it less and at least 0: %w", k+1, beta, p.Betas[k], energy.ErrConfig)
		}
	}
	return nil
}

// Step takes one step of every chain; Info counts the changes of places. Errors: those of Gibbs.Step, and ErrConfig, ErrShape and
// ErrNotFinite for a ladder or a base that cannot be; the state is then as it was. Cost: two (chains·replicas×visible)·(visible×hidden)
// products, or of a Boltzmann machine a product and a sweep of all replicas.
func (p *ParallelTempering) Step(s *State) (Info, error) {
	if err := p.check(s); err != nil {
		return Info{}, err
	}
	w, fresh, err := p.replicasOf(s.Visible.Shape()[0])
	if err != nil {
		return Info{}, p.fail("Step", err)
	}
	w.take(s, fresh)
	info := w.step(&p.swaps, s.Step, s.Step)
	w.give(s)
	s.Step++
	return info, nil
}

func (p *ParallelTempering) check(s *State) error {
	if (p.Model == nil) == (p.Boltzmann == nil) {
		return fmt.Errorf("sampling: ParallelTempering: Step: no model given, or both a Model and a Boltzmann, want one of them: %w", energy.ErrConfig)
	}
	if err := p.checkLadder(); err != nil {
		return p.fail("Step", err)
	}
	if p.Boltzmann != nil {
		return boltzmannKernel{"ParallelTempering", p.Boltzmann, 0, p.VisibleClamp, p.HiddenClamp}.check(s)
	}
	if s == nil || s.Visible == nil || s.Hidden == nil {
		return p.fail("Step", fmt.Errorf("no state given: %w", energy.ErrConfig))
	}
	if err := checkState(p.Model, s, p.VisibleClamp, p.HiddenClamp); err != nil {
		return p.fail("Step", err)
	}
	return nil
}

func (p *ParallelTempering) fail(what string, err error) error {
	switch {
	case p.Boltzmann != nil:
		return fmt.Errorf("sampling: ParallelTempering of Boltzmann %q: %s: %w", p.Boltzmann.Name(), what, err)
	case p.Model != nil:
		return fmt.Errorf("sampling: ParallelTempering of RBM %q: %s: %w", p.Model.Name(), what, err)
	}
	return fmt.Errorf("sampling: ParallelTempering: %s: %w", what, err)
}

// Save returns a copy of all replicas, those of one chain after the other, each chain's from β = 1 down, or nil before the first step.
// Together with the state and its step they are all there is to save.
func (p *ParallelTempering) Save() *State {
	if p.work == nil {
		return nil
	}
	return p.work.save()
}

// Restore sets the replicas to saved ones, (chains·replicas, visible) and (chains·replicas, hidden). Those at β = 1 are set by the next
// step's state. Errors, which change nothing: as of Step, and ErrShape unless every chain has a replica at each rung.
func (p *ParallelTempering) Restore(s *State) error {
	if err := p.check(s); err != nil {
		return err
	}
	rows, rungs := s.Visible.Shape()[0], len(p.ladder())
	if rows%rungs != 0 {
		return p.fail("Restore", fmt.Errorf("%d rows, want one for each of %d rungs of some chains: %w", rows, rungs, energy.ErrShape))
	}
	w, _, err := p.replicasOf(rows / rungs)
	if err != nil {
		return p.fail("Restore", err)
	}
	w.restore(s)
	return nil
}
