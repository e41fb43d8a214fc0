package units

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const step = 1e-5 // of central differences: the truncation is about 1e-10 of a third derivative, the rounding 1e-11·|f|

// slope is the central difference of f along a direction.
func slope(f func(x []float64) float64, x, direction []float64) float64 {
	at := func(h float64) float64 {
		moved := make([]float64, len(x))
		for j := range x {
			moved[j] = x[j] + h*direction[j]
		}
		return f(moved)
	}
	return (at(step) - at(-step)) / (2 * step)
}

func unit(n, j int) []float64 {
	e := make([]float64, n)
	e[j] = 1
	return e
}

func dot(a, b []float64) (sum float64) {
	for j := range a {
		sum += a[j] * b[j]
	}
	return sum
}

// Γ' is the mean, Γ″ the variance, Γ″g what MeanGrad says, and EnergyGrad the slope of U.
func TestDerivatives(t *testing.T) {
	for _, f := range families {
		n, s := f.len(), f.logVariance
		g := rows(1, n, 1)[0]
		mean := func(x []float64) []float64 {
			return filled(n, func(d []float64) { f.kind.F64.Mean(d, x, s) })
		}
		for _, in := range append(rows(20, n, 4), rows(20, n, 0.3)...) {
			means := mean(in)
			scale := max(1, slices.Max(means))
			variances := filled(n, func(d []float64) { f.kind.F64.Variance(d, in, s) })
			meanGrad := filled(n, func(d []float64) { f.kind.F64.MeanGrad(d, in, s, g) })
			at := f.within(in)
			energyGrad := filled(n, func(d []float64) { f.kind.F64.EnergyGrad(d, at, s, 0.5) })
			for j := range n {
				e := unit(n, j)
				require.InDelta(t, slope(func(x []float64) float64 { return f.kind.F64.CGF(x, s) }, in, e), means[j], 1e-8*scale, f.kind.Name)
				require.InDelta(t, slope(func(x []float64) float64 { return mean(x)[j] }, in, e), variances[j], 1e-8*scale, f.kind.Name)
				require.InDelta(t, slope(func(x []float64) float64 { return mean(x)[j] }, in, g), meanGrad[j], 1e-8*scale, f.kind.Name)
				require.InDelta(t, slope(func(x []float64) float64 { return f.kind.F64.Energy(x, s) }, at, e)/2, energyGrad[j], 1e-8*scale, f.kind.Name)
			}
		}
	}
}

// The gradients with regard to log σ² are added to what is there.
func TestLogVarianceGradients(t *testing.T) {
	for _, f := range families {
		scaled, ok := f.kind.F64.(Scaled[float64])
		if f.logVariance == nil {
			continue
		}
		require.True(t, ok, f.kind.Name)
		scaled32 := f.kind.F32.(Scaled[float32])
		n, s := f.len(), f.logVariance
		for _, in := range rows(20, n, 2) {
			g := rows(1, n, 1)[0]
			check := func(what string, function func(s []float64) float64, gradient func(d []float64), gradient32 func(d []float32)) {
				got, got32 := make([]float64, n), make([]float32, n)
				for j := range got {
					got[j], got32[j] = float64(j+1), float32(j+1)
				}
				gradient(got)
				gradient32(got32)
				for j := range got {
					want := float64(j+1) + slope(function, s, unit(n, j))
					require.InDelta(t, want, got[j], 1e-8*max(1, math.Abs(want)), "%s: %s", f.kind.Name, what)
					require.InDelta(t, want, float64(got32[j]), 1e-6*max(1, math.Abs(want)), "%s: %s", f.kind.Name, what)
				}
			}
			check("CGF", func(s []float64) float64 { return 0.5 * f.kind.F64.CGF(in, s) },
				func(d []float64) { scaled.CGFLogVarianceGrad(d, in, s, 0.5) },
				func(d []float32) { scaled32.CGFLogVarianceGrad(d, to32(in), to32(s), 0.5) })
			check("Mean", func(s []float64) float64 { return dot(g, filled(n, func(d []float64) { f.kind.F64.Mean(d, in, s) })) },
				func(d []float64) { scaled.MeanLogVarianceGrad(d, in, s, g) },
				func(d []float32) { scaled32.MeanLogVarianceGrad(d, to32(in), to32(s), to32(g)) })
			check("Energy", func(s []float64) float64 { return 0.5 * f.kind.F64.Energy(in, s) },
				func(d []float64) { scaled.EnergyLogVarianceGrad(d, in, s, 0.5) },
				func(d []float32) { scaled32.EnergyLogVarianceGrad(d, to32(in), to32(s), 0.5) })
		}
	}
}

// Γ(I) = log ∫ exp(I·x − U(x)) dx, with the family's own U: by summation over states, and for the real line by the
// trapezoidal rule, which is exact to rounding for a Gaussian at a step of half a deviation.
func TestCGFIsTheIntegral(t *testing.T) {
	for _, f := range families {
		if f.laws != nil {
			continue // TestLawsAreTheFamilies
		}
		n, s := f.len(), f.logVariance
		for _, in := range rows(20, n, 3) {
			want, x := 0.0, make([]float64, n)
			var sum func(k, lo int) float64
			sum = func(k, lo int) float64 {
				if k == len(f.groups) {
					return math.Exp(dot(in, x) - f.kind.F64.Energy(x, s))
				}
				total, g := 0.0, f.groups[k]
				hi := lo + size(g)
				for _, state := range g {
					copy(x[lo:hi], state)
					total += sum(k+1, hi)
				}
				if g == nil {
					deviation := 1.0
					if s != nil {
						deviation = math.Exp(s[lo] / 2)
					}
					width := deviation / 2
					for i := -20; i <= 20; i++ {
						x[lo] = deviation*deviation*in[lo] + width*float64(i)
						total += sum(k+1, hi) * width
					}
				}
				return total
			}
			want = math.Log(sum(0, 0))
			require.InDelta(t, want, f.kind.F64.CGF(in, s), 1e-10, f.kind.Name)
		}
	}
}
