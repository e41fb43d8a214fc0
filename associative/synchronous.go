package associative

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
)

// Synchronous updates all units at once. For symmetric couplings, with or without a diagonal, it ends in a fixed point or in two states
// that alternate: −x(t)ᵀWx(t−1) − bᵀ(x(t) + x(t−1)) never rises, and where it stays the same every unit is as it was two updates before, or
// at a tie and at rest for good. The energy may rise.
//
// Source: E. Goles, J. Olivos, "Comportement périodique des fonctions à seuil binaires et applications", Discrete Applied Mathematics 3
// (1981).
type Synchronous struct {
	// MaxSweeps ends a recall that has come to no cycle; 0 means 100, 1 is recall in one step.
	MaxSweeps int
	// Clamped marks units, one each, that keep the values they are given. nil is none.
	Clamped []bool
}

func (d Synchronous) validate(n int) error {
	return cmp.Or(validSweeps("MaxSweeps", d.MaxSweeps), validClamped(n, d.Clamped))
}

func (d Synchronous) run(h *Hopfield, rows []*row) {
	all := make([]int, h.n)
	for i := range all {
		all[i] = i
	}
	Block{Blocks: [][]int{all}, MaxSweeps: d.MaxSweeps, Clamped: d.Clamped}.run(h, rows)
}

// Block updates the units of a block at once, one block after the other. Where no two units of a block are coupled, it is Asynchronous in
// another order, and as safe.
type Block struct {
	// Blocks hold every unit once.
	Blocks [][]int
	// MaxSweeps ends a recall that has come to no cycle; 0 means 100. A sweep updates every block once.
	MaxSweeps int
	// Clamped marks units, one each, that keep the values they are given. nil is none.
	Clamped []bool
}

func (d Block) validate(n int) error {
	if err := cmp.Or(validSweeps("MaxSweeps", d.MaxSweeps), validClamped(n, d.Clamped)); err != nil {
		return err
	}
	seen := make([]bool, n)
	for k, block := range d.Blocks {
		if len(block) == 0 {
			return fmt.Errorf("block %d is empty: %w", k, energy.ErrConfig)
		}
		for _, i := range block {
			if i < 0 || i >= n {
				return fmt.Errorf("block %d holds unit %d, want 0 to %d: %w", k, i, n-1, energy.ErrRange)
			}
			if seen[i] {
				return fmt.Errorf("unit %d stands in the blocks twice: %w", i, energy.ErrConfig)
			}
			seen[i] = true
		}
	}
	if i := slices.Index(seen, false); i >= 0 {
		return fmt.Errorf("unit %d stands in no block: %w", i, energy.ErrConfig)
	}
	return nil
}

func (d Block) run(h *Hopfield, rows []*row) {
	met := make([]*cycles[float64], len(rows))
	for k, r := range rows {
		met[k] = newCycles(r.x)
	}
	active, behind := slices.Clone(rows), make([]bool, len(rows))
	for range cmp.Or(d.MaxSweeps, defaultSweeps) {
		for _, block := range d.Blocks {
			each(h, active, func(r *row) { behind[r.number] = !r.together(h, block, d.Clamped) })
			sumAgain(h, active, behind)
		}
		each(h, active, func(r *row) {
			r.sweeps++
			r.note(h)
			r.cycle = met[r.number].after(r.x)
		})
		if active = slices.DeleteFunc(active, func(r *row) bool { return r.cycle != 0 }); len(active) == 0 {
			return
		}
	}
}

// together updates the units of a block from one state. Where many flip, their fields are left to a product of matrices: it returns false
// then, and the sums are still those of the state before.
func (r *row) together(h *Hopfield, block []int, clamped []bool) (summed bool) {
	var flips []int
	for _, i := range block {
		if (clamped == nil || !clamped[i]) && h.next(i, r.x[i], h.field(i, r.sums[i])) != r.x[i] {
			flips = append(flips, i)
		}
	}
	summed = len(flips) <= h.n/8
	for _, i := range flips {
		other := 1 + h.low() - r.x[i]
		if summed {
			r.set(h, i, other)
		} else {
			r.x[i] = other
		}
	}
	return summed
}

// sumAgain renews the sums of the rows that are behind.
func sumAgain(h *Hopfield, rows []*row, behind []bool) {
	var x []float64
	for _, r := range rows {
		if behind[r.number] {
			x = append(x, r.x...)
		}
	}
	sums := make([]float64, len(x))
	if len(x) > 0 {
		h.fieldsOf(sums, x)
	}
	for _, r := range rows {
		if behind[r.number] {
			sums = sums[copy(r.sums, sums):]
		}
	}
}
