package association

import "github.com/harmonium-go/harmonium/internal/kernel"

// moment is what a pass over the scores of a block adds up for one query.
type moment struct{ value, slope, other, more float64 }

// purpose says what a pass adds up.
type purpose int

const (
	toBracket   purpose = iota // see extremes
	toSearch                   // see curve: the function whose root is sought; queries that have theirs are left out
	toNormalise                // the weights of Normmax before they are divided by their sum
	toConjugate                // see conjugate
)

// pass fills the moments of the group's queries in each block.
func (t *task[T]) pass(p purpose) {
	t.purpose, t.moments = p, sized(t.moments, t.count*t.blocks)
	kernel.Parallel(t.blocks*t.chunks(), t.grain(), t.passing)
}

// passOver is the pass over some chunks of blocks.
func (t *task[T]) passOver(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for u := lo; u < hi; u++ {
		b, from, rows, n := t.at(u)
		if !t.concerns(from, rows) {
			continue
		}
		z := memory[:rows*n]
		t.scores(z, t.first+from, rows, b)
		for r := range rows {
			if t.concerns(from+r, 1) {
				t.moments[(from+r)*t.blocks+b] = t.moment(t.stat(t.first+from+r), z[r*n:(r+1)*n])
			}
		}
	}
}

// concerns reports whether the pass is for one of some queries, counted from the group's first.
func (t *task[T]) concerns(from, rows int) bool {
	if t.purpose != toSearch {
		return true
	}
	for _, s := range t.solvers[from : from+rows] {
		if !s.done {
			return true
		}
	}
	return false
}

// moment is what the scores z of a query add up to in a block.
func (t *task[T]) moment(s *stat[T], z []T) (m moment) {
	switch t.purpose {
	case toBracket:
		return extremes(z)
	case toSearch:
		return search(t.curve(s), z)
	case toNormalise:
		f := t.curve(s)
		for _, x := range z {
			m.value += f.weight(float64(x))
		}
		return m
	}
	return t.conjugate(s, z)
}

// collect adds up the moments of query i of the group, block after block.
func (t *task[T]) collect(i int) (m moment) {
	for _, x := range t.moments[i*t.blocks:][:t.blocks] {
		m.value += x.value
		m.slope += x.slope
		m.other += x.other
		m.more += x.more
	}
	return m
}
