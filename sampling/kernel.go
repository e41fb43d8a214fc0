package sampling

import (
	"context"
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// Kernel is a Markov transition of many chains at once that leaves a distribution as it is: Gibbs and its kin. A kernel
// keeps buffers between steps, so chains that run at the same time take one each. One of your own can be put to the test by
// package samplertest.
type Kernel interface {
	// Step moves every chain of the state once and counts the step: draws are a function of the kernel's seed, State.Step and
	// the chain. An error leaves the state as it was.
	Step(s *State) (Info, error)
}

// Info is what a step did, over all its chains.
type Info struct {
	// Proposed counts the moves that could have been refused, Accepted those that were not. Both are 0 for a kernel that
	// refuses nothing, such as Gibbs sampling.
	Proposed, Accepted int
}

// Acceptance is the share of moves that were accepted, NaN where none could be refused.
func (i Info) Acceptance() float64 {
	if i.Proposed == 0 {
		return math.NaN()
	}
	return float64(i.Accepted) / float64(i.Proposed)
}

// Schedule says how often the chains of a Run step, and when they are looked at.
type Schedule struct {
	BurnIn  int // steps before the first sample
	Samples int // how often the observers look
	Thin    int // steps from one sample to the next; 0 means 1
}

// Observer looks at chains as they go: Moments, Trace, or one of your own.
type Observer interface {
	// Observe sees the state at a sample. It must not change or keep the state's memory. An error ends the run.
	Observe(s *State) error
}

// Run steps a kernel's chains on from a state: BurnIn steps, and then Thin steps before each of the Samples looks of the observers.
// It returns what all steps did together. When ctx ends it returns ctx's error, and the state stands where it got to. A
// schedule that cannot be is an ErrConfig; other errors are those of Step and Observe.
func Run(ctx context.Context, k Kernel, s *State, schedule Schedule, observers ...Observer) (Info, error) {
	var total Info
	if k == nil || s == nil {
		return total, fmt.Errorf("sampling: Run: no kernel or no state given: %w", energy.ErrConfig)
	}
	if err := schedule.check(len(observers)); err != nil {
		return total, fmt.Errorf("sampling: Run: %w: %w", err, energy.ErrConfig)
	}
	steps := func(n int) error {
		for range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			info, err := k.Step(s)
			if err != nil {
				return err
			}
			total.Proposed += info.Proposed
			total.Accepted += info.Accepted
		}
		return nil
	}
	if err := steps(schedule.BurnIn); err != nil {
		return total, err
	}
	for range schedule.Samples {
		if err := steps(max(1, schedule.Thin)); err != nil {
			return total, err
		}
		for _, o := range observers {
			if err := o.Observe(s); err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

func (c Schedule) check(observers int) error {
	switch {
	case c.BurnIn < 0 || c.Samples < 0 || c.Thin < 0:
		return fmt.Errorf("BurnIn is %d, Samples %d and Thin %d, want none below 0", c.BurnIn, c.Samples, c.Thin)
	case c.Thin > 0 && c.Samples == 0:
		return fmt.Errorf("Thin is %d, which cannot take effect without Samples", c.Thin)
	case c.Samples == 0 && observers > 0:
		return fmt.Errorf("%d observers given, which look at nothing without Samples", observers)
	}
	return nil
}
