package training

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// SGD is stochastic gradient descent, with η the rate, μ the momentum and g the gradient:
//
//	Momentum 0:            w ← w − η g
//	Momentum μ:            v ← μ v − η g,  w ← w + v
//	Momentum μ, Nesterov:  v ← μ v − η g,  w ← w + μ v − η g
//
// The first form with momentum is the classical one (Polyak 1964; Sutskever, Martens, Dahl and Hinton, "On the
// importance of initialization and momentum in deep learning", ICML 2013, eq. 1 and 2). Nesterov's (eq. 3 and 4 there)
// takes the gradient at the point θ + μ v that the velocity leads to. Here w is that point, so that the gradient at w
// is the one it wants; the form above follows by substituting w = θ + μ v with μ constant (Bengio, Boulanger-Lewandowski
// and Pascanu, "Advances in optimizing recurrent networks", ICASSP 2013).
type SGD struct {
	Rate     float64 // η, positive; 0 is an error
	Momentum float64 // μ in [0, 1); 0 is none, and then Stepper.SetMomentum has nothing to change
	Nesterov bool    // the look-ahead form; without Momentum it cannot take effect and is an error
}

var _ Solver = SGD{}

// Name is "SGD".
func (c SGD) Name() string { return "SGD" }

// New makes the Stepper. Its state is one array a parameter, the velocity v, and none if Momentum is 0.
func (c SGD) New() (*Stepper, error) {
	if err := checkRate("SGD", c.Rate); err != nil {
		return nil, err
	}
	if !(c.Momentum >= 0 && c.Momentum < 1) {
		return nil, fmt.Errorf("training: SGD: Momentum is %v, want 0 ≤ Momentum < 1: %w", c.Momentum, energy.ErrConfig)
	}
	if c.Nesterov && c.Momentum == 0 {
		return nil, fmt.Errorf("training: SGD: Nesterov is set with Momentum 0, where it has no effect: want Momentum > 0: %w", energy.ErrConfig)
	}
	s := newStepper("SGD", &sgd{heavy: c.Momentum > 0, nesterov: c.Nesterov}, c.Rate)
	s.momentum, s.hasMomentum = c.Momentum, c.Momentum > 0
	return s, nil
}

// isPlain reports whether a solver does no more than w ← w − η g.
func isPlain(s Solver) bool {
	c, ok := s.(SGD)
	return ok && c.Momentum == 0
}

// checkRate checks the field Rate of a solver.
func checkRate(solver string, rate float64) error {
	if !(rate > 0) || math.IsInf(rate, 1) {
		return fmt.Errorf("training: %s: Rate is %v, want a finite positive number: %w", solver, rate, energy.ErrConfig)
	}
	return nil
}

// sgd is the rule of SGD.
type sgd struct {
	heavy, nesterov bool
	rate, momentum  float64
}

func (r *sgd) arrays() int {
	if r.heavy {
		return 1
	}
	return 0
}

func (r *sgd) begin(_ uint64, rate, momentum float64) { r.rate, r.momentum = rate, momentum }
func (r *sgd) update32(s span[float32])               { descend(r, s) }
func (r *sgd) update64(s span[float64])               { descend(r, s) }

func descend[T kernel.Float](r *sgd, s span[T]) {
	rate, mu := T(r.rate), T(r.momentum)
	switch {
	case !r.heavy:
		kernel.Descend(s.w, s.g, rate)
	case r.nesterov:
		kernel.Nesterov(s.w, s.a, s.g, rate, mu)
	default:
		kernel.Momentum(s.w, s.a, s.g, rate, mu)
	}
}
