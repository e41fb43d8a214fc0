package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// The thresholds of Entmax, Normmax and Subsets are roots of decreasing functions of τ, x as in curve:
//
//	Entmax   Σ x^(1/(α−1)) − 1     Normmax   Σ x^(γ/(γ−1)) − 1     Subsets   Σ min(x, 1) − k
//
// They are found by Newton's method within a bracket, from the left, τ = −1, where the largest score alone gives Σ = 1: if the
// others lie far enough below it they give exactly 0, and the weights are exactly those of one pattern. The first two functions
// are convex for α ≤ 2 and for every γ, so that no step goes too far; the sparsemax ends after finitely many.

// solver is the search for one query's threshold.
type solver struct {
	lo, hi float64
	done   bool
}

const mostPasses = 200

// findThresholds leaves the stats of the group's queries.
func (t *task[T]) findThresholds() {
	t.solvers = sized(t.solvers, t.count)
	t.pass(toBracket)
	pending := 0
	for i := range t.count {
		if t.bracket(i) {
			pending++
		}
	}
	for range mostPasses {
		if pending == 0 {
			break
		}
		t.pass(toSearch)
		pending = 0
		for i := range t.count {
			if !t.solvers[i].done && t.advance(i) {
				pending++
			}
		}
	}
	if t.rule.Kind == Normmax {
		t.findNorms()
	}
}

// extremes finds the largest and the least finite score, and how many are finite.
func extremes[T kernel.Float](z []T) moment {
	m := moment{value: math.Inf(-1), slope: math.Inf(1)}
	for _, x := range z {
		switch x := float64(x); {
		case math.IsInf(x, -1):
		case math.IsNaN(x):
			m.value = x
			m.other++
		default:
			if !(x <= m.value) && !math.IsNaN(m.value) {
				m.value = x
			}
			m.slope = min(m.slope, x)
			m.other++
		}
	}
	return m
}

// bracket starts the search for query i of the group. It reports whether there is one.
func (t *task[T]) bracket(i int) bool {
	top, least, finite := math.Inf(-1), math.Inf(1), 0.0
	for _, m := range t.moments[i*t.blocks:][:t.blocks] {
		if math.IsNaN(m.value) || m.value > top {
			top = m.value
		}
		least = min(least, m.slope)
		finite += m.other
	}
	s := t.stat(t.first + i)
	*s = stat[T]{shift: T(top), tau: -1, norm: 1}
	v := &t.solvers[i]
	*v = solver{lo: -1, done: top-top != 0} // there is no score, or one of +Inf or NaN: the weights show it
	if t.rule.Kind == Subsets {
		v.lo = math.Min(least-top, 0) - 1
		if finite <= float64(t.rule.K) {
			s.tau, v.done = -math.MaxFloat64, true
		}
	}
	return !v.done
}

// search adds up the function whose root is sought, less its constant, and its derivative.
func search[T kernel.Float](f curve, scores []T) (m moment) {
	for _, z := range scores {
		x := f.above(float64(z))
		if x <= 0 {
			continue
		}
		switch f.kind {
		case Subsets:
			m.value += math.Min(x, 1)
			if x < 1 {
				m.slope--
			}
		case Normmax:
			w := raise(x, f.power)
			m.value += w * x
			m.slope -= (f.power + 1) * w
		default:
			w := raise(x, f.power)
			m.value += w
			m.slope -= f.power * w / x
		}
	}
	return m
}

// advance takes a step for query i of the group. It reports whether the search goes on.
func (t *task[T]) advance(i int) bool {
	goal := 1.0
	if t.rule.Kind == Subsets {
		goal = float64(t.rule.K)
	}
	m, s, v := t.collect(i), t.stat(t.first+i), &t.solvers[i]
	f := m.value - goal
	if f == 0 || math.IsNaN(f) {
		v.done = true
		return false
	}
	if f > 0 {
		v.lo = s.tau
	} else {
		v.hi = s.tau
	}
	next := s.tau - f/m.slope
	if !(next > v.lo && next < v.hi) { // also where the derivative is 0
		if math.Abs(f) <= 0x1p-50*goal { // the root lies within the rounding of the threshold
			v.done = true
			return false
		}
		next = v.lo + (v.hi-v.lo)/2
	}
	v.done = next == s.tau || !(next > v.lo && next < v.hi)
	s.tau = next
	return !v.done
}

// findNorms sets the sums by which the weights of Normmax are divided.
func (t *task[T]) findNorms() {
	t.pass(toNormalise)
	for i := range t.count {
		if norm := t.collect(i).value; norm != 0 {
			t.stat(t.first + i).norm = norm
		}
	}
}
