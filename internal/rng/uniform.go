package rng

// Float is the precision of a draw.
type Float interface{ float32 | float64 }

// Uniform fills dst with independent draws from [0, 1): 24 random bits in float32, 53 in float64. dst[j] depends on the
// address and on j only, not on len(dst).
func Uniform[T Float](r Row, dst []T) {
	switch dst := any(dst).(type) {
	case []float32:
		uniform32(r, dst)
	case []float64:
		uniform64(r, dst)
	}
}

func uniform32(r Row, dst []float32) {
	const unit = 1.0 / (1 << 24)
	var block [4]uint32
	for j := range dst {
		if j%4 == 0 {
			block[0], block[1], block[2], block[3] = r.block(j / 4)
		}
		dst[j] = float32(block[j%4]>>8) * unit
	}
}

func uniform64(r Row, dst []float64) {
	const unit = 1.0 / (1 << 53)
	var block [2]uint64
	for j := range dst {
		if j%2 == 0 {
			a, b, c, d := r.block(j / 2)
			block[0], block[1] = uint64(a)<<32|uint64(b), uint64(c)<<32|uint64(d)
		}
		dst[j] = float64(block[j%2]>>11) * unit
	}
}
