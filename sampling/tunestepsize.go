package sampling

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

var _, _, _ Tunable = (*Langevin)(nil), (*HMC)(nil), (*DiscreteLangevin)(nil)

// Tunable is a kernel of which smaller steps are accepted more often: *Langevin and *DiscreteLangevin that are Adjusted, and *HMC.
type Tunable interface {
	Kernel
	// tuned is the step size and what acceptance it is tuned to; nil for a kernel that refuses nothing.
	tuned() (size *float64, acceptance float64)
}

func (l *Langevin) tuned() (*float64, float64) {
	if !l.Adjusted {
		return nil, 0
	}
	return &l.StepSize, 0.574
}

func (h *HMC) tuned() (*float64, float64) { return &h.StepSize, 0.8 }

func (d *DiscreteLangevin) tuned() (*float64, float64) {
	if !d.Adjusted {
		return nil, 0
	}
	return &d.StepSize, 0.574
}

// Step m of the search goes gain·m^−decay times the lack of acceptance.
const (
	tuningGain  = 2
	tuningDecay = 0.6
)

// farthest bounds how far, as a factor, tuning goes from the first size: where every move is accepted whatever the size, there is no right one.
const farthest = 1e6

// TuneStepSize sets a kernel's StepSize so that a given share of its moves are accepted, and returns it. It belongs before the samples: the
// chains take as many steps, which is burn-in, and while the size moves they are no draws of p. Afterwards the size stands still.
//
// The search is Robbins and Monro's, log ε ← log ε + 2m^−0.6·(acceptance of step m − wanted), and ends at the mean of log ε over its
// second half. Each step counts the share of all chains, so two hundred steps of a hundred chains do well. acceptance 0 means 0.574 for
// Langevin and DiscreteLangevin and 0.8 for HMC. The size that the kernel has is where the search starts, and it goes a million times
// above or below at most: energies that are almost linear accept any α of DiscreteLangevin.
//
// Errors: ErrConfig for a kernel without adjustment or whose columns are all clamped, for fewer than one step, and for an
// acceptance that is no share; those of Step; and ctx's when it ends. The kernel then has the size that it had.
//
// Sources: H. Robbins, S. Monro, Annals of Mathematical Statistics 22 (1951); the mean: B. Polyak, A. Juditsky, SIAM J. Control and
// Optimization 30 (1992); the shares: G. Roberts, J. Rosenthal, J. R. Stat. Soc. B 60 (1998), and for HMC M. Hoffman, A. Gelman, JMLR 15 (2014).
func TuneStepSize(ctx context.Context, k Tunable, s *State, steps int, acceptance float64) (float64, error) {
	fail := func(err error) (float64, error) { return 0, fmt.Errorf("sampling: TuneStepSize: %w", err) }
	if k == nil {
		return fail(fmt.Errorf("no kernel given: %w", energy.ErrConfig))
	}
	size, usual := k.tuned()
	switch {
	case size == nil:
		return fail(fmt.Errorf("the kernel is not Adjusted and accepts every step: %w", energy.ErrConfig))
	case steps < 1:
		return fail(fmt.Errorf("%d steps, want at least 1: %w", steps, energy.ErrConfig))
	case acceptance != 0 && !(acceptance > 0 && acceptance < 1):
		return fail(fmt.Errorf("acceptance is %g, want between 0 and 1, or 0 for %g: %w", acceptance, usual, energy.ErrConfig))
	}
	target, first := cmp.Or(acceptance, usual), *size
	low, high := math.Log(first/farthest), math.Log(first*farthest)
	now, sum := math.Log(first), 0.0 // log ε, and its sum over the second half
	for m := 1; m <= steps; m++ {
		info, err := Run(ctx, k, s, Schedule{BurnIn: 1})
		if err == nil && info.Proposed == 0 {
			err = fmt.Errorf("sampling: TuneStepSize: nothing is proposed, all columns are clamped: %w", energy.ErrConfig)
		}
		if err != nil {
			*size = first
			return 0, err
		}
		now += tuningGain * math.Pow(float64(m), -tuningDecay) * (info.Acceptance() - target)
		now = min(max(now, low), high)
		if m > steps/2 {
			sum += now
		}
		*size = math.Exp(now)
	}
	*size = math.Exp(sum / float64(steps-steps/2))
	return *size, nil
}
