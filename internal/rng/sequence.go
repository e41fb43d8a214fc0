package rng

import "github.com/harmonium-go/harmonium/internal/kernel"

// Sequence is an endless sequence of draws of one unit, for samplers that reject: how many a unit takes does not move the draws of
// another. It is a value on the stack of whoever draws.
type Sequence struct {
	next kernel.Address // the first block gives the first draw and the key of the others
	left [2]uint64
	have int
	used uint32
}

// Unit returns the sequence of unit j of the row. It depends on the address and on j only.
func (r Row) Unit(j int) Sequence {
	a, b, c, d := kernel.Philox(r.address, uint32(j))
	return Sequence{next: kernel.Address{c, d}, left: [2]uint64{uint64(a)<<32 | uint64(b)}, have: 1}
}

// Uniform returns the next draw from the open interval (0, 1), an odd multiple of 2^−54: neither it nor 1 minus it is 0.
func (s *Sequence) Uniform() float64 {
	if s.have == 0 {
		a, b, c, d := kernel.Philox(s.next, s.used)
		s.left, s.have = [2]uint64{uint64(c)<<32 | uint64(d), uint64(a)<<32 | uint64(b)}, 2
		s.used++
	}
	s.have--
	return (float64(s.left[s.have]>>11) + 0.5) * 0x1p-53
}
