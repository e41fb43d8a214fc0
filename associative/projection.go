package associative

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Projection is the pseudoinverse rule: W is the orthogonal projector onto the span of the patterns,
//
//	W = X⁺X        w_ii = 0
//
// whatever their correlations; patterns that depend on others, or are there twice, change nothing. As ξ = ξW for a pattern with the diagonal
// kept, its fields without the diagonal are
//
//	h_i = (1 − w_ii) ξ_i        0 ≤ w_ii ≤ 1        Σ_i w_ii = rank of X
//
// so that every pattern is stable, firmly wherever w_ii < 1. A unit with w_ii = 1, which the patterns say nothing about (two of them
// may differ in it alone), has w_ij = 0 to all others: it is exactly uncoupled and keeps the value it has under Ties Keep.
//
// It stores n − 1 independent patterns. n of them span everything: then W = I, with which every state is stable, and nothing at all
// without the diagonal. Learn refuses that, unless KeepDiagonal asks for I. States are drawn to patterns up to about n/2 of them with the
// diagonal, further without.
//
// Sources: T. Kohonen, M. Ruohonen, IEEE Transactions on Computers C-22 (1973); L. Personnaz, I. Guyon, G. Dreyfus, Journal de
// Physique Lettres 46 (1985); I. Kanter, H. Sompolinsky, Physical Review A 35 (1987), for the rule without the diagonal.
type Projection struct {
	// KeepDiagonal leaves w_ii in place, as the linear associators do: the fields of patterns are then the patterns.
	KeepDiagonal bool
}

// String is "projection".
func (r Projection) String() string { return "projection" }

// Learn makes the network. Errors: see Rule; ErrConfig for n independent patterns, unless the diagonal is kept.
// Cost: for P patterns, 4·n·P² multiplications for a basis of their span, and n²·P for the couplings.
func (r Projection) Learn(_ context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, _, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	basis := matrix.NewBasis(x, n)
	if basis.Rank == n && !r.KeepDiagonal {
		return nil, degenerate(r, n)
	}
	m := make([]float64, n*n)
	kernel.Gemm(true, false, n, n, basis.Rank, 1, basis.Q, n, basis.Q, n, false, m, n)
	uncouple(m, n)
	if !r.KeepDiagonal {
		clearDiagonal(m, n)
	}
	return learned(r, m, n, 1, HopfieldConfig{SelfCoupling: r.KeepDiagonal})
}

func degenerate(r Rule, n int) error {
	return fmt.Errorf("associative: %v: Learn: the patterns span all %d dimensions, so that W is the identity, and nothing is left of it without its diagonal; want at most %d independent patterns (KeepDiagonal keeps the identity): %w",
		r, n, n-1, energy.ErrConfig)
}

// uncouple writes the zeros that rounding left in a projector: w_ii = 1 means that w_ij = 0 for all others, since
// Σ_j≠i w_ij² = w_ii − w_ii². Without the diagonal, the sign of that unit's field would be one of rounding.
func uncouple(m []float64, n int) {
	for i := range n {
		if 1-m[i*n+i] > 1e-12 {
			continue
		}
		for j := range n {
			m[i*n+j], m[j*n+i] = 0, 0
		}
		m[i*n+i] = 1
	}
}
