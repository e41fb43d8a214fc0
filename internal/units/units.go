// Package units holds the unit families: what a family must know of itself, one row of units at a time.
//
// A family is given by its base measure μ, and so by its cumulant generating function
//
//	Γ(I) = log ∫ exp(I·x) dμ(x),   mean Γ'(I),   variance Γ''(I),   own energy U(x) = −log dμ(x)/dx.
//
// Each family is one small file. What is built on top (free energies, conditional means, samplers) knows only this
// interface, so a new family brings all of them. Constants stay in Γ, so that log Z is the true one. Numbers
// are computed as package kernel says.
package units

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Family is a family of units in one precision. in, x, dst and g are rows of the same length; logVariance is log σ² of each
// unit, or nil where every σ² is 1 (only Gaussian units read it). dst may be in for Mean, and overlaps no other row.
type Family[T kernel.Float] interface {
	// CGF returns Σ_j Γ_j(in_j).
	CGF(in, logVariance []T) T
	// Mean sets dst = Γ'(in).
	Mean(dst, in, logVariance []T)
	// Variance sets dst = the variance of each unit given its input.
	Variance(dst, in, logVariance []T)
	// MeanGrad sets dst = Γ''(in)·g, with the full Hessian where units of a group are coupled.
	MeanGrad(dst, in, logVariance, g []T)
	// Energy returns Σ_j U_j(x_j).
	Energy(x, logVariance []T) T
	// EnergyGrad sets dst = U'(x)·g.
	EnergyGrad(dst, x, logVariance []T, g T)
	// Sample draws dst from p(x) ∝ exp((I·x − U(x))/temperature). The count measures of Binomial and Poisson units are not tempered: theirs
	// is p(x) ∝ exp(I·x/temperature − U(x)).
	Sample(dst, in, logVariance []T, temperature T, draws rng.Row)
	// Inverse sets dst to the inputs that give these means; means within 0.001 of the width of a range from its end, or within 0.001 of the end of a half line, count as that near.
	Inverse(dst, mean, logVariance []T)
	// Invalid returns the index of the first number that the family cannot take, or −1. Means are taken as well as states.
	Invalid(x []T) int
}

// Scaled is a family with a variance to learn: gradients with regard to s = log σ², which is not nil here, added to dst.
type Scaled[T kernel.Float] interface {
	CGFLogVarianceGrad(dst, in, logVariance []T, g T)
	MeanLogVarianceGrad(dst, in, logVariance, g []T)
	EnergyLogVarianceGrad(dst, x, logVariance []T, g T)
}

// Kind is a family in both precisions. Name tells it from every other family, its parameters included.
type Kind struct {
	Name string
	F32  Family[float32]
	F64  Family[float64]
}

// In returns the family of a kind in the precision T.
func In[T kernel.Float](k Kind) Family[T] {
	if f, ok := any(k.F32).(Family[T]); ok {
		return f
	}
	return any(k.F64).(Family[T])
}

// edge is how near to certainty Inverse goes: log-odds of ±6.9.
const edge = 1e-3

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// over returns a/temperature, but never an infinity, which would make a NaN of an input of 0.
func over[T kernel.Float](a, temperature T) T { return min(a/temperature, math.MaxFloat32) }

// fill sets all of dst to x and returns it.
func fill[T kernel.Float](dst []T, x T) []T {
	for j := range dst {
		dst[j] = x
	}
	return dst
}

// outside returns the index of the first x that is not in [lo, hi]; NaN is in no interval.
func outside[T kernel.Float](x []T, lo, hi T) int {
	if kernel.Min(x) >= lo && kernel.Max(x) <= hi { // as nearly always
		return -1
	}
	for i, v := range x {
		if !(v >= lo && v <= hi) {
			return i
		}
	}
	return -1
}

// negative returns the index of the first x that is not in [0, ∞).
func negative[T kernel.Float](x []T) int {
	if kernel.Min(x) >= 0 && kernel.AllFinite(x) { // as nearly always
		return -1
	}
	for i, v := range x {
		if !(v >= 0) || v-v != 0 {
			return i
		}
	}
	return -1
}

// free is embedded by the families whose own energy is zero.
type free[T kernel.Float] struct{}

func (free[T]) Energy(_, _ []T) T             { return 0 }
func (free[T]) EnergyGrad(dst, _, _ []T, _ T) { clear(dst) }
