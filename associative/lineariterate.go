package associative

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// LinearIteration says how Linear.Iterate runs. The zero value keeps ties, for at most 100 steps.
type LinearIteration struct {
	Ties Ties // what a component becomes whose field is 0
	// MaxSteps ends the run of a row that has come to no cycle; 0 means 100.
	MaxSteps int
}

// LinearIterated is what Linear.Iterate ends with, for each row.
type LinearIterated struct {
	States *tensor.Dense // (B, n) of ±1, in the dtype of the states given
	Steps  []int         // made, until a state came again
	Cycle  []int         // in how many steps it comes again: 1 for a fixed point, 0 if MaxSteps ended the row first
}

// Iterate repeats x ← sgn(xW), all components at once, until a state comes again, which it then does forever. x is (B, n) of ±1
// and W square. A symmetric W, such as those of auto-association, ends in fixed points and in cycles of two; another one may
// have cycles of any length. With W = XᵀX or X⁺X, which are positive semi-definite, there are fixed points only.
//
// Rows do not depend on each other. Errors: ErrShape, ErrDtype, ErrNotFinite, ErrRange, and ErrConfig for a W that is not square and
// for settings that are not known. Cost: n² a step of a row.
//
// Sources: R. Rojas, "Neural Networks", 1996, § 12.1; E. Goles, J. Olivos, Discrete Applied Mathematics 3 (1981) on cycles of two.
func (l *Linear) Iterate(x *tensor.Dense, it LinearIteration) (*LinearIterated, error) {
	fail := func(err error) (*LinearIterated, error) {
		return nil, fmt.Errorf("associative: Linear: Iterate: %w", err)
	}
	switch {
	case l.n != l.k:
		return fail(fmt.Errorf("W is (%d, %d), want a square matrix: %w", l.n, l.k, energy.ErrConfig))
	case it.Ties != Keep && it.Ties != Minus:
		return fail(fmt.Errorf("%v is not known: %w", it.Ties, energy.ErrConfig))
	case it.MaxSteps < 0:
		return fail(fmt.Errorf("MaxSteps is %d, want at least 1, or 0 for 100: %w", it.MaxSteps, energy.ErrConfig))
	case it.MaxSteps == 0:
		it.MaxSteps = 100
	}
	states, _, err := matrix.Spins(x, l.n)
	if err != nil {
		return fail(fmt.Errorf("x: %w", err))
	}
	rows := len(states) / l.n
	states, final := slices.Clone(states), make([]float64, len(states))
	out := &LinearIterated{Steps: make([]int, rows), Cycle: make([]int, rows)}
	moving, met := newMoving(rows), make([]*cycles[float64], rows)
	for i := range met {
		met[i] = newCycles(states[i*l.n : (i+1)*l.n])
	}
	for step := 1; len(moving.rows) > 0; step++ {
		fields := l.product(states)
		if !kernel.AllFinite(fields) {
			return fail(fmt.Errorf("xW is too large for float64: %w", energy.ErrNotFinite))
		}
		moving.each(l.n, func(at, row int) (stays bool) {
			state := states[at*l.n : (at+1)*l.n]
			toSigns(state, fields[at*l.n:(at+1)*l.n], l.reach, it.Ties)
			out.Steps[row], out.Cycle[row] = step, met[row].after(state)
			if out.Cycle[row] == 0 && step < it.MaxSteps {
				return true
			}
			copy(final[row*l.n:(row+1)*l.n], state)
			return false
		})
		states = moving.drop(states, l.n)
		moving.end()
	}
	out.States = matrix.Tensor(x.Dtype(), final, rows, l.n)
	return out, nil
}

// toSigns sets states to the signs of their fields, of which one within reach of rounding counts as 0.
func toSigns(states, fields, reach []float64, ties Ties) (changed bool) {
	for i, f := range fields {
		s := states[i]
		switch {
		case f > reach[i]:
			s = 1
		case f < -reach[i] || ties == Minus:
			s = -1
		}
		changed = changed || s != states[i]
		states[i] = s
	}
	return changed
}
