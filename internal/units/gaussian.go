package units

import (
	"math"

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

// variance returns σ² of unit j.
func variance[T kernel.Float](logVariance []T, j int) float64 {
	if logVariance == nil {
		return 1
	}
	return math.Exp(float64(logVariance[j]))
}

func (gaussian[T]) CGF(in, logVariance []T) T {
	sum := float64(len(in)) * log2Pi
	for j, x := range in {
		sum += variance(logVariance, j) * float64(x) * float64(x)
	}
	for _, s := range logVariance {
		sum += float64(s)
	}
	return T(sum / 2)
}

func (gaussian[T]) Mean(dst, in, logVariance []T) {
	for j, x := range in {
		dst[j] = T(variance(logVariance, j) * float64(x))
	}
}

func (gaussian[T]) Variance(dst, _, logVariance []T) {
	for j := range dst {
		dst[j] = T(variance(logVariance, j))
	}
}

func (f gaussian[T]) MeanGrad(dst, _, logVariance, g []T) { f.Mean(dst, g, logVariance) }

func (gaussian[T]) Energy(x, logVariance []T) T {
	sum := 0.0
	for j, x := range x {
		sum += float64(x) * float64(x) / variance(logVariance, j)
	}
	return T(sum / 2)
}

func (gaussian[T]) EnergyGrad(dst, x, logVariance []T, g T) {
	for j, x := range x {
		dst[j] = T(float64(x) / variance(logVariance, j) * float64(g))
	}
}

func (gaussian[T]) CGFLogVarianceGrad(dst, in, logVariance []T, g T) {
	for j, x := range in {
		dst[j] += T(float64(g) * (variance(logVariance, j)*float64(x)*float64(x) + 1) / 2)
	}
}

func (gaussian[T]) MeanLogVarianceGrad(dst, in, logVariance, g []T) {
	for j, x := range in {
		dst[j] += T(variance(logVariance, j) * float64(x) * float64(g[j]))
	}
}

func (gaussian[T]) EnergyLogVarianceGrad(dst, x, logVariance []T, g T) {
	for j, x := range x {
		dst[j] -= T(float64(g) * float64(x) * float64(x) / variance(logVariance, j) / 2)
	}
}

func (gaussian[T]) Sample(dst, in, logVariance []T, temperature T, draws rng.Row) {
	rng.Normal(draws, dst)
	for j, z := range dst {
		v := variance(logVariance, j)
		dst[j] = T(v*float64(in[j]) + math.Sqrt(v*float64(temperature))*float64(z))
	}
}

func (gaussian[T]) Inverse(dst, mean, logVariance []T) {
	for j, m := range mean {
		dst[j] = T(float64(m) / variance(logVariance, j))
	}
}

func (gaussian[T]) Invalid(x []T) int {
	for i, v := range x {
		if v-v != 0 { // NaN or infinite
			return i
		}
	}
	return -1
}
