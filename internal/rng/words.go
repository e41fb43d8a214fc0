package rng

import "github.com/harmonium-go/harmonium/internal/kernel"

// Words fills dst with random bits. dst[j] depends on the address and on j only, not on len(dst).
func Words(r Row, dst []uint64) {
	for j := 0; j < len(dst); j += 2 {
		a, b, c, d := kernel.Philox(r.address, uint32(j/2))
		dst[j] = uint64(a)<<32 | uint64(b)
		if j+1 < len(dst) {
			dst[j+1] = uint64(c)<<32 | uint64(d)
		}
	}
}
