package associative

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Pseudoinverse learns the W that makes the total quadratic error least, and of those that do the smallest:
//
//	W = X⁺Y        Σ_p |x_pW − y_p|² is least
//
// x, (P, n), and y, (P, k), hold any numbers. Linearly independent rows of x are recalled exactly, x_pW = y_p, whatever their
// correlations. With y = x, W = X⁺X is the orthogonal projector on the span of the patterns: symmetric, W² = W, of trace Rank(),
// see Novelty. At n independent patterns it is the identity, which stores everything and so nothing.
//
// X⁺ = VS⁻¹Uᵀ of the singular value decomposition X = USVᵀ without the singular values that are 0 but for rounding: those at most
// max(P, n)·2⁻⁵² times the largest. Rank says how many are left. PseudoinverseWithin takes another tolerance.
//
// Errors: ErrShape, ErrDtype, ErrNotFinite. Cost: of the decomposition, some 10·P·n·min(P, n), and n·k·Rank().
//
// Sources: R. Penrose, Proc. Cambridge Phil. Soc. 52 (1956); T. Kohonen, M. Ruohonen, IEEE Trans. Computers C-22 (1973);
// R. Rojas, "Neural Networks", 1996, § 12.4.
func Pseudoinverse(x, y *tensor.Dense) (*Linear, error) { return PseudoinverseWithin(x, y, 0) }

// PseudoinverseWithin is Pseudoinverse with singular values that count as 0 up to tolerance times the largest: 1e-6, say, for real
// patterns in float32 whose linear dependence is known to seven digits only. Tolerance 0 means max(P, n)·2⁻⁵².
// Errors: those of Pseudoinverse, and ErrConfig for a tolerance outside [0, 1).
func PseudoinverseWithin(x, y *tensor.Dense, tolerance float64) (*Linear, error) {
	fail := func(err error) (*Linear, error) { return nil, fmt.Errorf("associative: Pseudoinverse: %w", err) }
	if !(tolerance >= 0 && tolerance < 1) {
		return fail(fmt.Errorf("the tolerance is %g, want a number in [0, 1): %w", tolerance, energy.ErrConfig))
	}
	xs, ys, n, k, err := pairsOf(x, y, 0, 0, matrix.Of, matrix.Of)
	if err != nil {
		return fail(err)
	}
	d, err := decompose(xs, n, tolerance)
	if err != nil {
		return fail(fmt.Errorf("x: %w", err))
	}
	w, rank, projector := make([]float64, n*k), len(d.s), slices.Equal(xs, ys)
	if projector {
		kernel.Gemm(false, true, n, n, rank, 1, d.v, d.columns, d.v, d.columns, false, w, n)
	} else {
		inner := make([]float64, rank*k) // S⁻¹UᵀY
		kernel.Gemm(true, false, rank, k, len(xs)/n, 1, d.u, d.columns, ys, k, false, inner, k)
		for i, s := range d.s {
			for j := range k {
				inner[i*k+j] /= s
			}
		}
		kernel.Gemm(false, false, n, k, rank, 1, d.v, d.columns, inner, k, false, w, k)
	}
	if !kernel.AllFinite(w) {
		return fail(fmt.Errorf("X⁺Y is too large for float64: %w", energy.ErrNotFinite))
	}
	l := newLinear(w, n, k)
	l.rank, l.projector = rank, projector
	return l, nil
}

// decomposition is X = USVᵀ: the singular values above the tolerance, and U (P, columns) and V (n, columns), of which their
// columns are the first.
type decomposition struct {
	u, v    []float64
	columns int
	s       []float64
}

func decompose(x []float64, n int, tolerance float64) (*decomposition, error) {
	p := len(x) / n
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(p, n, x), mat.SVDThin) {
		return nil, fmt.Errorf("the singular values were not found: %w", energy.ErrNotFinite)
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	s := svd.Values(nil)
	if math.IsInf(s[0], 1) || math.IsNaN(s[0]) {
		return nil, fmt.Errorf("the singular values are too large for float64: %w", energy.ErrNotFinite)
	}
	return &decomposition{u.RawMatrix().Data, v.RawMatrix().Data, len(s), s[:rankOf(s, p, n, tolerance)]}, nil
}

// rankOf counts the singular values above the tolerance of a (p, n) matrix, 0 for the usual one. s falls.
func rankOf(s []float64, p, n int, tolerance float64) int {
	if tolerance == 0 {
		tolerance = float64(max(p, n)) * 0x1p-52
	}
	rank := 0
	for rank < len(s) && s[rank] > tolerance*s[0] {
		rank++
	}
	return rank
}
