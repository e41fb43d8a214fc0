package training

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Box is projected descent onto a box: every step of the solver within is followed by
//
//	w ← min(max(w, −Bound), Bound)
//
// for all parameters. Moments and velocities are those of the solver, as if nothing had been clipped.
type Box struct {
	Solver Solver  // what makes the step; nil is an error
	Bound  float64 // positive and finite
}

var _ Solver = Box{}

// Name is "Box", with the name of the solver within.
func (c Box) Name() string {
	if c.Solver == nil {
		return "Box"
	}
	return "Box " + c.Solver.Name()
}

// New makes the Stepper. Its state is that of the solver within.
func (c Box) New() (*Stepper, error) {
	if c.Solver == nil {
		return nil, fmt.Errorf("training: Box: no Solver given, want SGD, Adam or AdamW: %w", energy.ErrConfig)
	}
	if !(c.Bound > 0) || math.IsInf(c.Bound, 1) {
		return nil, fmt.Errorf("training: Box: Bound is %v, want a finite positive number: %w", c.Bound, energy.ErrConfig)
	}
	within, err := c.Solver.New()
	if err != nil {
		return nil, err
	}
	s := newStepper(c.Name(), &box{within.rule, c.Bound}, within.rate)
	s.momentum, s.hasMomentum = within.momentum, within.hasMomentum
	return s, nil
}

// box is the rule of Box.
type box struct {
	rule
	bound float64
}

func (r *box) update32(s span[float32]) {
	r.rule.update32(s)
	project(s.w, float32(r.bound))
}

func (r *box) update64(s span[float64]) {
	r.rule.update64(s)
	project(s.w, r.bound)
}

// project leaves NaN as it is: the loop has to see it.
func project[T kernel.Float](w []T, bound T) {
	for i, x := range w {
		if x > bound {
			w[i] = bound
		} else if x < -bound {
			w[i] = -bound
		}
	}
}
