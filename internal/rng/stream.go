package rng

import (
	"hash/fnv"
	"math/rand/v2"
)

// Stream is the random numbers of one purpose under one seed. The zero value is a stream of its own, equal to no New.
type Stream struct{ k0, k1 uint32 }

// New returns the stream of a seed for a purpose. Streams of different purposes are independent: the purpose is hashed
// into a counter and encrypted under the seed.
func New(seed uint64, purpose string) Stream {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	p := h.Sum64()
	k0, k1, _, _ := philox(uint32(p), uint32(p>>32), 0, 0, uint32(seed), uint32(seed>>32))
	return Stream{k0, k1}
}

// Row addresses the draws of one row at one step. Steps count to 2^48, rows to 2^32.
func (s Stream) Row(row int, step uint64) Row {
	return Row{s, uint32(row), uint32(step), uint32(step>>32) & 0xFFFF}
}

// Uint64 returns one 64-bit number for a step: a seed for something else.
func (s Stream) Uint64(step uint64) uint64 {
	a, b, _, _ := philox(0, 0, uint32(step), uint32(step>>32)&0xFFFF, s.k0, s.k1)
	return uint64(a)<<32 | uint64(b)
}

// Perm returns the permutation of 0 … n−1 that belongs to a step: an epoch's shuffle, found again without saved state.
func (s Stream) Perm(n int, step uint64) []int {
	a, b, c, d := philox(0, 0, uint32(step), uint32(step>>32)&0xFFFF, s.k0, s.k1)
	return rand.New(rand.NewPCG(uint64(a)<<32|uint64(b), uint64(c)<<32|uint64(d))).Perm(n)
}

// Row is the address of the draws of one row of units at one step.
type Row struct {
	stream      Stream
	row, lo, hi uint32
}

// Part returns the address of part i of the row, independent of the other parts: joined groups of units draw from a part
// each. i must be below 2^16.
func (r Row) Part(i int) Row {
	r.hi |= uint32(i) << 16
	return r
}

func (r Row) block(i int) (uint32, uint32, uint32, uint32) {
	return philox(uint32(i), r.row, r.lo, r.hi, r.stream.k0, r.stream.k1)
}
