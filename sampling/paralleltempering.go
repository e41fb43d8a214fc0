package sampling

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

var _ Kernel = (*ParallelTempering)(nil)

// ParallelTempering is replica exchange for an RBM: every chain has a replica at each rung of a ladder of inverse temperatures β, from
// 1, which is the model, down to 0, where all units are independent. A step lets replicas of neighbouring rungs change
// places, and then takes a Gibbs step of each at its own rung. With base biases a, the model's plain biases b and c,
//
//	E_β(v,h) = U(v) + U(h) − ((1−β)a + βb)ᵀv − β(cᵀh + vᵀWh)        F_β(v) = −log Σ_h exp(−E_β(v,h))
//
// Two replicas r and s change places with probability min(1, exp(F_r(v_r) + F_s(v_s) − F_r(v_s) − F_s(v_r))), on the visible units alone, whose
// hidden units are then drawn anew. That is accepted more often than a change of (v,h), for the energies of the
// hidden units play no part in it. With clamped hidden units, (v,h) change places with probability
// min(1, exp((β_r − β_s)(E′(x_r) − E′(x_s)))), E′ = ∂E_β/∂β. The model's distribution at each rung is stationary under both.
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
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Replicas is the number of rungs, evenly spaced from 1 to 0; 0 means 10, or as many as Betas has.
	Replicas int
	// Betas is the ladder, falling from 1 to at least 0; nil means Replicas even ones. Tune finds one.
	Betas []float64
	// Base is a, the biases of the visible units at β = 0: those that fit the data are best. nil means the parameter b of the model as
	// it is at each step (of a centered machine, the biases about its offsets).
	Base []float64
	// VisibleClamp and HiddenClamp mark the columns that stay as they are in the state, at every rung; nil holds none. A
	// OneHot group is clamped whole.
	VisibleClamp, HiddenClamp []bool

	work   any // *tempering of the model's dtype
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
// products.
func (p *ParallelTempering) Step(s *State) (Info, error) {
	if err := p.check(s); err != nil {
		return Info{}, err
	}
	if p.Model.Dtype() == tensor.Float32 {
		return temperedStep[float32](p, s)
	}
	return temperedStep[float64](p, s)
}

func (p *ParallelTempering) check(s *State) error {
	if p.Model == nil || s == nil || s.Visible == nil || s.Hidden == nil {
		return fmt.Errorf("sampling: ParallelTempering: Step: no model or no state given: %w", energy.ErrConfig)
	}
	err := p.checkLadder()
	if err == nil {
		err = checkState(p.Model, s, p.VisibleClamp, p.HiddenClamp)
	}
	if err == nil { // of one clamp a chain, which Gibbs takes, the rungs know nothing
		err = checkClamp(p.Model.Visible(), p.VisibleClamp)
	}
	if err == nil {
		err = checkClamp(p.Model.Hidden(), p.HiddenClamp)
	}
	if err != nil {
		return fmt.Errorf("sampling: ParallelTempering of RBM %q: Step: %w", p.Model.Name(), err)
	}
	return nil
}

// tempering is all replicas: those of chain i are rows i·rungs to (i+1)·rungs − 1, from β = 1 down, so that how a chain goes does not
// depend on how many there are.
type tempering[T kernel.Float] struct {
	model  *layers.RBM
	seed   uint64
	ladder []float64
	n      int // chains

	path          *annealed.Path[T]
	rows          *annealed.Chains[T]
	draws         rng.Stream
	beta, partner []float64 // of each row; of the row that it may change places with
	own, other    []float64 // −log of the density of each row's units at its β and at its partner's, or E′
	uniform       []float64
	fromHot       []bool // whether the replica has been at the end of the ladder since it was at the beginning
	held          []T
	b             []T       // the parameter b of the model
	base          []float64 // scratch of it
}

// temperingOf returns the replicas of n chains, and whether they are new.
func temperingOf[T kernel.Float](p *ParallelTempering, n int) (*tempering[T], bool, error) {
	w, ok := p.work.(*tempering[T])
	ladder := p.ladder()
	if ok && w.model == p.Model && w.seed == p.Seed && w.n == n && slices.Equal(w.ladder, ladder) {
		if err := w.path.Read(p.Model); err != nil {
			return nil, false, err
		}
		if err := w.path.SetBase(baseOf(p, w.b, w.base)); err != nil {
			return nil, false, err
		}
		w.path.VisibleClamp, w.path.HiddenClamp = p.VisibleClamp, p.HiddenClamp
		return w, false, nil
	}
	b := op.Numbers[T](p.Model.Param("b").Value())
	scratch := make([]float64, len(b))
	path, err := annealed.New[T](p.Model, baseOf(p, b, scratch), p.Seed)
	if err != nil {
		return nil, false, err
	}
	path.VisibleClamp, path.HiddenClamp = p.VisibleClamp, p.HiddenClamp
	rungs := len(ladder)
	rows := n * rungs
	w = &tempering[T]{
		model: p.Model, seed: p.Seed, ladder: slices.Clone(ladder), n: n,
		path: path, rows: path.NewChains(rows), draws: rng.New(p.Seed, "tempering places"),
		beta: make([]float64, rows), partner: make([]float64, rows), own: make([]float64, rows), other: make([]float64, rows),
		uniform: make([]float64, rungs/2), fromHot: make([]bool, rows), held: make([]T, max(p.Model.Visible().Len(), p.Model.Hidden().Len())), b: b, base: scratch,
	}
	for i := range rows {
		w.beta[i] = ladder[i%rungs]
	}
	p.swaps = newSwaps(rungs - 1)
	p.work = w
	return w, true, nil
}

// baseOf is the biases at β = 0 as they are now.
func baseOf[T kernel.Float](p *ParallelTempering, b []T, scratch []float64) []float64 {
	if p.Base != nil {
		return p.Base
	}
	kernel.Convert(scratch, b)
	return scratch
}

func temperedStep[T kernel.Float](p *ParallelTempering, s *State) (Info, error) {
	w, fresh, err := temperingOf[T](p, s.Visible.Shape()[0])
	if err != nil {
		return Info{}, fmt.Errorf("sampling: ParallelTempering of RBM %q: Step: %w", p.Model.Name(), err)
	}
	v, h := op.Numbers[T](s.Visible), op.Numbers[T](s.Hidden)
	w.take(w.rows.V, v, p.VisibleClamp, fresh)
	w.take(w.rows.H, h, p.HiddenClamp, fresh)
	if fresh {
		w.path.DrawBase(w.rows, s.Step)
		w.take(w.rows.V, v, nil, false)
	}
	info := w.step(p, s.Step, s.Step)
	w.give(v, w.rows.V)
	w.give(h, w.rows.H)
	s.Step++
	return info, nil
}

// take sets the replicas at β = 1, and the clamped columns of all replicas, or all of them, to what the state has.
func (w *tempering[T]) take(rows, state []T, clamp []bool, all bool) {
	n, rungs := len(state)/w.n, len(w.ladder)
	for i := range w.n {
		from := state[i*n : (i+1)*n]
		for k := range rungs {
			to := rows[(i*rungs+k)*n : (i*rungs+k+1)*n]
			if k == 0 || all {
				copy(to, from)
				continue
			}
			for j, clamped := range clamp {
				if clamped {
					to[j] = from[j]
				}
			}
		}
	}
}

// give sets a state to the replicas at β = 1.
func (w *tempering[T]) give(state, rows []T) {
	n, rungs := len(state)/w.n, len(w.ladder)
	for i := range w.n {
		copy(state[i*n:(i+1)*n], rows[i*rungs*n:])
	}
}

// step takes a step of all replicas with the draws of a step's number. The even pairs are at turns when turn is even.
func (w *tempering[T]) step(p *ParallelTempering, number, turn uint64) (info Info) {
	w.path.Refresh(w.rows)
	if p.HiddenClamp == nil {
		info = w.exchange(p, number, int(turn%2))
		w.path.DrawHidden(w.rows, w.beta, number)
	} else {
		w.path.DrawHidden(w.rows, w.beta, number)
		info = w.exchange(p, number, int(turn%2))
	}
	w.path.SampleVisible(w.rows, w.beta, number)
	return info
}

// exchange lets the pairs of rungs first and first+1, first+2 and first+3, … change places.
func (w *tempering[T]) exchange(p *ParallelTempering, number uint64, first int) (info Info) {
	rungs := len(w.ladder)
	joint := p.HiddenClamp != nil
	if joint {
		w.path.Slope(w.own, w.rows)
	} else {
		for i := range w.partner {
			w.partner[i] = w.beta[i]
			if k := i % rungs; (k-first)&1 == 0 && k >= first && k+1 < rungs {
				w.partner[i] = w.beta[i+1]
			} else if (k-first)&1 == 1 && k > first {
				w.partner[i] = w.beta[i-1]
			}
		}
		w.path.FreeEnergy(w.own, w.rows, w.beta)
		w.path.FreeEnergy(w.other, w.rows, w.partner)
	}
	for i := range w.n {
		rng.Uniform(w.draws.Row(i, number), w.uniform)
		for k := first; k+1 < rungs; k += 2 {
			r := i*rungs + k
			var ratio float64
			if joint {
				ratio = (w.beta[r] - w.beta[r+1]) * (w.own[r] - w.own[r+1])
			} else {
				ratio = w.own[r] + w.own[r+1] - w.other[r] - w.other[r+1]
			}
			accept := math.Exp(min(ratio, 0))
			p.swaps.see(k, accept)
			info.Proposed++
			if w.uniform[k/2] < accept {
				info.Accepted++
				w.swap(r, joint)
			}
		}
		w.fromHot[(i+1)*rungs-1] = true
		if w.fromHot[i*rungs] {
			w.fromHot[i*rungs] = false
			p.swaps.trips++
		}
	}
	return info
}

// swap has rows r and r+1 change places, as far as that is seen: where the hidden units are drawn next, their inputs are, and where the
// visible ones are, the hidden ones.
func (w *tempering[T]) swap(r int, joint bool) {
	exchange := func(rows []T) {
		n := len(rows) / w.rows.N
		a, b, held := rows[r*n:(r+1)*n], rows[(r+1)*n:(r+2)*n], w.held[:n]
		copy(held, a)
		copy(a, b)
		copy(b, held)
	}
	if joint {
		exchange(w.rows.H)
	} else {
		exchange(w.rows.Inputs)
	}
	w.fromHot[r], w.fromHot[r+1] = w.fromHot[r+1], w.fromHot[r]
}

// Save returns a copy of all replicas, those of one chain after the other, each chain's from β = 1 down, or nil before the first step.
// Together with the state and its step they are all there is to save.
func (p *ParallelTempering) Save() *State {
	switch w := p.work.(type) {
	case *tempering[float32]:
		return w.save()
	case *tempering[float64]:
		return w.save()
	}
	return nil
}

func (w *tempering[T]) save() *State {
	rows := w.rows.N
	return &State{
		Visible: tensor.New(tensor.WithShape(rows, len(w.rows.V)/rows), tensor.WithBacking(slices.Clone(w.rows.V))),
		Hidden:  tensor.New(tensor.WithShape(rows, len(w.rows.H)/rows), tensor.WithBacking(slices.Clone(w.rows.H))),
	}
}

// Restore sets the replicas to saved ones, (chains·replicas, visible) and (chains·replicas, hidden). Those at β = 1 are set by the next
// step's state. Errors, which change nothing: as of Step, and ErrShape unless every chain has a replica at each rung.
func (p *ParallelTempering) Restore(s *State) error {
	if err := p.check(s); err != nil {
		return err
	}
	rows, rungs := s.Visible.Shape()[0], len(p.ladder())
	if rows%rungs != 0 {
		return fmt.Errorf("sampling: ParallelTempering of RBM %q: Restore: %d rows, want one for each of %d rungs of some chains: %w",
			p.Model.Name(), rows, rungs, energy.ErrShape)
	}
	var err error
	if p.Model.Dtype() == tensor.Float32 {
		err = restore[float32](p, s, rows/rungs)
	} else {
		err = restore[float64](p, s, rows/rungs)
	}
	if err != nil {
		return fmt.Errorf("sampling: ParallelTempering of RBM %q: Restore: %w", p.Model.Name(), err)
	}
	return nil
}

func restore[T kernel.Float](p *ParallelTempering, s *State, chains int) error {
	w, _, err := temperingOf[T](p, chains)
	if err != nil {
		return err
	}
	copy(w.rows.V, op.Numbers[T](s.Visible))
	copy(w.rows.H, op.Numbers[T](s.Hidden))
	return nil
}
