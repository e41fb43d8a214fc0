package associative

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Rule makes a Hopfield network of patterns. Rules are plain values, whose fields are their settings.
type Rule interface {
	// Learn returns a network that is meant to have the patterns, a contiguous (P, n) tensor of −1 and 1, as stable states. Rules that take
	// long return context's error when it ends.
	// Errors: ErrShape, ErrDtype, ErrRange and ErrNotFinite for the patterns, ErrConfig for the settings.
	Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error)
	// String names the rule, for tables and legends.
	String() string
}

// patternsOf reads what a rule is to learn: (P, n) of ±1.
func patternsOf(rule Rule, patterns *tensor.Dense) (x []float64, p, n int, err error) {
	x, n, err = matrix.Spins(patterns, 0)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("associative: %v: Learn: patterns: %w", rule, err)
	}
	return x, len(x) / n, n, nil
}

// found makes the network of the couplings that a rule has come to.
func found(rule Rule, m []float64, n int, config HopfieldConfig) (*Hopfield, error) {
	if !kernel.AllFinite(m) || !kernel.AllFinite(config.Bias) {
		return nil, fmt.Errorf("associative: %v: Learn: couplings overflow, want a smaller Rate: %w", rule, energy.ErrNotFinite)
	}
	return learned(rule, m, n, 1, config)
}

// learned makes the network of m, times a scale.
func learned(rule Rule, m []float64, n int, scale float64, config HopfieldConfig) (*Hopfield, error) {
	if !kernel.AllFinite(m) {
		return nil, fmt.Errorf("associative: %v: Learn: couplings overflow: %w", rule, energy.ErrNotFinite)
	}
	h, err := newHopfield(m, n, scale, config)
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", rule, err)
	}
	return h, nil
}

// ended is the context's error where it has ended.
func ended(ctx context.Context, rule Rule) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("associative: %v: Learn: %w", rule, err)
	}
	return nil
}
