package main

import (
	"math"
	"math/big"
)

// The polynomials of the kernels interpolate at Chebyshev nodes, which comes within a small factor of the best polynomial of
// the degree. They are computed here in long arithmetic; the tests of package kernel measure what they err by.

// expTail is q in exp(r) = 1 + r + r²·q(r), log1pTail q in log(1 + t) = t + t²·q(t).
var (
	expTail32   = interpolate(expTail, -math.Ln2/2, math.Ln2/2, 4)
	expTail64   = interpolate(expTail, -math.Ln2/2, math.Ln2/2, 9)
	log1pTail32 = interpolate(log1pTail, 0, 1, 9)
	log1pTail64 = interpolate(log1pTail, 0, 1, 20)
	logTail32   = interpolate(log1pTail, math.Sqrt2/2-1, math.Sqrt2-1, 8)
	logTail64   = interpolate(log1pTail, math.Sqrt2/2-1, math.Sqrt2-1, 20)
)

// ln 2 as a float of each precision and the rest.
var (
	ln2Hi32, ln2Lo32 = parts(func(x float64) float64 { return float64(float32(x)) })
	ln2Hi64, ln2Lo64 = parts(func(x float64) float64 { return x })
)

func parts(round func(float64) float64) (hi, lo float64) {
	ln2 := add(bigOf(1), log1pTail(bigOf(1)))
	hi, _ = ln2.Float64()
	hi = round(hi)
	lo, _ = sub(ln2, bigOf(hi)).Float64()
	return hi, lo
}

const bigBits = 400

func bigOf(x float64) *big.Float     { return new(big.Float).SetPrec(bigBits).SetFloat64(x) }
func add(x, y *big.Float) *big.Float { return bigOf(0).Add(x, y) }
func sub(x, y *big.Float) *big.Float { return bigOf(0).Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return bigOf(0).Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return bigOf(0).Quo(x, y) }

// expTail returns (exp(r) − 1 − r)/r² = Σ_k r^k/(k+2)! for |r| < 1.
func expTail(r *big.Float) *big.Float {
	sum, term := bigOf(0), bigOf(0.5)
	for k := range 60 {
		sum = add(sum, term)
		term = quo(mul(term, r), bigOf(float64(k+3)))
	}
	return sum
}

// log1pTail returns (log(1 + t) − t)/t² for −0.3 < t ≤ 1, t ≠ 0, by log(1 + t) = 2 atanh(s), s = t/(2 + t).
func log1pTail(t *big.Float) *big.Float {
	s := quo(t, add(t, bigOf(2)))
	sum, power := bigOf(0), s
	for k := range 120 { // s² ≤ 1/9
		sum = add(sum, quo(power, bigOf(float64(2*k+1))))
		power = mul(power, mul(s, s))
	}
	return quo(sub(add(sum, sum), t), mul(t, t))
}

// interpolate returns the coefficients, lowest first, of the polynomial of a degree that equals f at the Chebyshev nodes of
// [lo, hi].
func interpolate(f func(*big.Float) *big.Float, lo, hi float64, degree int) []float64 {
	nodes, differences := make([]*big.Float, degree+1), make([]*big.Float, degree+1)
	for i := range nodes {
		z := math.Cos(math.Pi * (float64(i) + 0.5) / float64(degree+1))
		nodes[i] = bigOf((lo+hi)/2 + (hi-lo)/2*z)
		differences[i] = f(nodes[i])
	}
	for order := 1; order <= degree; order++ { // Newton's divided differences
		for i := degree; i >= order; i-- {
			differences[i] = quo(sub(differences[i], differences[i-1]), sub(nodes[i], nodes[i-order]))
		}
	}
	p := make([]*big.Float, degree+1) // Newton's form by Horner's rule: p ← p·(x − node) + difference
	for k := range p {
		p[k] = bigOf(0)
	}
	for i := degree; i >= 0; i-- {
		for k := degree; k > 0; k-- {
			p[k] = sub(p[k-1], mul(p[k], nodes[i]))
		}
		p[0] = sub(differences[i], mul(p[0], nodes[i]))
	}
	coefficients := make([]float64, degree+1)
	for k := range p {
		coefficients[k], _ = p[k].Float64()
	}
	return coefficients
}
