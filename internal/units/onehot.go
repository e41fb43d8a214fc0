package units

import (
	"fmt"
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// OneHot returns the Potts family of q states: groups of q numbers of which one is 1 and the others 0. For each group
// Γ = log Σ_k exp I_k, mean softmax(I), variance p(1 − p), U = 0.
func OneHot(q int) Kind {
	return Kind{fmt.Sprintf("OneHot(%d)", q), oneHot[float32]{states: q}, oneHot[float64]{states: q}}
}

type oneHot[T kernel.Float] struct {
	free[T]
	states int
}

// groups calls f with the bounds of each group of a row of n numbers.
func (f oneHot[T]) groups(n int, each func(lo, hi int)) {
	for lo := 0; lo < n; lo += f.states {
		each(lo, lo+f.states)
	}
}

// top returns the index of a group's largest input and Σ exp(I − I_top) over the others. The largest is kept apart, so
// that 1 − p loses nothing where p is nearly 1. A NaN input makes the sum NaN.
func top[T kernel.Float](group []T) (index int, others float64) {
	for k, x := range group {
		if x > group[index] {
			index = k
		}
	}
	for k, x := range group {
		if k != index {
			others += math.Exp(float64(x) - float64(group[index]))
		}
	}
	return index, others
}

func (f oneHot[T]) CGF(in, _ []T) T {
	sum := 0.0
	f.groups(len(in), func(lo, hi int) {
		best := float64(kernel.Max(in[lo:hi]))
		if !math.IsInf(best, 0) { // where it is, it is the result
			best += math.Log(kernel.SumExp(in[lo:hi], T(best)))
		}
		sum += best
	})
	return T(sum)
}

func (f oneHot[T]) Mean(dst, in, _ []T) { kernel.RowSoftmax(dst, in, len(in)/f.states, f.states) }

func (f oneHot[T]) Variance(dst, in, _ []T) {
	f.groups(len(in), func(lo, hi int) {
		k, others := top(in[lo:hi])
		total := 1 + others
		for j := lo; j < hi; j++ {
			e := math.Exp(float64(in[j]) - float64(in[lo+k]))
			rest := total - e
			if j == lo+k {
				rest = others
			}
			dst[j] = T(e / total * (rest / total))
		}
	})
}

func (f oneHot[T]) MeanGrad(dst, in, _, g []T) {
	f.Mean(dst, in, nil)
	f.groups(len(in), func(lo, hi int) {
		kernel.SoftmaxGrad(dst[lo:hi], dst[lo:hi], g[lo:hi], T(kernel.Dot(dst[lo:hi], g[lo:hi])), 1)
	})
}

func (f oneHot[T]) Sample(dst, in, _ []T, temperature T, draws rng.Row) {
	groups := len(in) / f.states
	rng.Uniform(draws, dst[:groups])
	// Group g's uniform number waits in dst[g]; going down, no group writes over one that is still to be read.
	for g := groups - 1; g >= 0; g-- {
		u, lo, hi := float64(dst[g]), g*f.states, (g+1)*f.states
		weights := dst[lo:hi]
		kernel.ShiftScale(weights, in[lo:hi], kernel.Max(in[lo:hi]), over(1, temperature))
		total := kernel.ExpSum(weights, weights, 0)
		if total != total { // NaN in, NaN out
			for j := range weights {
				weights[j] = T(total)
			}
			continue
		}
		chosen := choose(weights, u*total)
		clear(weights)
		weights[chosen] = 1
	}
}

// choose returns the first index up to which the weights sum to more than x, and that of the largest, 1, should rounding leave
// x above all sums.
func choose[T kernel.Float](weights []T, x float64) int {
	sum := 0.0
	for j, w := range weights {
		if sum += float64(w); x < sum {
			return j
		}
	}
	return slices.Index(weights, 1)
}

// Inverse gives one of the many inputs of these means: their logarithms.
func (f oneHot[T]) Inverse(dst, mean, _ []T) {
	for j, m := range mean {
		dst[j] = T(math.Log(max(float64(m), edge)))
	}
}

// groupTolerance is how far from 1 a group of means may sum: the rounding of float32 softmaxes.
const groupTolerance = 1e-4

func (f oneHot[T]) Invalid(x []T) int {
	bad := -1
	f.groups(len(x), func(lo, hi int) {
		if bad >= 0 {
			return
		}
		if i := outside(x[lo:hi], 0, 1); i >= 0 {
			bad = lo + i
		} else if math.Abs(float64(kernel.Sum(x[lo:hi]))-1) > groupTolerance {
			bad = lo
		}
	})
	return bad
}
