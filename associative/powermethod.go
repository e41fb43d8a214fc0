package associative

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// PowerMethod is the eigenvector automaton: a linear associator whose output is its next input,
//
//	x ← xW / |xW|
//
// The zero value makes at most 1,000 steps at tolerance 1e-10 and draws its start, if none is given, by seed 0.
//
// Almost every start goes to an eigenvector of the eigenvalue that is largest in size, xW = λx, the only pattern that such a network
// recalls: the dominant eigenvector is the attractor. Where several eigenvalues share that size there is none, and states may
// turn in a cycle: the rotation by 90° brings back every start after four steps.
//
// Sources: R. von Mises, H. Pollaczek-Geiringer, Z. Angew. Math. Mech. 9 (1929); R. Rojas, "Neural Networks", 1996, § 12.1.3.
type PowerMethod struct {
	MaxSteps int // ends a row that has come to nothing; 0 means 1,000
	// Tolerance says what is equal. A state is an eigenvector if |xW − λx| ≤ Tolerance·|W|, the Frobenius norm. It has come again if it
	// differs from what it was by at most Tolerance times |xW − λx| / |xW|, the sine of the angle that a step turns it by: a slow approach to
	// an eigenvector, of a negative eigenvalue too, is so no cycle. 0 means 1e-10.
	Tolerance float64
	Seed      uint64 // of the start that is drawn where none is given
}

// PowerResult is what PowerMethod.Run ends with, for each row.
type PowerResult struct {
	Vectors   *tensor.Dense // (B, n), of length 1, in the dtype of the starts
	Values    []float64     // λ = xWxᵀ, the Rayleigh quotient of the vector
	Residuals []float64     // |xW − λx|
	Steps     []int         // made
	// Eigenvector says that xW = λx up to the tolerance: of the dominant eigenvalue, unless the start had no part in its direction.
	Eigenvector []bool
	// Cycle is in how many steps the state comes again: 1 for an eigenvector, 2 for one of an eigenvalue below 0 by more than
	// the tolerance, whose sign each step turns over, or the length of a cycle of states that are none. 0 means that MaxSteps ended the row first.
	Cycle []int
}

// Run iterates from the rows of x, (B, n), none of them 0; nil stands for one row of normal draws. w is (n, n), any square matrix
// of real numbers, symmetric or not. As states are rows, the eigenvectors are those of wᵀ in the convention of columns.
//
// A vector of eigenvalue 0 is an eigenvector as well: with w = 0 every start is one. Rows do not depend on each other. Errors:
// ErrShape, ErrDtype, ErrNotFinite, ErrRange for a row of x that is 0, ErrConfig. Cost: n² a step of a row.
func (p PowerMethod) Run(w, x *tensor.Dense) (*PowerResult, error) {
	fail := func(err error) (*PowerResult, error) {
		return nil, fmt.Errorf("associative: PowerMethod: Run: %w", err)
	}
	weights, n, err := matrix.Of(w, 0)
	if err != nil {
		return fail(fmt.Errorf("w: %w", err))
	}
	if len(weights) != n*n {
		return fail(fmt.Errorf("w: shape %v, want a square matrix: %w", w.Shape(), energy.ErrShape))
	}
	if err := p.validate(x != nil); err != nil {
		return fail(err)
	}
	if x == nil {
		start := make([]float64, n)
		rng.Normal(rng.New(p.Seed, "power method").Row(0, 0), start)
		x = matrix.Tensor(w.Dtype(), start, 1, n)
	}
	starts, _, err := matrix.Of(x, n)
	if err != nil {
		return fail(fmt.Errorf("x: %w", err))
	}
	states := slices.Clone(starts)
	for i := range len(states) / n {
		if !normalise(states[i*n : (i+1)*n]) {
			return fail(fmt.Errorf("x: row %d is 0, want a direction: %w", i, energy.ErrRange))
		}
	}
	if p.MaxSteps == 0 {
		p.MaxSteps = 1000
	}
	if p.Tolerance == 0 {
		p.Tolerance = 1e-10
	}
	out, final := p.iterate(weights, states, n)
	if !kernel.AllFinite(out.Values) || !kernel.AllFinite(out.Residuals) {
		return fail(fmt.Errorf("w: an eigenvalue is too large for float64: %w", energy.ErrNotFinite))
	}
	out.Vectors = matrix.Tensor(x.Dtype(), final, len(final)/n, n)
	return out, nil
}

func (p PowerMethod) validate(given bool) error {
	switch {
	case p.MaxSteps < 0:
		return fmt.Errorf("MaxSteps is %d, want at least 1, or 0 for 1,000: %w", p.MaxSteps, energy.ErrConfig)
	case !(p.Tolerance >= 0 && p.Tolerance < 1):
		return fmt.Errorf("Tolerance is %g, want a number in (0, 1), or 0 for 1e-10: %w", p.Tolerance, energy.ErrConfig)
	case given && p.Seed != 0:
		return fmt.Errorf("Seed is %d, but the starts are given and nothing is drawn: %w", p.Seed, energy.ErrConfig)
	}
	return nil
}

// iterate runs starts of length 1, which it uses up, and returns the last states.
//
// Cycles are found by Brent's method: the state at steps 0, 1, 3, 7, … is kept, and the first later state that equals it closes the
// cycle. That needs the memory of one state, and no bound on the length but MaxSteps.
func (p PowerMethod) iterate(weights, states []float64, n int) (*PowerResult, []float64) {
	// A power of two takes the size out of W without rounding, so that no product overflows.
	_, exponent := math.Frexp(max(kernel.Max(weights), -kernel.Min(weights)))
	w := make([]float64, n*n)
	for i, v := range weights {
		w[i] = math.Ldexp(v, -exponent)
	}
	enough := p.Tolerance * math.Sqrt(kernel.SumSquares(w, 0))

	rows := len(states) / n
	out := &PowerResult{
		Values: make([]float64, rows), Residuals: make([]float64, rows),
		Steps: make([]int, rows), Eigenvector: make([]bool, rows), Cycle: make([]int, rows),
	}
	final := make([]float64, len(states))
	kept, since, span := slices.Clone(states), 0, 1
	images := make([]float64, len(states))
	moving := newMoving(rows)
	for step := 0; len(moving.rows) > 0; step++ {
		images = images[:len(states)]
		kernel.Gemm(false, false, len(moving.rows), n, n, 1, states, n, w, n, false, images, n)
		moving.each(n, func(at, row int) (stays bool) {
			state, image, mark := states[at*n:(at+1)*n], images[at*n:(at+1)*n], kept[at*n:(at+1)*n]
			value := kernel.Dot(state, image)
			residual := distance(image, state, value)
			out.Eigenvector[row] = residual <= enough
			switch {
			case out.Eigenvector[row] && value < -enough:
				out.Cycle[row] = 2
			case out.Eigenvector[row]:
				out.Cycle[row] = 1
			case since > 0 && distance(state, mark, 1)*math.Sqrt(kernel.SumSquares(image, 0)) <= p.Tolerance*residual:
				out.Cycle[row] = since
			}
			if out.Cycle[row] != 0 || step == p.MaxSteps {
				copy(final[row*n:(row+1)*n], state)
				out.Steps[row] = step
				out.Values[row], out.Residuals[row] = math.Ldexp(value, exponent), math.Ldexp(residual, exponent)
				return false
			}
			if since == span {
				copy(mark, state)
			}
			copy(state, image)
			normalise(state)
			return true
		})
		if since == span {
			since, span = 0, 2*span
		}
		since++
		states, kept = moving.drop(states, n), moving.drop(kept, n)
		moving.end()
	}
	return out, final
}

// normalise gives x length 1, unless it is 0. The largest component is taken out first, so that squares do not overflow.
func normalise(x []float64) bool {
	largest := max(kernel.Max(x), -kernel.Min(x))
	if largest == 0 {
		return false
	}
	for i := range x {
		x[i] /= largest
	}
	length := math.Sqrt(kernel.SumSquares(x, 0))
	for i := range x {
		x[i] /= length
	}
	return true
}

// distance is |x − factor·y|.
func distance(x, y []float64, factor float64) float64 {
	sum := 0.0
	for i, v := range x {
		d := v - factor*y[i]
		sum += d * d
	}
	return math.Sqrt(sum)
}
