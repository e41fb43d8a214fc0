package modernhopfield

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

const maxSteps = 1 << 20

// resolveUpdates says how states are updated.
func (p *plan) resolveUpdates() error {
	steps, tolerances := p.HeadSteps, p.HeadTolerances
	if steps != nil && (len(steps) != p.Heads || p.Steps != 0) || tolerances != nil && (len(tolerances) != p.Heads || p.Tolerance != 0) {
		return fmt.Errorf("HeadSteps are %d and Steps is %d, HeadTolerances are %d and Tolerance is %g, want one of each of the %d heads, or the number for all alone: %w",
			len(steps), p.Steps, len(tolerances), p.Tolerance, p.Heads, energy.ErrConfig)
	}
	// What is not given for each head is one for all, and Steps 0 means what −1 does in HeadSteps where there is a tolerance.
	s := op.SettleConfig{Steps: p.Steps, Tolerance: p.Tolerance, HeadSteps: steps, HeadTolerances: tolerances, Implicit: p.Implicit}
	if steps == nil && p.Steps == 0 && tolerances != nil {
		s.HeadSteps = make([]int, p.Heads)
		for h, tolerance := range tolerances {
			if tolerance > 0 {
				s.HeadSteps[h] = -1
			}
		}
	}
	updated := false
	for h := range max(1, len(s.HeadSteps), len(tolerances)) {
		most, tolerance := p.Steps, p.Tolerance
		if tolerances != nil {
			tolerance = tolerances[h]
		}
		if s.HeadSteps != nil {
			most = s.HeadSteps[h]
		} else if most == 0 && tolerance > 0 {
			most = -1
		}
		if most < -1 || most > maxSteps || !(tolerance >= 0) || math.IsInf(tolerance, 0) || most == -1 && tolerance == 0 {
			return fmt.Errorf("head %d has %d steps and a tolerance of %g, want 0 to 2^20 steps, or −1 and a tolerance: %w", h, most, tolerance, energy.ErrConfig)
		}
		if p.Implicit && most != 0 && tolerance == 0 {
			return fmt.Errorf("Implicit is set, but head %d has no tolerance, so that no update ends at a fixed point: %w", h, energy.ErrConfig)
		}
		updated = updated || most != 0
	}
	if updated {
		p.updates = &s
	}
	return nil
}
