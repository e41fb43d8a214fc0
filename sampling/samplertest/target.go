package samplertest

import "math/rand/v2"

// Target is a distribution of rows (v, h) that kernels are held against: an [Enumeration], a [Sampler], or one of your own.
type Target interface {
	// Draw returns one exact draw, a row of the caller's.
	Draw(r *rand.Rand) []float64
	// Check returns an error if rows do not look like independent draws; for rows that are, with probability alpha at most.
	Check(rows [][]float64, alpha float64) error
}
