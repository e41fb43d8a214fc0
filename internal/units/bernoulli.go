package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Bernoulli units take {0, 1}: Γ = log(1 + exp I), mean σ(I), variance σ(I)σ(−I), U = 0.
var Bernoulli = Kind{"Bernoulli", bernoulli[float32]{}, bernoulli[float64]{}}

type bernoulli[T kernel.Float] struct{ free[T] }

func (bernoulli[T]) CGF(in, _ []T) T { return T(kernel.SumSoftplus(in)) }

func (bernoulli[T]) Mean(dst, in, _ []T) { kernel.Sigmoid(dst, in) }

func (bernoulli[T]) Variance(dst, in, _ []T) { kernel.SigmoidGrad(dst, in, fill(dst, 1)) }

func (bernoulli[T]) MeanGrad(dst, in, _, g []T) { kernel.SigmoidGrad(dst, in, g) }

func (bernoulli[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	rng.Binary(draws, dst, in, nil, over(1, temperature), 0)
}

func (bernoulli[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		p := clamp(float64(m), edge, 1-edge)
		dst[j] = T(math.Log(p / (1 - p)))
	}
}

func (bernoulli[T]) Invalid(x []T) int { return outside(x, 0, 1) }
