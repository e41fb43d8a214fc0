package units

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Gaussian units take the real line: Γ = σ²I²/2 + ½ log 2πσ², mean σ²I, variance σ², U = x²/(2σ²). At temperature T the
// mean stays and the variance is Tσ².
var Gaussian = Kind{"Gaussian", gaussian[float32]{}, gaussian[float64]{}}

type gaussian[T kernel.Float] struct{}

var (
	_ Scaled[float32] = gaussian[float32]{}
	_ Scaled[float64] = gaussian[float64]{}
)

const log2Pi = 1.8378770664093454835606594728112352797228

// times sets dst = x·σ^(2·power), power 1 or −1. dst may be x.
func times[T kernel.Float](dst, x, logVariance []T, power T) {
	if logVariance == nil {
		copy(dst, x)
	} else {
		kernel.MultiplyExp(dst, x, logVariance, power)
	}
}

// squares returns Σ_j x_j²·σ_j^(2·power).
func squares[T kernel.Float](x, logVariance []T, power T) float64 {
	if logVariance == nil {
		return kernel.SumSquares(x, 0)
	}
	return kernel.SumSquaresExp(x, logVariance, power)
}

func (gaussian[T]) CGF(in, logVariance []T) T {
	return T((float64(len(in))*log2Pi + squares(in, logVariance, 1) + kernel.Total(logVariance)) / 2)
}

func (gaussian[T]) Mean(dst, in, logVariance []T) { times(dst, in, logVariance, 1) }

func (gaussian[T]) Variance(dst, _, logVariance []T) {
	if logVariance == nil {
		fill(dst, 1)
	} else {
		kernel.Exp(dst, logVariance)
	}
}

func (f gaussian[T]) MeanGrad(dst, _, logVariance, g []T) { f.Mean(dst, g, logVariance) }

func (gaussian[T]) Energy(x, logVariance []T) T { return T(squares(x, logVariance, -1) / 2) }

func (gaussian[T]) EnergyGrad(dst, x, logVariance []T, g T) {
	times(dst, x, logVariance, -1)
	kernel.Scale(dst, dst, g)
}

// ½g(σ²I² + 1)
func (gaussian[T]) CGFLogVarianceGrad(dst, in, logVariance []T, g T) {
	kernel.AddMultiplyExp(dst, in, in, logVariance, 1, g/2, g/2)
}

func (gaussian[T]) MeanLogVarianceGrad(dst, in, logVariance, g []T) {
	kernel.AddMultiplyExp(dst, in, g, logVariance, 1, 1, 0)
}

func (gaussian[T]) EnergyLogVarianceGrad(dst, x, logVariance []T, g T) {
	kernel.AddMultiplyExp(dst, x, x, logVariance, -1, -g/2, 0)
}

func (gaussian[T]) Sample(dst, in, logVariance []T, temperature T, draws rng.Row) {
	rng.Gaussian(draws, dst, in, logVariance, temperature)
}

func (gaussian[T]) Inverse(dst, mean, logVariance []T) { times(dst, mean, logVariance, -1) }

func (gaussian[T]) Invalid(x []T) int {
	if kernel.AllFinite(x) {
		return -1
	}
	for i, v := range x {
		if v-v != 0 { // NaN or infinite
			return i
		}
	}
	return -1
}
