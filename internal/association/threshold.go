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

// moment is what a pass over a block adds up for one query.
type moment struct{ value, slope, other, more float64 }

// solver is the search for one query's threshold.
type solver struct {
	lo, hi float64
	done   bool
}

const mostPasses = 200

// findThresholds leaves the stats of the group's queries.
func (t *task[T]) findThresholds() {
	units := t.blocks * t.chunks()
	t.moments, t.solvers = sized(t.moments, t.count*t.blocks), sized(t.solvers, t.count)
	kernel.Parallel(units, t.grain(), t.measuring)
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
		kernel.Parallel(units, t.grain(), t.summing)
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

// measure finds the largest and the least finite score of each query in each block, and how many are finite.
func (t *task[T]) measure(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for u := lo; u < hi; u++ {
		b, from, rows, n := t.at(u)
		z := memory[:rows*n]
		t.scores(z, t.first+from, rows, b)
		for r := range rows {
			m := moment{value: math.Inf(-1), slope: math.Inf(1)}
			for _, x := range z[r*n : (r+1)*n] {
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
			t.moments[(from+r)*t.blocks+b] = m
		}
	}
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

// sum adds up the function of each query's threshold and its derivative in each block.
func (t *task[T]) sum(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for u := lo; u < hi; u++ {
		b, from, rows, n := t.at(u)
		pending := false
		for r := range rows {
			pending = pending || !t.solvers[from+r].done
		}
		if !pending {
			continue
		}
		z := memory[:rows*n]
		t.scores(z, t.first+from, rows, b)
		for r := range rows {
			if !t.solvers[from+r].done {
				t.moments[(from+r)*t.blocks+b] = momentOf(t.curve(t.stat(t.first+from+r)), z[r*n:(r+1)*n])
			}
		}
	}
}

// momentOf adds up the function whose root is sought, less its constant, and its derivative.
func momentOf[T kernel.Float](f curve, scores []T) (m moment) {
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
	var value, slope float64
	for _, m := range t.moments[i*t.blocks:][:t.blocks] {
		value += m.value
		slope += m.slope
	}
	s, v := t.stat(t.first+i), &t.solvers[i]
	f := value - goal
	if f == 0 || math.IsNaN(f) {
		v.done = true
		return false
	}
	if f > 0 {
		v.lo = s.tau
	} else {
		v.hi = s.tau
	}
	next := s.tau - f/slope
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
	kernel.Parallel(t.blocks*t.chunks(), t.grain(), t.adding)
	for i := range t.count {
		norm := 0.0
		for _, m := range t.moments[i*t.blocks:][:t.blocks] {
			norm += m.value
		}
		if norm != 0 {
			t.stat(t.first + i).norm = norm
		}
	}
}

// add adds up the weights of Normmax in each block before they are divided by their sum.
func (t *task[T]) add(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for u := lo; u < hi; u++ {
		b, from, rows, n := t.at(u)
		z := memory[:rows*n]
		t.scores(z, t.first+from, rows, b)
		for r := range rows {
			f, m := t.curve(t.stat(t.first+from+r)), moment{}
			for _, x := range z[r*n : (r+1)*n] {
				m.value += f.weight(float64(x))
			}
			t.moments[(from+r)*t.blocks+b] = m
		}
	}
}
