package sampling

import (
	"fmt"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Series of numbers, one a chain, are what the diagnostics judge: those that a Trace has recorded.

// checkSeries returns the length of series, or what is wrong with them.
func checkSeries(what string, chains [][]float64, least int) (length int, err error) {
	if len(chains) == 0 {
		return 0, fmt.Errorf("sampling: %s: no chains given, want a series of each: %w", what, energy.ErrShape)
	}
	length = len(chains[0])
	for i, x := range chains {
		if len(x) != length || len(x) < least {
			return 0, fmt.Errorf("sampling: %s: chain %d has %d samples, chain 0 %d; want as many of each, and at least %d: %w",
				what, i, len(x), length, least, energy.ErrShape)
		}
		if !kernel.AllFinite(x) {
			return 0, fmt.Errorf("sampling: %s: chain %d: %w", what, i, energy.ErrNotFinite)
		}
	}
	return length, nil
}

// centred returns the series less the mean of all their numbers, and zeros where those are all equal.
func centred(chains [][]float64, length int) [][]float64 {
	first, sum := chains[0][0], 0.0
	for _, x := range chains { // relative to the first, so that equal numbers are seen to be equal
		for _, v := range x {
			sum += v - first
		}
	}
	shift := sum / float64(len(chains)*length)
	all := make([][]float64, len(chains))
	for i, x := range chains {
		all[i] = make([]float64, length)
		for j, v := range x {
			all[i][j] = (v - first) - shift
		}
	}
	return all
}
