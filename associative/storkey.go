package associative

import (
	"context"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Storkey is the rule of Storkey, which learns one pattern ξ after the other, by what its two units hold and feel alone,
//
//	w_ij ← w_ij + (ξ_i ξ_j − ξ_i h_ji − h_ij ξ_j)/n        h_ij = Σ_k≠i,j w_ik ξ_k        w_ii = 0
//
// and so lessens the crosstalk that Hebb leaves. The couplings depend on the order of the patterns: earlier ones were learned without regard to
// later ones. Diagonals do not enter the h, so that leaving them out changes nothing else.
//
// It stores about n/√(2 ln n) random patterns, between Hebb and Projection.
//
// Sources: A. J. Storkey, "Increasing the capacity of a Hopfield network without sacrificing functionality", ICANN 1997, eq. 2;
// A. J. Storkey, R. Valabregue, "The basins of attraction of a new Hopfield learning rule", Neural Networks 12 (1999).
type Storkey struct{}

// String is "Storkey".
func (r Storkey) String() string { return "Storkey" }

// Learn makes the network. Errors: see Rule; those of context. Cost: 2·P·n² multiplications.
func (r Storkey) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	// With m = nW, g = mξ and y = ξ/2 − g/n, where h_ij = (g_i − m_ij ξ_j)/n, a pattern makes m (1 + 2/n)·m + ξyᵀ + yξᵀ. Products with ±1
	// are exact, so m is symmetric to the bit.
	m, g, y := make([]float64, n*n), make([]float64, n), make([]float64, n)
	for mu := range p {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		xi := x[mu*n : (mu+1)*n]
		kernel.Gemm(false, false, 1, n, n, 1, xi, n, m, n, false, g, n)
		kernel.Combine(y, xi, g, 0.5, -1/float64(n), 0)
		kernel.Parallel(n, 1+1<<14/n, func(lo, hi int) {
			step := make([]float64, n)
			for i := lo; i < hi; i++ {
				row := m[i*n : (i+1)*n]
				kernel.Combine(step, y, xi, xi[i], y[i], 0)
				kernel.Combine(row, row, step, 1+2/float64(n), 1, 0)
				row[i] = 0
			}
		})
	}
	return newHopfield(m, n, 1/float64(n), HopfieldConfig{})
}
