package modernhopfield

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
)

// maxSize bounds the sides of parameters, so that no product of sizes overflows.
const maxSize = 1 << 30

// checkNumbers refuses numbers that no layer can have.
func (c Config) checkNumbers() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"Input", c.Input}, {"Stored", c.Stored}, {"Projection", c.Projection}, {"Hidden", c.Hidden}, {"Pattern", c.Pattern},
		{"Output", c.Output}, {"Heads", c.Heads},
	} {
		if n.value < 0 || n.value > maxSize {
			return fmt.Errorf("%s is %d, want 1 to 2^30, or 0 for the default: %w", n.name, n.value, energy.ErrConfig)
		}
	}
	if c.Steps < 0 || c.Steps > maxSteps { // those of heads are looked at with their tolerances
		return fmt.Errorf("Steps is %d, want 0 to 2^20: %w", c.Steps, energy.ErrConfig)
	}
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"Tolerance", c.Tolerance}, {"InitDeviation", c.InitDeviation}, {"StoredEpsilon", c.StoredEpsilon}, {"StateEpsilon", c.StateEpsilon},
		{"ProjectionEpsilon", c.ProjectionEpsilon}, {"SpaceEpsilon", c.SpaceEpsilon},
	} {
		if !(x.value >= 0) || math.IsInf(x.value, 0) {
			return fmt.Errorf("%s is %g, want a positive number, or 0 for the default: %w", x.name, x.value, energy.ErrConfig)
		}
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("Dropout is %g, want at least 0 and less than 1: %w", c.Dropout, energy.ErrConfig)
	}
	if err := c.Separation.Validate(); err != nil {
		return fmt.Errorf("Separation: %w", err)
	}
	if err := c.Similarity.Validate(); err != nil {
		return fmt.Errorf("Similarity: %w", err)
	}
	if _, known := activations[c.Activation]; !known {
		return fmt.Errorf("Activation is %q, want relu, tanh, sigmoid, softplus or none: %w", c.Activation, energy.ErrConfig)
	}
	return nil
}

// checkEffects refuses settings that would take no effect, or cannot. The widths and norms of p are resolved, its other fields as given.
func (p *plan) checkEffects() error {
	projects := !p.StoredStatic || !p.StateStatic || !p.ProjectionStatic || !p.NoOutput
	for _, s := range []struct {
		useless bool
		text    string
	}{
		{p.Implicit && p.Similarity != energy.Dot && p.Similarity != energy.Euclidean, fmt.Sprintf("Implicit is set, but has no gradient with the similarity %v", p.Similarity)},
		{p.Implicit && p.updates == nil, "Implicit is set, but there are no updates"},
		{p.HeadTolerances != nil && p.updates == nil, "HeadTolerances are given, but there are no updates"},
		{p.Tolerance != 0 && p.updates == nil, "Tolerance is given, but there are no updates"},
		{p.NoBias && !projects, "NoBias is set, but nothing is projected"},
		{p.ProjectionConnected && p.StoredStatic, "ProjectionConnected is set, but stored patterns are static: they have no projection to connect with"},
		{p.BiasPattern && p.Hidden == 0, "BiasPattern is set, which needs the width of the patterns; Input is 0"},
	} {
		if s.useless {
			return fmt.Errorf("%s: %w", s.text, energy.ErrConfig)
		}
	}
	return nil
}
