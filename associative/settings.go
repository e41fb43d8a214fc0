package associative

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/harmonium-go/harmonium/energy"
)

// How settings are checked, and what stands for those that are 0.

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

// defaultSweeps are made at most where a recall at temperature 0 does not say how many.
const defaultSweeps = 100

func validSweeps(name string, sweeps int) error {
	if sweeps < 0 {
		return fmt.Errorf("%s is %d, want at least 1, or 0 for %d: %w", name, sweeps, defaultSweeps, energy.ErrConfig)
	}
	return nil
}

// validEnumeration checks a number of units all of whose states are to be looked at.
func validEnumeration(n int) error {
	if 1<<min(n, 30) > energy.MaxStates {
		return fmt.Errorf("%d units, want at most %d, whose states can be enumerated: %w", n, bits.Len(energy.MaxStates)-1, energy.ErrConfig)
	}
	return nil
}

func validClamped(n int, clamped []bool) error {
	if clamped != nil && len(clamped) != n {
		return fmt.Errorf("Clamped has %d marks, want one for each of %d units: %w", len(clamped), n, energy.ErrShape)
	}
	return nil
}

// maxNumbers bounds how many numbers a setting can ask for, 128 GiB of them: a slip is an error, and not the end of the program.
const maxNumbers = 1 << 34

// validSize checks how many numbers a setting asks for, by its factors.
func validSize(what string, factors ...int) error {
	numbers := 1.0
	for _, f := range factors {
		numbers *= float64(f)
	}
	if numbers > maxNumbers {
		return fmt.Errorf("%s are %.3g numbers, want at most 2^34: %w", what, numbers, energy.ErrConfig)
	}
	return nil
}
