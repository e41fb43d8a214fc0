package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Poisson units take the counts 0, 1, …: Γ = exp I, mean and variance exp I, U = log x!, in which the factorial is a gamma function
// between whole numbers, and +∞ below 0. At temperature T the input is I/T and the base measure 1/x! stays. Where exp I overflows, from
// I = 88.7 in float32 and from 709.8 in float64, Γ, mean and draws are +∞, which no unit takes: Invalid finds it.
//
// Source: M. Welling, M. Rosen-Zvi, G. Hinton, "Exponential Family Harmoniums with an Application to Information Retrieval", NIPS 2004.
var Poisson = Kind{"Poisson", poisson[float32]{}, poisson[float64]{}}

type poisson[T kernel.Float] struct{}

func (poisson[T]) CGF(in, _ []T) T { return T(kernel.SumExp(in, 0)) }

func (poisson[T]) Mean(dst, in, _ []T) { kernel.Exp(dst, in) }

func (poisson[T]) Variance(dst, in, _ []T) { kernel.Exp(dst, in) }

func (poisson[T]) MeanGrad(dst, in, _, g []T) { kernel.MultiplyExp(dst, g, in, 1) }

func (poisson[T]) Energy(x, _ []T) T {
	u := 0.0
	for _, v := range x {
		if v < 0 {
			u += math.Inf(1)
			continue
		}
		u += logFactorial(float64(v))
	}
	return T(u)
}

func (poisson[T]) EnergyGrad(dst, x, _ []T, g T) {
	for j, v := range x {
		dst[j] = g * T(kernel.Digamma(float64(v)+1))
	}
}

func (poisson[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	for j, x := range in {
		sequence := draws.Unit(j)
		dst[j] = T(poissonDraw(math.Exp(float64(x)/float64(temperature)), &sequence))
	}
}

// poissonDraw draws a count of a mean: one below 10 by going up the distribution, one above by transformed rejection. An infinite mean
// and NaN are returned.
func poissonDraw(mean float64, u *rng.Sequence) float64 {
	switch {
	case mean < 10:
		return poissonUp(mean, u)
	case mean-mean != 0: // NaN or infinite
		return mean
	}
	return poissonRejection(mean, u)
}

// poissonUp is inversion: it adds up p(0), p(1), … until they pass a uniform number.
func poissonUp(mean float64, u *rng.Sequence) float64 {
	left, p := u.Uniform(), math.Exp(-mean)
	k := 0.0
	for left > p {
		left -= p
		k++
		p *= mean / k
		if p < 0x1p-60 && k > mean { // rounding has left more than there is
			break
		}
	}
	return k
}

// poissonRejection is algorithm PTRS of W. Hörmann, "The Transformed Rejection Method for Generating Poisson Random Variables", Insurance:
// Mathematics and Economics 12 (1993), 39; for means from 10.
func poissonRejection(mean float64, u *rng.Sequence) float64 {
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	inverseAlpha := 1.1239 + 1.1328/(b-3.4)
	sure := 0.9277 - 3.6224/(b-2)
	for {
		x, v := u.Uniform()-0.5, u.Uniform()
		edge := 0.5 - math.Abs(x)
		k := math.Floor((2*a/edge+b)*x + mean + 0.43)
		if edge >= 0.07 && v <= sure {
			return k
		}
		if k < 0 || edge < 0.013 && v > edge {
			continue
		}
		if math.Log(v*inverseAlpha/(a/(edge*edge)+b)) <= logPoisson(k, mean) {
			return k
		}
	}
}

// logPoisson is log(mean^k exp(−mean)/k!). For large means, where that is a difference of numbers around mean·log mean, it is
// −mean·((1+e)·log(1+e) − e) − ½ log 2πk − 1/(12k) with e = k/mean − 1 (C. Loader, "Fast and Accurate Computation of Binomial
// Probabilities", 2000, with the first term of Stirling's series).
func logPoisson(k, mean float64) float64 {
	if mean < 1e5 || k < 1e4 {
		return k*math.Log(mean) - mean - logFactorial(k)
	}
	e := (k - mean) / mean
	return -mean*((1+e)*math.Log1p(e)-e) - (math.Log(k)+log2Pi)/2 - 1/(12*k)
}

func (poisson[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		dst[j] = T(math.Log(max(float64(m), edge)))
	}
}

func (poisson[T]) Invalid(x []T) int { return negative(x) }
