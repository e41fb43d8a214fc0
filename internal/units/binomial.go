package units

import (
	"fmt"
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Binomial returns the family of counts 0 … n, the sums of n Bernoulli units of one input: Γ = n·log(1 + exp I), mean nσ(I), variance
// nσ(I)σ(−I), U = −log C(n, x), in which factorials are gamma functions between whole numbers, and +∞ outside. At temperature T the
// input is I/T and the base measure C(n, x) stays.
//
// Source: M. Welling, M. Rosen-Zvi, G. Hinton, "Exponential Family Harmoniums with an Application to Information Retrieval", NIPS 2004.
func Binomial(n int) Kind {
	return Kind{fmt.Sprintf("Binomial(%d)", n), binomial[float32]{n}, binomial[float64]{n}}
}

type binomial[T kernel.Float] struct{ trials int }

func (f binomial[T]) CGF(in, _ []T) T { return T(float64(f.trials) * kernel.SumSoftplus(in)) }

func (f binomial[T]) Mean(dst, in, _ []T) {
	kernel.Sigmoid(dst, in)
	kernel.Scale(dst, dst, T(f.trials))
}

func (f binomial[T]) Variance(dst, in, _ []T) { kernel.SigmoidGrad(dst, in, fill(dst, T(f.trials))) }

func (f binomial[T]) MeanGrad(dst, in, _, g []T) {
	kernel.SigmoidGrad(dst, in, g)
	kernel.Scale(dst, dst, T(f.trials))
}

func (f binomial[T]) Energy(x, _ []T) T {
	n := float64(f.trials)
	all, u := logFactorial(n), 0.0
	for _, v := range x {
		k := float64(v)
		if k < 0 || k > n {
			u += math.Inf(1)
			continue
		}
		u += logFactorial(k) + logFactorial(n-k) - all
	}
	return T(u)
}

func (f binomial[T]) EnergyGrad(dst, x, _ []T, g T) {
	for j, v := range x {
		dst[j] = g * T(kernel.Digamma(float64(v)+1)-kernel.Digamma(float64(f.trials)-float64(v)+1))
	}
}

func (f binomial[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	for j, x := range in {
		sequence := draws.Unit(j)
		dst[j] = T(binomialDraw(float64(f.trials), float64(x)/float64(temperature), &sequence))
	}
}

// binomialDraw draws how many of n trials of log-odds in succeed. It counts the rarer outcome, of probability p = σ(−|in|): one of mean
// below 10 by going up the distribution, one above by transformed rejection.
func binomialDraw(n, in float64, u *rng.Sequence) float64 {
	if math.IsNaN(in) {
		return in
	}
	odds := math.Exp(-math.Abs(in)) // p/(1−p)
	var k float64
	if n*odds < 10*(1+odds) {
		k = binomialUp(n, odds, u)
	} else {
		k = binomialRejection(n, odds, u)
	}
	if in > 0 {
		return n - k
	}
	return k
}

// binomialUp is inversion: it adds up p(0), p(1), … until they pass a uniform number.
func binomialUp(n, odds float64, u *rng.Sequence) float64 {
	left, p := u.Uniform(), math.Exp(-n*math.Log1p(odds))
	k := 0.0
	for left > p && k < n {
		left -= p
		k++
		p *= odds * (n - k + 1) / k
		if p < 0x1p-60 && k > n*odds { // rounding has left more than there is
			break
		}
	}
	return k
}

// binomialRejection is algorithm BTRS of W. Hörmann, "The Generation of Binomial Random Variates", Journal of Statistical Computation and
// Simulation 46 (1993), 101; for n·p ≥ 10.
func binomialRejection(n, odds float64, u *rng.Sequence) float64 {
	p := odds / (1 + odds)
	deviation := math.Sqrt(n * p / (1 + odds))
	b := 1.15 + 2.53*deviation
	a := -0.0873 + 0.0248*b + 0.01*p
	c := n*p + 0.5
	alpha := (2.83 + 5.1/b) * deviation
	sure := 0.92 - 4.2/b
	mode := math.Floor((n + 1) * p)
	top := logFactorial(mode) + logFactorial(n-mode)
	for {
		x, v := u.Uniform()-0.5, u.Uniform()
		edge := 0.5 - math.Abs(x)
		k := math.Floor((2*a/edge+b)*x + c)
		if k < 0 || k > n {
			continue
		}
		if edge >= 0.07 && v <= sure {
			return k
		}
		if math.Log(v*alpha/(a/(edge*edge)+b)) <= top-logFactorial(k)-logFactorial(n-k)+(k-mode)*math.Log(odds) {
			return k
		}
	}
}

func (f binomial[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		p := clamp(float64(m)/float64(f.trials), edge, 1-edge)
		dst[j] = T(math.Log(p / (1 - p)))
	}
}

func (f binomial[T]) Invalid(x []T) int { return outside(x, 0, T(f.trials)) }

// logFactorial is log Γ(k+1), k ≥ 0.
func logFactorial(k float64) float64 {
	value, _ := math.Lgamma(k + 1)
	return value
}
