package sampling

import (
	"cmp"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

var _ Kernel = (*Langevin)(nil)

// Langevin moves real numbers down the gradient of any energy, with noise:
//
//	x′ = x − ε ∂E/∂x + σ z        z ~ N(0, 1),  σ = √(2εT)
//
// the Euler step of dx = −∇E dt + √(2T) dW, which leaves p(x) ∝ exp(−E(x)/T) as it is. The step itself does not: its stationary
// distribution is off by O(ε). Adjusted accepts x′ with probability
//
//	min(1, exp(−(E(x′) − E(x))/T) q(x|x′)/q(x′|x))        q(y|x) = N(y; x − ε ∂E/∂x, 2εT)
//
// and so samples from p exactly whatever ε, MALA; TuneStepSize finds an ε of which most moves are accepted.
//
// Only State.Visible moves. Energy is built and differentiated once for each number of chains, in the dtype of the state. A step
// costs the energy and its gradient for all chains, twice for an adjusted one, and allocates nothing if the energy is of the
// library's ops. A Langevin keeps buffers between steps: chains that run at the same time take one each, and a copy must not run
// beside its original.
//
// Sources: G. Roberts, R. Tweedie, Bernoulli 2 (1996), eqs. 4 and 8; the unadjusted step as a sampler of energies given by networks: Y. Du,
// I. Mordatch, NeurIPS 2019, eq. 1.
type Langevin struct {
	Energy energy.Func
	// StepSize is ε, above 0.
	StepSize float64
	// Noise is σ; 0 means √(2εT). Another one is a setting of short runs, whose chains are no draws of p, and is refused where
	// the step is Adjusted or has a Temperature.
	Noise float64
	// Adjusted accepts or refuses each step, so that p is left as it is.
	Adjusted bool
	// Seed of the draws; two samplers of one seed draw alike.
	Seed uint64
	// Temperature T; 0 means 1.
	Temperature float64
	// Clamp marks the columns that stay as they are; nil holds none.
	Clamp []bool

	work any // *langevinWork of the state's dtype
}

// Step takes one step of every chain. Info counts the chains of an adjusted step as proposals, and is zero for others. A proposal whose
// energy or gradient is not finite is refused. Errors: ErrConfig for a sampler that cannot be and for an energy that cannot be
// built or differentiated, ErrShape and ErrDtype for a state or an energy that does not fit, ErrNotFinite for an energy or a
// gradient of where a chain stands that is not finite, or, unadjusted, for a chain that would go to infinity. The state is then
// as it was.
func (l *Langevin) Step(s *State) (Info, error) {
	g := l.settings()
	if err := l.check(g, s); err != nil {
		return Info{}, g.fail(err)
	}
	var info Info
	var err error
	if s.Visible.Dtype() == tensor.Float32 {
		info, err = langevinStep[float32](l, s)
	} else {
		info, err = langevinStep[float64](l, s)
	}
	if err != nil {
		return Info{}, g.fail(err)
	}
	return info, nil
}

func (l *Langevin) settings() gradientSettings {
	return gradientSettings{"Langevin", l.Energy, l.Temperature, l.Clamp}
}

func (l *Langevin) check(g gradientSettings, s *State) error {
	if err := g.check(s); err != nil {
		return err
	}
	if err := checkPositive("StepSize", l.StepSize, s.Visible.Dtype(), ""); err != nil {
		return err
	}
	if err := checkPositive("Noise", l.Noise, s.Visible.Dtype(), "0 for √(2εT)"); err != nil {
		return err
	}
	if l.Noise != 0 && (l.Adjusted || l.Temperature != 0) {
		return fmt.Errorf("Noise is %g, which is no Langevin dynamics, want 0 with Adjusted or a Temperature: %w", l.Noise, energy.ErrConfig)
	}
	return nil
}

// langevinWork is the memory of a sampler and the step under way.
type langevinWork[T kernel.Float] struct {
	graphs             energyGraphs[T]
	standing, proposed point[T]
	propose            func(lo, hi int) // made once: a closure for each step would be an allocation
	n                  int
	size, noise        T
	uniform            [1]float64
	clamp              []bool
	draws              rng.Stream
	step               uint64
}

func langevinStep[T kernel.Float](l *Langevin, s *State) (Info, error) {
	w, ok := l.work.(*langevinWork[T])
	if !ok {
		w = new(langevinWork[T])
		w.propose = func(lo, hi int) {
			for i := lo; i < hi; i++ {
				w.proposeRow(i)
			}
		}
		l.work = w
	}
	w.standing.place(s.Visible)
	w.proposed.placeBeside(s.Visible)
	if err := w.graphs.evaluateState(l.Energy, &w.standing); err != nil {
		return Info{}, err
	}
	chains := s.Visible.Shape()[0]
	t := cmp.Or(l.Temperature, 1.0)
	w.n, w.size, w.noise = s.Visible.Shape()[1], T(l.StepSize), T(cmp.Or(l.Noise, math.Sqrt(2*l.StepSize*t)))
	w.clamp, w.draws, w.step = l.Clamp, rng.New(l.Seed, "langevin"), s.Step
	kernel.Parallel(chains, kernel.RowGrain(w.n), w.propose)
	if !l.Adjusted {
		for i, v := range w.proposed.values {
			if v-v != 0 {
				return Info{}, fmt.Errorf("row %d, column %d goes to %v, want a smaller StepSize than %g or an energy that grows: %w",
					i/w.n, i%w.n, v, l.StepSize, energy.ErrNotFinite)
			}
		}
		copy(w.standing.values, w.proposed.values)
		s.Step++
		return Info{}, nil
	}
	if err := w.graphs.evaluate(l.Energy, &w.proposed); err != nil {
		return Info{}, err
	}
	info := Info{Proposed: chains}
	for i := range chains {
		if accepts(w.draws.Row(i, w.step).Part(1), w.logRatio(i, t), w.uniform[:]) {
			copy(row(w.standing.values, i, w.n), row(w.proposed.values, i, w.n))
			info.Accepted++
		}
	}
	s.Step++
	return info, nil
}

// proposeRow writes x − ε ∂E/∂x + σz of chain i, its clamped columns as they are.
func (w *langevinWork[T]) proposeRow(i int) {
	x, slopes, to := row(w.standing.values, i, w.n), row(w.standing.slopes, i, w.n), row(w.proposed.values, i, w.n)
	rng.Normal(w.draws.Row(i, w.step).Part(0), to)
	for j, z := range to {
		to[j] = x[j] - w.size*slopes[j] + w.noise*z
	}
	for j, clamped := range w.clamp {
		if clamped {
			to[j] = x[j]
		}
	}
}

// logRatio is the logarithm of what chain i is accepted with: (E − E′)/T + log q(x|x′) − log q(x′|x).
func (w *langevinWork[T]) logRatio(i int, temperature float64) float64 {
	x, to := row(w.standing.values, i, w.n), row(w.proposed.values, i, w.n)
	slopes, slopesTo := row(w.standing.slopes, i, w.n), row(w.proposed.slopes, i, w.n)
	var forth, back float64
	size := float64(w.size)
	for j := range x {
		if w.clamp != nil && w.clamp[j] {
			continue
		}
		moved := float64(to[j]) - float64(x[j])
		f, b := moved+size*float64(slopes[j]), -moved+size*float64(slopesTo[j])
		forth += f * f
		back += b * b
	}
	return (float64(w.standing.energies[i])-float64(w.proposed.energies[i]))/temperature + (forth-back)/(4*size*temperature)
}

// accepts draws whether a proposal is accepted, with probability min(1, exp(logRatio)), or 0 where that is NaN or +Inf, which only an
// energy that is not finite makes of it. u is scratch for one number.
func accepts(at rng.Row, logRatio float64, u []float64) bool {
	rng.Uniform(at, u)
	return !math.IsInf(logRatio, 1) && u[0] < math.Exp(logRatio)
}
