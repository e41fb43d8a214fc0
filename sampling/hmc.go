package sampling

import (
	"cmp"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

var _ Kernel = (*HMC)(nil)

// HMC is Hamiltonian Monte Carlo of real numbers under any energy: a step draws momenta p ~ N(0, 1), follows the dynamics of
//
//	H(x, p) = E(x)/T + ½|p|²
//
// for L leapfrog steps of size ε, each
//
//	p ← p − ½ε ∂E/∂x/T        x ← x + εp        p ← p − ½ε ∂E/∂x/T
//
// and accepts where that leads with probability min(1, exp(H(x, p) − H(x′, p′))), which leaves p(x) ∝ exp(−E(x)/T) as it is. It goes
// Lε far in one step where Langevin diffuses; with L = 1 it is adjusted Langevin of ε²/(2T). TuneStepSize finds ε. A length Lε near
// a half or a whole period of some direction, 2π standard deviations of a normal distribution, hardly moves in that direction: Jitter
// avoids it.
//
// Only State.Visible moves. Energy is built and differentiated once for each number of chains, in the dtype of the state. A step
// costs L+1 times the energy and its gradient for all chains, and allocates nothing if the energy is of the library's ops. An HMC
// keeps buffers between steps: chains that run at the same time take one each, and a copy must not run beside its original.
//
// Sources: S. Duane et al., Physics Letters B 195 (1987); R. Neal, "MCMC Using Hamiltonian Dynamics", 2011, eqs. 5.18–5.20.
type HMC struct {
	Energy energy.Func
	// StepSize is ε, above 0.
	StepSize float64
	// Leapfrogs is L; 0 means 10.
	Leapfrogs int
	// Jitter draws the ε of each step, the same for all chains, uniformly from StepSize·(1 ± Jitter); from 0 to 1.
	Jitter float64
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// Clamp marks the columns that stay as they are; nil holds none.
	Clamp []bool

	work any // *hmcWork of the state's dtype
}

// Step takes one step, of L leapfrog steps, of every chain. Info counts the chains as proposals. One whose energy or gradient
// becomes infinite or NaN on its way is refused. Errors: ErrConfig for a sampler that cannot be and for an energy that cannot be
// built or differentiated, ErrShape and ErrDtype for a state or an energy that does not fit, ErrNotFinite for an energy or a
// gradient of where a chain stands that is not finite. The state is then as it was.
func (h *HMC) Step(s *State) (Info, error) {
	g := h.settings()
	if err := h.check(g, s); err != nil {
		return Info{}, g.fail(err)
	}
	var info Info
	var err error
	if s.Visible.Dtype() == tensor.Float32 {
		info, err = hmcStep[float32](h, s)
	} else {
		info, err = hmcStep[float64](h, s)
	}
	if err != nil {
		return Info{}, g.fail(err)
	}
	return info, nil
}

func (h *HMC) settings() gradientSettings {
	return gradientSettings{"HMC", h.Energy, h.Temperature, h.Clamp}
}

func (h *HMC) leapfrogs() int {
	if h.Leapfrogs == 0 {
		return 10
	}
	return h.Leapfrogs
}

func (h *HMC) check(g gradientSettings, s *State) error {
	if err := g.check(s); err != nil {
		return err
	}
	if err := checkPositive("StepSize", h.StepSize, s.Visible.Dtype(), ""); err != nil {
		return err
	}
	if h.Leapfrogs < 0 {
		return fmt.Errorf("Leapfrogs is %d, want at least 1, or 0 for 10: %w", h.Leapfrogs, energy.ErrConfig)
	}
	if !(h.Jitter >= 0 && h.Jitter <= 1) {
		return fmt.Errorf("Jitter is %g, want 0 to 1: %w", h.Jitter, energy.ErrConfig)
	}
	return nil
}

// hmcWork is the memory of a sampler and the step under way.
type hmcWork[T kernel.Float] struct {
	graphs         energyGraphs[T]
	standing, gone point[T]
	momenta        []T // (chains, n)
	hamiltonians   []float64
	start, drift   func(lo, hi int) // made once: a closure for each step would be an allocation
	n              int
	size, kick     T // ε and what a slope is multiplied by, −ε/T or half of it
	temperature    float64
	clamp          []bool
	draws          rng.Stream
	step           uint64
	uniform        [1]float64
}

func hmcStep[T kernel.Float](h *HMC, s *State) (Info, error) {
	w, ok := h.work.(*hmcWork[T])
	if !ok {
		w = new(hmcWork[T])
		w.start = func(lo, hi int) {
			for i := lo; i < hi; i++ {
				w.startRow(i)
			}
		}
		w.drift = func(lo, hi int) {
			for i := lo; i < hi; i++ {
				w.driftRow(i)
			}
		}
		h.work = w
	}
	w.standing.place(s.Visible)
	w.gone.placeBeside(s.Visible)
	chains := s.Visible.Shape()[0]
	if len(w.momenta) != len(w.standing.values) || len(w.hamiltonians) != chains {
		w.momenta, w.hamiltonians = make([]T, len(w.standing.values)), make([]float64, chains)
	}
	w.n, w.temperature, w.clamp = s.Visible.Shape()[1], cmp.Or(h.Temperature, 1.0), h.Clamp
	w.draws, w.step = rng.New(h.Seed, "hmc"), s.Step
	if err := w.graphs.evaluateState(h.Energy, &w.standing); err != nil {
		return Info{}, err
	}
	rng.Uniform(rng.New(h.Seed, "hmc jitter").Row(0, s.Step), w.uniform[:])
	size := h.StepSize * (1 + h.Jitter*(2*w.uniform[0]-1))
	grain := kernel.RowGrain(w.n)
	w.size, w.kick = T(size), T(-size/w.temperature/2)
	kernel.Parallel(chains, grain, w.start)
	for i := range w.hamiltonians {
		w.hamiltonians[i] = w.hamiltonian(&w.standing, i)
	}
	copy(w.gone.values, w.standing.values)
	copy(w.gone.slopes, w.standing.slopes)
	leapfrogs := h.leapfrogs()
	for k := range leapfrogs {
		w.kick = T(-size / w.temperature)
		if k == 0 {
			w.kick = T(-size / w.temperature / 2)
		}
		kernel.Parallel(chains, grain, w.drift)
		if err := w.graphs.evaluate(h.Energy, &w.gone); err != nil {
			return Info{}, err
		}
	}
	w.size, w.kick = 0, T(-size/w.temperature/2) // the last half kick
	kernel.Parallel(chains, grain, w.drift)

	info := Info{Proposed: chains}
	for i := range chains {
		if accepts(w.draws.Row(i, w.step).Part(1), w.hamiltonians[i]-w.hamiltonian(&w.gone, i), w.uniform[:]) {
			copy(row(w.standing.values, i, w.n), row(w.gone.values, i, w.n))
			info.Accepted++
		}
	}
	s.Step++
	return info, nil
}

// startRow draws the momenta of chain i; those of clamped columns are 0, and stay it.
func (w *hmcWork[T]) startRow(i int) {
	p := row(w.momenta, i, w.n)
	rng.Normal(w.draws.Row(i, w.step).Part(0), p)
	for j, clamped := range w.clamp {
		if clamped {
			p[j] = 0
		}
	}
}

// driftRow kicks the momenta of chain i and moves it along them.
func (w *hmcWork[T]) driftRow(i int) {
	p, x, slopes := row(w.momenta, i, w.n), row(w.gone.values, i, w.n), row(w.gone.slopes, i, w.n)
	for j := range p {
		if w.clamp != nil && w.clamp[j] {
			continue
		}
		p[j] += w.kick * slopes[j]
		x[j] += w.size * p[j]
	}
}

// hamiltonian is H of chain i. Where a momentum is not finite neither is H, and the move is refused.
func (w *hmcWork[T]) hamiltonian(at *point[T], i int) float64 {
	return float64(at.energies[i])/w.temperature + kernel.SumSquares(row(w.momenta, i, w.n), 0)/2
}
