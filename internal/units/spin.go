package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Spin units take {−1, +1}: Γ = log 2cosh I, mean tanh I, variance 1 − tanh² I, U = 0. P(+1) = σ(2I).
var Spin = Kind{"Spin", spin[float32]{}, spin[float64]{}}

type spin[T kernel.Float] struct{ free[T] }

func (spin[T]) CGF(in, _ []T) T { return T(kernel.SumLogCosh2(in)) }

func (spin[T]) Mean(dst, in, _ []T) { kernel.Tanh(dst, in) }

func (spin[T]) Variance(dst, in, _ []T) { kernel.TanhGrad(dst, in, fill(dst, 1)) }

func (spin[T]) MeanGrad(dst, in, _, g []T) { kernel.TanhGrad(dst, in, g) }

func (spin[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	rng.Binary(draws, dst, in, nil, over(2, temperature), -1)
}

func (spin[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		dst[j] = T(math.Atanh(clamp(float64(m), 2*edge-1, 1-2*edge)))
	}
}

func (spin[T]) Invalid(x []T) int { return outside(x, -1, 1) }
