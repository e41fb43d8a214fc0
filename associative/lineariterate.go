package associative

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// LinearIteration says how Linear.Iterate runs. The zero value keeps ties, for at most 100 steps.
type LinearIteration struct {
	// MinusAtZero makes a component whose field is 0 become −1. Otherwise it keeps its value.
	MinusAtZero bool
	// MaxSteps ends the run of a row that has met none of its earlier states; 0 means 100.
	MaxSteps int
}

// LinearIterated is what Linear.Iterate ends with, for each row.
type LinearIterated struct {
	States *tensor.Dense // (B, n) of ±1, in the dtype of the states given
	Steps  []int         // made, the last of which came to a state that had been met
	Cycle  []int         // in how many steps the state comes again: 1 for a fixed point, 0 if MaxSteps met no state twice
}

// Iterate repeats x ← sgn(xW), all components at once, until a state comes again, which it then does forever. x is (B, n) of ±1
// and W square. A symmetric W, such as those of auto-association, ends in fixed points and in cycles of two; another one may
// have cycles of any length. With W = XᵀX or X⁺X, which are positive semi-definite, there are fixed points only.
//
// Rows do not depend on each other. Errors: ErrShape, ErrDtype, ErrNotFinite, ErrRange, and ErrConfig for a W that is not square or
// MaxSteps below 0. Cost: n² a step of a row; the states that a row has met are kept, a bit a component.
//
// Sources: R. Rojas, "Neural Networks", 1996, § 12.1; E. Goles, J. Olivos, Discrete Math. 30 (1980) on cycles of two.
func (l *Linear) Iterate(x *tensor.Dense, it LinearIteration) (*LinearIterated, error) {
	fail := func(err error) (*LinearIterated, error) {
		return nil, fmt.Errorf("associative: Linear: Iterate: %w", err)
	}
	switch {
	case l.n != l.k:
		return fail(fmt.Errorf("W is (%d, %d), want a square matrix: %w", l.n, l.k, energy.ErrConfig))
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
	final := make([]float64, len(states))
	out := &LinearIterated{Steps: make([]int, rows), Cycle: make([]int, rows)}
	moving := newMoving(rows)
	states = append([]float64(nil), states...)
	met := make([]map[string]int, rows)
	for i := range met {
		met[i] = map[string]int{packedSigns(states[i*l.n : (i+1)*l.n]): 0}
	}
	for step := 1; len(moving.rows) > 0; step++ {
		fields := l.product(states)
		if !kernel.AllFinite(fields) {
			return fail(fmt.Errorf("xW is too large for float64: %w", energy.ErrNotFinite))
		}
		moving.each(l.n, func(at, row int) (stays bool) {
			state := states[at*l.n : (at+1)*l.n]
			toSigns(state, fields[at*l.n:(at+1)*l.n], it.MinusAtZero)
			out.Steps[row] = step
			key := packedSigns(state)
			before, again := met[row][key]
			if again {
				out.Cycle[row] = step - before
			}
			if again || step == it.MaxSteps {
				copy(final[row*l.n:(row+1)*l.n], state)
				return false
			}
			met[row][key] = step
			return true
		})
		states = moving.drop(states, l.n)
		moving.end()
	}
	out.States = matrix.Tensor(x.Dtype(), final, rows, l.n)
	return out, nil
}

// toSigns sets states to the signs of their fields. Where a field is 0 a state becomes −1 or stays.
func toSigns(states, fields []float64, minusAtZero bool) (changed bool) {
	for i, f := range fields {
		s := states[i]
		switch {
		case f > 0:
			s = 1
		case f < 0 || minusAtZero:
			s = -1
		}
		changed = changed || s != states[i]
		states[i] = s
	}
	return changed
}

// packedSigns is a state as a key, a bit a component.
func packedSigns(state []float64) string {
	bits := make([]byte, (len(state)+7)/8)
	for i, s := range state {
		if s > 0 {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return string(bits)
}
