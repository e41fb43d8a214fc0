package associative

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// What the rules that descend a cost have in common: how their settings are checked.

// sharesOf returns the weights of p patterns, which add up to 1.
func sharesOf(importance []float64, p int) ([]float64, error) {
	if importance != nil && len(importance) != p {
		return nil, fmt.Errorf("Importance has %d numbers for %d patterns: %w", len(importance), p, energy.ErrShape)
	}
	shares, total := make([]float64, p), 0.0
	for mu := range shares {
		shares[mu] = 1
		if importance != nil {
			shares[mu] = importance[mu]
		}
		switch a := shares[mu]; {
		case a-a != 0:
			return nil, fmt.Errorf("Importance %d is %v, want a finite number: %w", mu, a, energy.ErrNotFinite)
		case a < 0:
			return nil, fmt.Errorf("Importance %d is %v, want at least 0: %w", mu, a, energy.ErrRange)
		}
		total += shares[mu]
	}
	if total == 0 || math.IsInf(total, 0) {
		return nil, fmt.Errorf("Importance adds up to %v, want a number above 0: %w", total, energy.ErrRange)
	}
	for mu := range shares {
		shares[mu] /= total
	}
	return shares, nil
}

// or fills a default in.
func or[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}

// validPositive checks a number for which 0 stands for a default.
func validPositive(name string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s is %g, want a number above 0, or 0 for what is usual: %w", name, v, energy.ErrConfig)
	}
	return nil
}

// validCount checks a count for which 0 stands for a default.
func validCount(name string, v int) error {
	if v < 0 {
		return fmt.Errorf("%s is %d, want at least 1, or 0 for what is usual: %w", name, v, energy.ErrConfig)
	}
	return nil
}

// found makes the network of the couplings that a rule has come to.
func found(rule Rule, m []float64, n int, config HopfieldConfig) (*Hopfield, error) {
	if !kernel.AllFinite(m) || !kernel.AllFinite(config.Bias) {
		return nil, fmt.Errorf("associative: %v: Learn: couplings overflow, want a smaller Rate: %w", rule, energy.ErrNotFinite)
	}
	h, err := newHopfield(m, n, 1, config)
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", rule, err)
	}
	return h, nil
}

// outer adds factor·Σ_k weight_k x_k x_kᵀ to m, rows x_k of n spins, and leaves m symmetric with a zero diagonal.
func outer(m []float64, n int, factor float64, x, weights []float64) {
	weighted := make([]float64, len(x))
	for k, a := range weights {
		kernel.Scale(weighted[k*n:(k+1)*n], x[k*n:(k+1)*n], a)
	}
	kernel.Gemm(true, false, n, n, len(weights), factor, x, n, weighted, n, true, m, n)
	clearDiagonal(m, n)
	symmetrize(m, n)
}

// weightedSum adds factor·Σ_k weight_k x_k to sum.
func weightedSum(sum []float64, n int, factor float64, x, weights []float64) {
	for k, a := range weights {
		kernel.Axpy(factor*a, x[k*n:(k+1)*n], sum)
	}
}
