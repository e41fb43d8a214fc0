package kernel

// Uniform fills dst with the independent draws from [0, 1) of an address: 24 random bits in float32, 53 in float64, the same
// at every level. dst[j] depends on the address and on j only: in float32 it is 2⁻²⁴ times the upper 24 bits of word j, in
// float64 2⁻⁵³ times the upper 53 bits of words 2j (high) and 2j + 1.
func Uniform[T Float](dst []T, at Address) { tableOf[T]().uniform(dst, at) }

func uniformPlain[T Float](dst []T, at Address) {
	switch dst := any(dst).(type) {
	case []float32:
		uniform32(dst, at)
	case []float64:
		uniform64(dst, at)
	}
}

func uniform32(dst []float32, at Address) {
	const unit = 1.0 / (1 << 24)
	var block [4]uint32
	for j := range dst {
		if j%4 == 0 {
			block[0], block[1], block[2], block[3] = Philox(at, uint32(j/4))
		}
		dst[j] = float32(block[j%4]>>8) * unit
	}
}

func uniform64(dst []float64, at Address) {
	const unit = 1.0 / (1 << 53)
	var block [2]uint64
	for j := range dst {
		if j%2 == 0 {
			a, b, c, d := Philox(at, uint32(j/2))
			block[0], block[1] = uint64(a)<<32|uint64(b), uint64(c)<<32|uint64(d)
		}
		dst[j] = float64(block[j%2]>>11) * unit
	}
}
