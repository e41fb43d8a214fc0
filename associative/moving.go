package associative

import "github.com/harmonium-go/harmonium/internal/kernel"

// moving is the rows of a batch that have not come to rest. What they need lies packed, in their order, so that one matrix product
// a step serves all of them and none is made for the others.
type moving struct {
	rows  []int // their places in the batch
	stays []bool
}

func newMoving(rows int) *moving {
	m := &moving{rows: make([]int, rows), stays: make([]bool, rows)}
	for i := range m.rows {
		m.rows[i] = i
	}
	return m
}

// each calls f for every row, with its place among the moving ones and in the batch, on all cores: f touches its own row only. It
// returns whether the row stays. width is how many numbers f looks at.
func (m *moving) each(width int, f func(at, row int) (stays bool)) {
	kernel.Parallel(len(m.rows), kernel.RowGrain(width), func(lo, hi int) {
		for at := lo; at < hi; at++ {
			m.stays[at] = f(at, m.rows[at])
		}
	})
}

// drop packs rows of a width that belong to the moving ones: those that do not stay go.
func (m *moving) drop(packed []float64, width int) []float64 {
	kept := packed[:0]
	for at := range m.rows {
		if m.stays[at] {
			kept = append(kept, packed[at*width:(at+1)*width]...)
		}
	}
	return kept
}

// end forgets the rows that do not stay, after everything of theirs has been dropped.
func (m *moving) end() {
	kept := m.rows[:0]
	for at, row := range m.rows {
		if m.stays[at] {
			kept = append(kept, row)
		}
	}
	m.rows = kept
}
