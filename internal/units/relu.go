package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// ReLU units take [0, ∞): a standard normal moved to I and cut off at 0. U = x²/2, Γ = I²/2 + log(√(π/2)·erfc(−I/√2)), mean
// I + exp(−I²/2)/(√(π/2)·erfc(−I/√2)): a soft rectifier. At temperature T the normal that is cut off has mean I and variance T. U is +∞
// below 0.
//
// Source: J. Tubiana, R. Monasson, "Emergence of Compositional Representations in Restricted Boltzmann Machines", Physical Review
// Letters 118 (2017), 138301.
var ReLU = Kind{"ReLU", relu[float32]{}, relu[float64]{}}

type relu[T kernel.Float] struct{}

func (relu[T]) CGF(in, _ []T) T {
	sum := 0.0
	for _, x := range in {
		cgf, _, _ := kernel.TruncatedNormal(float64(x))
		sum += cgf
	}
	return T(sum)
}

func (relu[T]) Mean(dst, in, _ []T) {
	for j, x := range in {
		_, mean, _ := kernel.TruncatedNormal(float64(x))
		dst[j] = T(mean)
	}
}

func (relu[T]) Variance(dst, in, _ []T) {
	for j, x := range in {
		_, _, variance := kernel.TruncatedNormal(float64(x))
		dst[j] = T(variance)
	}
}

func (relu[T]) MeanGrad(dst, in, _, g []T) {
	for j, x := range in {
		_, _, variance := kernel.TruncatedNormal(float64(x))
		dst[j] = T(variance * float64(g[j]))
	}
}

func (relu[T]) Energy(x, _ []T) T {
	u := kernel.SumSquares(x, 0) / 2
	if kernel.Min(x) < 0 {
		u += math.Inf(1) // a NaN stays one
	}
	return T(u)
}

func (relu[T]) EnergyGrad(dst, x, _ []T, g T) { kernel.Scale(dst, x, g) }

func (relu[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	deviation := math.Sqrt(float64(temperature))
	for j, x := range in {
		sequence := draws.Unit(j)
		dst[j] = T(truncated(float64(x), deviation, &sequence))
	}
}

// truncated draws from the normal distribution of a mean and a deviation, cut off at 0. Above 0 it proposes from the whole normal and
// rejects what is below 0, at most every second draw. Below, with a = −mean/deviation, it proposes from the exponential of rate λ =
// (a + √(a²+4))/2 and accepts with probability exp(−(x−(λ−a))²/2), at least 0.76 (C. P. Robert, "Simulation of Truncated Normal Variables",
// Statistics and Computing 5 (1995), 121).
func truncated(mean, deviation float64, u *rng.Sequence) float64 {
	if math.IsNaN(mean) || math.IsInf(mean, 1) {
		return mean
	}
	if mean > 0 {
		for {
			radius, angle := math.Sqrt(-2*math.Log(u.Uniform())), math.Pi*u.Uniform() // half a turn: the cosine has both signs
			if x := mean + deviation*radius*math.Cos(angle); x >= 0 {
				return x
			}
		}
	}
	a := -mean / deviation
	above := 2 / (math.Hypot(a, 2) + a) // λ − a, which would be a difference of large numbers
	for {
		x := -math.Log(u.Uniform()) / (a + above)
		if d := x - above; u.Uniform() <= math.Exp(-d*d/2) {
			return deviation * x
		}
	}
}

// Inverse is Newton's method. Γ' is convex, so that from a start to the right of the root, which the second step is at the latest, it
// goes down to it.
func (relu[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		want := max(float64(m), edge)
		in := min(want, want-1/want)
		for range 50 {
			_, at, slope := kernel.TruncatedNormal(in)
			step := (at - want) / slope
			in -= step
			if math.Abs(step) <= 1e-15*max(1, math.Abs(in)) {
				break
			}
		}
		dst[j] = T(in)
	}
}

func (relu[T]) Invalid(x []T) int { return negative(x) }
