package associative

import (
	"context"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Storkey is the rule of Storkey. It learns one pattern ξ after the other, each weight from the values and the fields of its two units,
//
//	w_ij ← w_ij + (ξ_i ξ_j − ξ_i h_ji − h_ij ξ_j)/n        h_ij = Σ_k≠i,j w_ik ξ_k        w_ii = 0
//
// and so lessens the crosstalk that Hebb leaves. The couplings depend on the order of the patterns: earlier ones were learned without regard to
// later ones. Diagonals do not enter the h, so that leaving them out changes nothing else.
//
// It stores about n/√(2 ln n) random patterns, between Hebb and Projection.
//
// Sources: A. J. Storkey, "Increasing the capacity of a Hopfield network without sacrificing functionality", ICANN 1997;
// A. J. Storkey, R. Valabregue, "The basins of attraction of a new Hopfield learning rule", Neural Networks 12 (1999).
type Storkey struct{}

// String is "Storkey".
func (r Storkey) String() string { return "Storkey" }

// Learn makes the network. Errors: see Rule; those of context. Cost: 3·P·n² multiplications, in products of matrices.
func (r Storkey) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	m := make([]float64, n*n)
	for lo := 0; lo < p; lo += storkeyBlock {
		if err := ended(ctx, r); err != nil {
			return nil, err
		}
		storkeySteps(m, x[lo*n:min(lo+storkeyBlock, p)*n], n)
	}
	symmetrize(m, n)
	return learned(r, m, n, 1/float64(n), HopfieldConfig{})
}

const storkeyBlock = 32 // patterns that are learned between two products with the couplings

// storkeySteps learns rows of x. With m = nW, g = mξ and h_ij = (g_i − m_ij ξ_j)/n, a pattern makes m
//
//	(1 + 2/n)·m + ξyᵀ + yξᵀ        y = ξ/2 − g/n
//
// without its diagonal, which the fields of later patterns do not contain either. m itself is brought up to date for all rows at once; until
// then the fields are, of the rows that follow.
func storkeySteps(m, x []float64, n int) {
	count, growth := len(x)/n, 1+2/float64(n)
	fields, diagonal, product := make([]float64, len(x)), make([]float64, n), make([]float64, n)
	kernel.Gemm(false, false, count, n, n, 1, x, n, m, n, false, fields, n)
	left, right := make([]float64, 2*len(x)), make([]float64, 2*len(x)) // rows ξ and y, and y and ξ
	for k := range count {
		xi, g := x[k*n:(k+1)*n], fields[k*n:(k+1)*n]
		y := right[2*k*n : (2*k+1)*n]
		copy(right[(2*k+1)*n:], xi)
		kernel.Multiply(product, diagonal, xi)
		kernel.Subtract(g, g, product)
		kernel.Combine(y, xi, g, 0.5, -1/float64(n), 0)

		kernel.Multiply(product, xi, y)
		kernel.Combine(diagonal, diagonal, product, growth, 2, 0)
		for l := k + 1; l < count; l++ {
			later, f := x[l*n:(l+1)*n], fields[l*n:(l+1)*n]
			kernel.Scale(f, f, growth)
			kernel.Axpy(kernel.Dot(y, later), xi, f)
			kernel.Axpy(kernel.Dot(xi, later), y, f)
		}
		since := math.Pow(growth, float64(count-1-k))
		kernel.Scale(left[2*k*n:(2*k+1)*n], xi, since)
		kernel.Scale(left[(2*k+1)*n:(2*k+2)*n], y, since)
	}
	kernel.Scale(m, m, math.Pow(growth, float64(count)))
	kernel.Gemm(true, false, n, n, 2*count, 1, left, n, right, n, true, m, n)
	clearDiagonal(m, n)
}
