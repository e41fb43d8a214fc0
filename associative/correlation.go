package associative

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Correlation learns by Hebb's rule, one product for all pairs at once:
//
//	W = XᵀY = Σ_p x_pᵀ y_p
//
// The rows of x, (P, n), are the patterns, bipolar; those of y, (P, k), are what each is associated with: bipolar patterns, or
// codes of classes of −1, 0 and 1. y = x is auto-association. The diagonal stays, as it does in associators, and W is of exact whole
// numbers. It recalls every pair where the rows of x are orthogonal; else Crosstalk says what it recalls.
//
// Errors: ErrShape, ErrDtype, ErrNotFinite; ErrRange for other values. Cost: P·n·k.
//
// Sources: T. Kohonen, IEEE Trans. Computers C-21 (1972); R. Rojas, "Neural Networks", 1996, § 12.2.
func Correlation(x, y *tensor.Dense) (*Linear, error) {
	xs, ys, n, k, err := pairsOf(x, y, 0, 0, matrix.Spins, codes)
	if err != nil {
		return nil, fmt.Errorf("associative: Correlation: %w", err)
	}
	w := make([]float64, n*k)
	kernel.Gemm(true, false, n, k, len(xs)/n, 1, xs, n, ys, k, false, w, k)
	return newLinear(w, n, k), nil
}

// codes reads rows of −1, 0 and 1.
func codes(t *tensor.Dense, columns int) ([]float64, int, error) {
	y, columns, err := matrix.Of(t, columns)
	if err != nil {
		return nil, 0, err
	}
	for i, v := range y {
		if v != 0 && v != 1 && v != -1 {
			return nil, 0, fmt.Errorf("row %d, column %d is %v, want −1, 0 or 1: %w", i/columns, i%columns, v, energy.ErrRange)
		}
	}
	return y, columns, nil
}

// Crosstalk returns what the other pairs add where pair p is recalled by the correlation matrix, (P, k), in the dtype of x:
//
//	x_p XᵀY / (x_p·x_p) = y_p + crosstalk_p        crosstalk_p = Σ_{l≠p} y_l (x_l·x_p) / (x_p·x_p)
//
// For bipolar pairs it decides exactly what Correlation(x, y).Recall(x) makes of the stored patterns: component j is recalled if and
// only if crosstalk_pj either has the sign of y_pj or is below 1 in size. At exactly −y_pj the component of x_pW is 0, which Recall
// makes −1, and so right where y_pj = −1; a recall that keeps ties keeps it. Where the rows of x are orthogonal it is 0.
//
// x, (P, n), and y, (P, k), may hold any numbers; with bipolar ones the sums are exact and rounded once, by the division.
// Errors: ErrShape, ErrDtype, ErrNotFinite; ErrRange for a row of x that is 0. Cost: P²(n + k).
//
// Source: R. Rojas, "Neural Networks", 1996, § 12.2.2; J. Hertz, A. Krogh, R. Palmer, "Introduction to the Theory of Neural
// Computation", 1991, eq. 2.14.
func Crosstalk(x, y *tensor.Dense) (*tensor.Dense, error) {
	xs, ys, n, k, err := pairsOf(x, y, 0, 0, matrix.Of, matrix.Of)
	if err != nil {
		return nil, fmt.Errorf("associative: Crosstalk: %w", err)
	}
	p := len(xs) / n
	gram, squares := overlaps(xs, p, n), make([]float64, p)
	for i := range p {
		if squares[i] = gram[i*p+i]; squares[i] == 0 {
			return nil, fmt.Errorf("associative: Crosstalk: x: row %d is 0, want patterns: %w", i, energy.ErrRange)
		}
		gram[i*p+i] = 0
	}
	out := make([]float64, p*k)
	kernel.Gemm(false, false, p, k, p, 1, gram, p, ys, k, false, out, k)
	for i := range out {
		out[i] /= squares[i/k]
	}
	if !kernel.AllFinite(out) {
		return nil, fmt.Errorf("associative: Crosstalk: the products of the rows are too large for float64: %w", energy.ErrNotFinite)
	}
	return matrix.Tensor(x.Dtype(), out, p, k), nil
}
