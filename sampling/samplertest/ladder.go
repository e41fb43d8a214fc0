package samplertest

import (
	"fmt"
	"math/rand/v2"
)

var _ Target = Ladder(nil)

// Ladder is for kernels whose chains have distributions of their own, such as the replicas of tempering: chain i is a draw of
// Ladder[i mod len]. All have the same columns.
type Ladder []Target

// Draw satisfies Target with a draw of the first; the functions of this package draw each chain's own.
func (l Ladder) Draw(r *rand.Rand) []float64 { return l[0].Draw(r) }

// Check satisfies Target: the chains of each distribution are looked at by themselves.
func (l Ladder) Check(rows [][]float64, alpha float64) error {
	for k, target := range l {
		var own [][]float64
		for i := k; i < len(rows); i += len(l) {
			own = append(own, rows[i])
		}
		if err := target.Check(own, alpha/float64(len(l))); err != nil {
			return fmt.Errorf("chains %d, %d, …: %w", k, k+len(l), err)
		}
	}
	return nil
}

// of is the distribution of a chain.
func of(target Target, chain int) Target {
	if l, ok := target.(Ladder); ok {
		return l[chain%len(l)]
	}
	return target
}
