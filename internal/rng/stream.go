package rng

import (
	"math/rand/v2"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Stream is the random numbers of one purpose under one seed. The zero value is a stream of its own, equal to no New.
type Stream struct{ k0, k1 uint32 }

// New returns the stream of a seed for a purpose. Streams of different purposes are independent: the purpose is hashed
// into a counter and encrypted under the seed.
func New(seed uint64, purpose string) Stream {
	p := uint64(0xCBF29CE484222325) // FNV-1a, which in hash/fnv would allocate
	for i := range len(purpose) {
		p = (p ^ uint64(purpose[i])) * 0x100000001B3
	}
	k0, k1, _, _ := kernel.Philox(kernel.Address{uint32(seed), uint32(seed >> 32), uint32(p >> 32)}, uint32(p))
	return Stream{k0, k1}
}

// Row addresses the draws of one row at one step. Steps count to 2^48, rows to 2^32.
func (s Stream) Row(row int, step uint64) Row {
	return Row{kernel.Address{s.k0, s.k1, uint32(row), uint32(step), uint32(step>>32) & 0xFFFF}}
}

// Uint64 returns one 64-bit number for a step: a seed for something else.
func (s Stream) Uint64(step uint64) uint64 {
	a, b, _, _ := kernel.Philox(s.Row(0, step).address, 0)
	return uint64(a)<<32 | uint64(b)
}

// Perm returns the permutation of 0 … n−1 that belongs to a step: an epoch's shuffle, found again without saved state.
func (s Stream) Perm(n int, step uint64) []int {
	a, b, c, d := kernel.Philox(s.Row(0, step).address, 0)
	return rand.New(rand.NewPCG(uint64(a)<<32|uint64(b), uint64(c)<<32|uint64(d))).Perm(n)
}
