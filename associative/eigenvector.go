package associative

import (
	"context"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// Eigenvector stores patterns as eigenvectors,
//
//	W = YΛYᵀ = Σ_μ λ_μ y_μ y_μᵀ        w_ii = 0
//
// where the y_μ are the orthonormal vectors nearest to the patterns, (XXᵀ)^(−½)X: for orthogonal patterns, ξ_μ/√n. All other
// directions have the eigenvalue 0. A pattern is itself an eigenvector where patterns are orthogonal or the eigenvalues are all the same;
// otherwise the y_μ are, and the pattern is stable as long as the eigenvalues do not differ by too much. A larger λ gives a pattern a deeper
// minimum and a larger basin, a negative one makes it a maximum of the energy.
//
// Without the diagonal, d_i = Σ_μ λ_μ y_μi², the fields of a state lose d_i x_i. Where the d_i are all the same, as for orthogonal patterns,
// whose d_i are Σλ/n, every eigenvalue falls by d and every eigenvector stays; otherwise the eigenvectors move.
//
// It holds up to n linearly independent patterns. With all eigenvalues the same it is Projection.
//
// Sources: L. Personnaz, I. Guyon, G. Dreyfus, Physical Review A 34 (1986); P.-O. Löwdin, Journal of Chemical Physics 18 (1950), for the
// vectors.
type Eigenvector struct {
	// Values are the λ_μ, one a pattern; nil means 1 each, for which W is the projector onto the span of the patterns.
	Values []float64
	// KeepDiagonal leaves w_ii = d_i in place, so that the y_μ stay the eigenvectors.
	KeepDiagonal bool
}

// String is "eigenvector".
func (r Eigenvector) String() string { return "eigenvector" }

// Learn makes the network. Errors: see Rule; ErrShape for as many Values as there are not patterns, ErrNotFinite; ErrConfig for linearly
// dependent patterns, named in the message, and for n of them with the same eigenvalue without the diagonal: nothing is left then.
// Cost: for P patterns, 4·n·P² + n²·P multiplications, and a singular value decomposition of P³ where Values differ.
func (r Eigenvector) Learn(_ context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	if r.Values != nil && len(r.Values) != p {
		return nil, fmt.Errorf("associative: eigenvector: Learn: Values has %d numbers for %d patterns: %w", len(r.Values), p, energy.ErrShape)
	}
	for mu, v := range r.Values {
		if v-v != 0 {
			return nil, fmt.Errorf("associative: eigenvector: Learn: Values %d is %v, want a finite number: %w", mu, v, energy.ErrNotFinite)
		}
	}
	basis := matrix.NewBasis(x, n)
	if err := basis.Independent(); err != nil {
		return nil, fmt.Errorf("associative: eigenvector: Learn: patterns: %w", err)
	}
	lambda, same := r.common()
	if same && p == n && !r.KeepDiagonal {
		return nil, degenerate(r, n)
	}
	m := make([]float64, n*n)
	if same { // then every basis of the span gives the same W
		kernel.Gemm(true, false, n, n, p, 1, basis.Q, n, basis.Q, n, false, m, n)
		uncouple(m, n)
		kernel.Scale(m, m, lambda)
	} else {
		y, _, err := basis.Nearest()
		if err != nil {
			return nil, fmt.Errorf("associative: eigenvector: Learn: patterns: %w", err)
		}
		scaled := slices.Clone(y)
		for mu, v := range r.Values {
			row := scaled[mu*n : (mu+1)*n]
			kernel.Scale(row, row, v)
		}
		kernel.Gemm(true, false, n, n, p, 1, y, n, scaled, n, false, m, n)
		symmetrize(m, n)
	}
	if !r.KeepDiagonal {
		clearDiagonal(m, n)
	}
	return learned(r, m, n, 1, HopfieldConfig{SelfCoupling: r.KeepDiagonal})
}

// common is the eigenvalue of all patterns, if there is one.
func (r Eigenvector) common() (lambda float64, same bool) {
	if r.Values == nil {
		return 1, true
	}
	return r.Values[0], slices.Min(r.Values) == slices.Max(r.Values)
}
