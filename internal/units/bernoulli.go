package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Bernoulli units take {0, 1}: Γ = log(1 + exp I), mean σ(I), variance σ(I)σ(−I), U = 0.
var Bernoulli = Kind{"Bernoulli", bernoulli[float32]{}, bernoulli[float64]{}}

type bernoulli[T kernel.Float] struct{ free[T] }

func (bernoulli[T]) CGF(in, _ []T) T {
	sum := 0.0
	for _, x := range in {
		sum += kernel.Softplus1(float64(x))
	}
	return T(sum)
}

func (bernoulli[T]) Mean(dst, in, _ []T) { kernel.Sigmoid(dst, in) }

func (bernoulli[T]) Variance(dst, in, _ []T) {
	for j, x := range in {
		dst[j] = T(kernel.SigmoidSlope1(float64(x)))
	}
}

func (bernoulli[T]) MeanGrad(dst, in, _, g []T) { kernel.SigmoidGrad(dst, in, g) }

func (bernoulli[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	rng.Uniform(draws, dst)
	for j, u := range dst {
		dst[j] = T(outcome(float64(u), kernel.Sigmoid1(float64(in[j]/temperature)), 0))
	}
}

func (bernoulli[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		p := clamp(float64(m), edge, 1-edge)
		dst[j] = T(math.Log(p / (1 - p)))
	}
}

func (bernoulli[T]) Invalid(x []T) int { return outside(x, 0, 1) }

// outcome is 1 with probability p and off otherwise, by a uniform draw u; NaN where p is NaN, so that no sampler hides it.
func outcome(u, p, off float64) float64 {
	switch {
	case u < p:
		return 1
	case p == p:
		return off
	}
	return p
}
