// Package rng makes the random numbers of chains, masks and initial weights.
//
// Every draw is a pure function of (seed, purpose, row, step, unit): the counter-based generator Philox4x32-10 has no state
// that moves, so a chain needs to remember only its seed and its step, results do not depend on how many workers share the
// rows, and a run that is stopped and resumed draws what the uninterrupted run would have drawn.
//
// The generator itself and the kernels that fill rows stand in package kernel; here is what is drawn where:
//
//	key      (seed, purpose), mixed once by New
//	counter  word 0 the block of units, word 1 the row, words 2 and 3 the step (48 bits) and the part (16 bits)
//
// Reference: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
package rng
