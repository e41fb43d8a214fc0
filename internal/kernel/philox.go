package kernel

// Address is where a row of random words is found: the two words of a key, then words 1 to 3 of a counter. Word 0 numbers
// the blocks of the row, which are four words each. It is an alias, so that the assembly takes it as it is.
type Address = [5]uint32

// The multipliers and key increments of Philox4x32 (Salmon et al. 2011, Table 2 and section 4.3).
const (
	multiplier0 = 0xD2511F53
	multiplier1 = 0xCD9E8D57
	weyl0       = 0x9E3779B9
	weyl1       = 0xBB67AE85
	rounds      = 10
)

// Philox returns a block of the row at an address by Philox4x32-10: ten rounds of a keyed bijection on 128-bit counters.
//
// Reference: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
func Philox(at Address, block uint32) (uint32, uint32, uint32, uint32) {
	k0, k1, c0, c1, c2, c3 := at[0], at[1], block, at[2], at[3], at[4]
	for range rounds {
		p0, p1 := multiplier0*uint64(c0), multiplier1*uint64(c2)
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += weyl0
		k1 += weyl1
	}
	return c0, c1, c2, c3
}
