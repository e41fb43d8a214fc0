package associative

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Linear is a linear associator: one matrix W (n, k) that maps a row x of n numbers to xW. What it associates is W's business:
// patterns with others (hetero-association), with themselves (auto-association, n = k), or with the codes of classes (pattern
// recognition, see Classify). Correlation, Pseudoinverse and Descent learn W, NewLinear takes any.
//
// A Linear does not change once it is made: it may be used by many goroutines.
//
// Sources: T. Kohonen, "Correlation Matrix Memories", IEEE Trans. Computers C-21 (1972); J. A. Anderson, Math. Biosciences 14 (1972);
// R. Rojas, "Neural Networks", Springer 1996, ch. 12.
type Linear struct {
	n, k      int
	w         []float64 // (n, k)
	reach     []float64 // how far from 0 rounding can bring a component of xW that is 0, for ±1 in x
	rank      int       // of the patterns that Pseudoinverse learned; 0 for another rule
	projector bool      // W is the orthogonal projector of Pseudoinverse(x, x)
}

// NewLinear makes an associator of a given W, a contiguous (n, k) tensor of float32 or float64, which is copied.
// Errors: ErrShape, ErrDtype, ErrNotFinite.
func NewLinear(w *tensor.Dense) (*Linear, error) {
	numbers, k, err := matrix.Of(w, 0)
	if err != nil {
		return nil, fmt.Errorf("associative: NewLinear: W: %w", err)
	}
	return newLinear(slices.Clone(numbers), len(numbers)/k, k), nil
}

func newLinear(w []float64, n, k int) *Linear {
	return &Linear{n: n, k: k, w: w, reach: reachOf(w, make([]float64, k))}
}

// reachOf returns how far from 0 rounding can bring fields xW + bias that are 0, for x of ±1: the bound of Hopfield networks.
func reachOf(w, bias []float64) []float64 {
	k := len(bias)
	reach := make([]float64, k)
	for i, v := range w {
		reach[i%k] += math.Abs(v) * 0x1p-44 // before the sum, which might overflow
	}
	for j, b := range bias {
		reach[j] += math.Abs(b) * 0x1p-44
	}
	return reach
}

// W returns a copy of W, (n, k), in float64.
func (l *Linear) W() *tensor.Dense { return matrix.Tensor(tensor.Float64, slices.Clone(l.w), l.n, l.k) }

// Rank returns the rank of the patterns x as Pseudoinverse found it: the number of their singular values above its tolerance. It is
// 0 for an associator that was learned in another way.
func (l *Linear) Rank() int { return l.rank }

// Map returns xW, (B, k), for rows x, (B, n), of any numbers, in their dtype.
// Errors: ErrShape, ErrDtype, ErrNotFinite. Cost: one product.
func (l *Linear) Map(x *tensor.Dense) (*tensor.Dense, error) {
	_, out, err := l.of("Map", x)
	if err != nil {
		return nil, err
	}
	return matrix.Tensor(x.Dtype(), out, len(out)/l.k, l.k), nil
}

// Recall returns sgn(xW), (B, k) of ±1, for rows x, (B, n), in one step. x may hold any numbers, such as 0 for what is not known.
// A component of xW that is 0 becomes −1: an output has no state of its own that it could keep. W of whole numbers and bipolar x
// make that case exact; a component within 2⁻⁴⁴ of the sizes that rounded numbers add up to is taken as 0, see Ties.
//
// At a stored x_p the correlation matrix recalls the component y_pj if its crosstalk does not outweigh it, see Crosstalk.
// Errors: ErrShape, ErrDtype, ErrNotFinite. Cost: one product.
func (l *Linear) Recall(x *tensor.Dense) (*tensor.Dense, error) {
	rows, out, err := l.of("Recall", x)
	if err != nil {
		return nil, err
	}
	reach := make([]float64, l.k)
	for b := range len(out) / l.k {
		row, fields := rows[b*l.n:(b+1)*l.n], out[b*l.k:(b+1)*l.k]
		kernel.Scale(reach, l.reach, max(kernel.Max(row), -kernel.Min(row)))
		toSigns(fields, fields, reach, Minus)
	}
	return matrix.Tensor(x.Dtype(), out, len(out)/l.k, l.k), nil
}

// Hopfield makes the network of a square W, whose Synchronous recall is the iteration x ← sgn(xW). The diagonal that associators have
// must be permitted by SelfCoupling, and a W that is not symmetric by Asymmetric. With W = XᵀX or X⁺X, which are positive semi-definite,
// iteration ends in fixed points only. Errors: ErrConfig for a W that is not square; those of NewHopfield.
func (l *Linear) Hopfield(config HopfieldConfig) (*Hopfield, error) {
	err := error(nil)
	if l.n != l.k {
		err = fmt.Errorf("W is (%d, %d), want a square matrix: %w", l.n, l.k, energy.ErrConfig)
	}
	var h *Hopfield
	if err == nil {
		h, err = newHopfield(l.w, l.n, 1, config)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: Linear: Hopfield: %w", err)
	}
	return h, nil
}

// Classify returns, for each row of x, (B, n), the column of the largest component of xW: the class, if the rows of y had a column a
// class, 1 for their own and 0 or −1 for the others. A row whose largest component stands in several columns is not recognised and
// gets −1. Errors: ErrShape, ErrDtype, ErrNotFinite. Cost: one product.
func (l *Linear) Classify(x *tensor.Dense) ([]int, error) {
	_, out, err := l.of("Classify", x)
	if err != nil {
		return nil, err
	}
	classes := make([]int, len(out)/l.k)
	for i := range classes {
		row := out[i*l.k : (i+1)*l.k]
		best := 0
		for j, v := range row {
			if v > row[best] {
				best = j
			}
		}
		classes[i] = best
		if slices.Contains(row[best+1:], row[best]) {
			classes[i] = -1
		}
	}
	return classes, nil
}

// Novelty splits rows x, (B, n), by the orthogonal projector W = X⁺X of an associator that Pseudoinverse(x, x) made:
//
//	x = x̃ + x̂        x̃ = xW, the nearest combination of the stored patterns        x̂ = x − xW, x̃·x̂ = 0
//
// x̂ is what is new about x, and |x̂| / |x|, between 0 for a combination of stored patterns and 1 for what is orthogonal to all of
// them, is its degree: a novelty filter. With Rank() = n nothing is new. Both are (B, n) in the dtype of x.
// Errors: ErrShape, ErrDtype, ErrNotFinite; ErrConfig for another associator. Cost: one product.
//
// Source: T. Kohonen, "Self-Organization and Associative Memory", Springer 1984, ch. 4.
func (l *Linear) Novelty(x *tensor.Dense) (projection, novelty *tensor.Dense, err error) {
	if !l.projector {
		return nil, nil, fmt.Errorf("associative: Linear: Novelty: W is no orthogonal projector, want an associator of "+
			"Pseudoinverse with y = x: %w", energy.ErrConfig)
	}
	rows, out, err := l.of("Novelty", x)
	if err != nil {
		return nil, nil, err
	}
	rest := make([]float64, len(out))
	kernel.Subtract(rest, rows, out)
	b := len(out) / l.n
	return matrix.Tensor(x.Dtype(), out, b, l.n), matrix.Tensor(x.Dtype(), rest, b, l.n), nil
}

// of checks and reads rows, and returns xW in memory of its own.
func (l *Linear) of(what string, x *tensor.Dense) (rows, out []float64, err error) {
	if rows, _, err = matrix.Of(x, l.n); err != nil {
		return nil, nil, fmt.Errorf("associative: Linear: %s: x: %w", what, err)
	}
	if out = l.product(rows); !kernel.AllFinite(out) {
		return nil, nil, fmt.Errorf("associative: Linear: %s: xW is too large for float64: %w", what, energy.ErrNotFinite)
	}
	return rows, out, nil
}

func (l *Linear) product(rows []float64) []float64 {
	b := len(rows) / l.n
	out := make([]float64, b*l.k)
	kernel.Gemm(false, false, b, l.k, l.n, 1, rows, l.n, l.w, l.k, false, out, l.k)
	return out
}

// reader is matrix.Of, or one that also demands certain values.
type reader func(t *tensor.Dense, columns int) ([]float64, int, error)

// pairsOf reads x, (P, n), and y, (P, k), of as many rows. n and k of 0 take any number of columns.
func pairsOf(x, y *tensor.Dense, n, k int, readX, readY reader) (xs, ys []float64, columnsX, columnsY int, err error) {
	if xs, n, err = readX(x, n); err != nil {
		return nil, nil, 0, 0, fmt.Errorf("x: %w", err)
	}
	if ys, k, err = readY(y, k); err != nil {
		return nil, nil, 0, 0, fmt.Errorf("y: %w", err)
	}
	if len(xs)/n != len(ys)/k {
		return nil, nil, 0, 0, fmt.Errorf("%d rows of x and %d of y, want as many: %w", len(xs)/n, len(ys)/k, energy.ErrShape)
	}
	return xs, ys, n, k, nil
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
