package kernel

import (
	popcount "math/bits" // bits is a function of the tests
	"sync"
)

// Hamming returns the number of bits in which a and b differ; b is at least as long as a. Two patterns of n spins ±1, packed a
// bit each, have the overlap Σ_i a_i·b_i = n − 2·Hamming(a, b), if the bits beyond the n-th are equal. The result is exact at
// every level.
func Hamming(a, b []uint64) int { return hamming(a, b[:len(a)]) }

// Hammings sets dst_i to the Hamming distance of a state and row i of patterns, which are rows of as many words as the state,
// packed.
func Hammings(dst []int, state, patterns []uint64) {
	words := len(state)
	j, ok := hammingJobs.Get().(*hammingJob)
	if !ok {
		j = new(hammingJob)
		j.run = func(lo, hi int) {
			n := len(j.state)
			for i := lo; i < hi; i++ {
				j.dst[i] = hamming(j.state, j.patterns[i*n:(i+1)*n])
			}
		}
	}
	j.dst, j.state, j.patterns = dst, state, patterns[:len(dst)*words]
	Parallel(len(dst), hammingGrain/max(words, 1), j.run)
	j.dst, j.state, j.patterns = nil, nil, nil
	hammingJobs.Put(j)
}

// hammingGrain is how many words are worth a goroutine.
const hammingGrain = 1 << 14

// hammingJob is a call of Hammings on its way to the workers; pooled, for a closure would be an allocation.
type hammingJob struct {
	dst             []int
	state, patterns []uint64
	run             func(lo, hi int) // bound once
}

var hammingJobs sync.Pool

// hamming is Hamming at the level at work, on slices of one length.
var hamming func(a, b []uint64) int

func hammingPlain(a, b []uint64) int {
	n := 0
	for i, x := range a {
		n += popcount.OnesCount64(x ^ b[i])
	}
	return n
}
