package kernel

import "math"

// The elementwise kernels in Go.

func expPlain[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(exp(float64(v)))
	}
}

func logPlain[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(log(float64(v)))
	}
}

func sigmoidPlain[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(sigmoid1(float64(v)))
	}
}

func softplusPlain[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(Softplus1(float64(v)))
	}
}

func tanhPlain[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(math.Tanh(float64(v)))
	}
}

func reluPlain[T Float](dst, x []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = max(v, 0)
	}
}

func sigmoidGradPlain[T Float](dst, x, g []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(float64(g[i]) * sigmoidSlope1(float64(v)))
	}
}

func softplusGradPlain[T Float](dst, x, g []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(float64(g[i]) * sigmoid1(float64(v)))
	}
}

func tanhGradPlain[T Float](dst, x, g []T) {
	for i, v := range x[:len(dst)] {
		dst[i] = T(float64(g[i]) * tanhSlope1(float64(v)))
	}
}

func reluGradPlain[T Float](dst, x, g []T) {
	for i, v := range x[:len(dst)] {
		// The bits of g under a mask: signs are as good as random, so a branch would be mispredicted half the time.
		mask := ^uint64(0)
		if v <= 0 {
			mask = 0
		}
		dst[i] = T(math.Float64frombits(math.Float64bits(float64(g[i])) & mask))
	}
}
