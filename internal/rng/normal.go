package rng

import "math"

// Normal fills dst with independent standard normal draws by the Box–Muller transform: two 32-bit words make a pair, so
// the largest magnitude is √(2·32·ln 2) ≈ 6.66. dst[j] depends on the address and on j only.
//
// Reference: G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29 (1958).
func Normal[T Float](r Row, dst []T) {
	var z [4]float64
	for j := range dst {
		if j%4 == 0 {
			a, b, c, d := r.block(j / 4)
			z[0], z[1] = boxMuller(a, b)
			z[2], z[3] = boxMuller(c, d)
		}
		dst[j] = T(z[j%4])
	}
}

func boxMuller(a, b uint32) (float64, float64) {
	const unit = 1.0 / (1 << 32)
	radius := math.Sqrt(-2 * math.Log((float64(a)+1)*unit)) // (0, 1]: the logarithm is finite
	sin, cos := math.Sincos(2 * math.Pi * float64(b) * unit)
	return radius * cos, radius * sin
}
