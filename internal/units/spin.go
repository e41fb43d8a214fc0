package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Spin units take {−1, +1}: Γ = log 2cosh I, mean tanh I, variance 1 − tanh² I, U = 0. P(+1) = σ(2I).
var Spin = Kind{"Spin", spin[float32]{}, spin[float64]{}}

type spin[T kernel.Float] struct{ free[T] }

func (spin[T]) CGF(in, _ []T) T {
	sum := 0.0
	for _, x := range in {
		sum += kernel.LogCosh2(float64(x))
	}
	return T(sum)
}

func (spin[T]) Mean(dst, in, _ []T) { kernel.Tanh(dst, in) }

func (spin[T]) Variance(dst, in, _ []T) {
	for j, x := range in {
		dst[j] = T(kernel.TanhSlope1(float64(x)))
	}
}

func (spin[T]) MeanGrad(dst, in, _, g []T) { kernel.TanhGrad(dst, in, g) }

func (spin[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	rng.Uniform(draws, dst)
	for j, u := range dst {
		dst[j] = T(outcome(float64(u), kernel.Sigmoid1(2*float64(in[j]/temperature)), -1))
	}
}

func (spin[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		dst[j] = T(math.Atanh(clamp(float64(m), 2*edge-1, 1-2*edge)))
	}
}

func (spin[T]) Invalid(x []T) int { return outside(x, -1, 1) }
