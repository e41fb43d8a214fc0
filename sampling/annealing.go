package sampling

import (
	"context"
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// Tempered is a kernel whose temperature can be set between steps.
type Tempered interface {
	Kernel
	// SetTemperature sets T for the steps to come. It is an ErrConfig for a number that is not positive and finite.
	SetTemperature(t float64) error
}

// Annealing is a schedule of temperatures that fall from From to To by a constant factor,
//
//	T_k = From·(To/From)^(k/(K−1)),    k = 0 … K−1
//
// so that chains leave the shallow valleys of the energy while they are warm, and settle in deep ones as they cool. Package associative's
// Annealing recalls by the same schedule.
//
// Source: S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by Simulated Annealing", Science 220 (1983).
type Annealing struct {
	// From and To are the first and the last temperature, From above To above 0. They must be given.
	From, To float64
	// Temperatures is K; 0 means 20.
	Temperatures int
	// Steps are made at each temperature; 0 means 10.
	Steps int
}

// Anneal steps a kernel's chains on from a state through the temperatures of a schedule, of which the last stays set. It returns what all
// steps did together. When ctx ends it returns ctx's error, and the state stands where it got to. A schedule that cannot be is an
// ErrConfig; other errors are those of the kernel.
func Anneal(ctx context.Context, k Tempered, s *State, a Annealing) (Info, error) {
	var total Info
	if k == nil || s == nil {
		return total, fmt.Errorf("sampling: Anneal: no kernel or no state given: %w", energy.ErrConfig)
	}
	if a.Temperatures == 0 {
		a.Temperatures = 20
	}
	if a.Steps == 0 {
		a.Steps = 10
	}
	if err := a.check(); err != nil {
		return total, fmt.Errorf("sampling: Anneal: %w: %w", err, energy.ErrConfig)
	}
	for i := range a.Temperatures {
		if err := k.SetTemperature(a.From * math.Pow(a.To/a.From, float64(i)/float64(a.Temperatures-1))); err != nil {
			return total, err
		}
		info, err := Run(ctx, k, s, Schedule{BurnIn: a.Steps})
		total.Proposed += info.Proposed
		total.Accepted += info.Accepted
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (a Annealing) check() error {
	switch {
	case !(a.From > 0) || math.IsInf(a.From, 0) || !(a.To > 0):
		return fmt.Errorf("From is %g and To %g, want positive numbers", a.From, a.To)
	case a.From <= a.To:
		return fmt.Errorf("From is %g and To %g, want temperatures that fall", a.From, a.To)
	case a.Temperatures < 2:
		return fmt.Errorf("Temperatures is %d, want at least 2, or 0 for 20", a.Temperatures)
	case a.Steps < 1:
		return fmt.Errorf("Steps is %d, want at least 1, or 0 for 10", a.Steps)
	}
	return nil
}

// SetTemperature satisfies Tempered.
func (g *Gibbs) SetTemperature(t float64) error { return setTemperature(&g.Temperature, t, "Gibbs") }

func setTemperature(to *float64, t float64, name string) error {
	if !(t > 0) || math.IsInf(t, 0) {
		return fmt.Errorf("sampling: %s: SetTemperature: temperature is %g, want a positive number: %w", name, t, energy.ErrConfig)
	}
	*to = t
	return nil
}
