package associative

import (
	"context"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Hebb is the rule of correlations,
//
//	w_ij = (1/n) Σ_μ a_μ ξ_μi ξ_μj        w_ii = 0
//
// It stores random patterns without a wrong bit up to about n/(4 ln n) of them, and with few wrong bits up to 0.138 n. Sums over
// patterns are whole numbers where the a_μ are, and the fields of the network are then exact.
//
// Sources: D. O. Hebb, "The Organization of Behavior" (1949); J. J. Hopfield, PNAS 79 (1982), eq. 2; D. J. Amit, H. Gutfreund,
// H. Sompolinsky, Annals of Physics 173 (1987).
type Hebb struct {
	// Importance is a_μ, one number a pattern: how often it is repeated, or how much it matters. nil means 1 each.
	Importance []float64
	// KeepDiagonal leaves w_ii = (1/n) Σ a_μ in place, as the linear associators do.
	KeepDiagonal bool
}

// String is "Hebb".
func (r Hebb) String() string { return "Hebb" }

// Learn makes the network. Errors: see Rule; ErrShape for as many Importance as there are not patterns, ErrNotFinite.
// Cost: P·n² multiplications.
func (r Hebb) Learn(_ context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	weighted := x
	if r.Importance != nil {
		if len(r.Importance) != p {
			return nil, fmt.Errorf("associative: Hebb: Learn: Importance has %d numbers for %d patterns: %w", len(r.Importance), p, energy.ErrShape)
		}
		weighted = slices.Clone(x)
		for mu, a := range r.Importance {
			if a-a != 0 {
				return nil, fmt.Errorf("associative: Hebb: Learn: Importance %d is %v, want a finite number: %w", mu, a, energy.ErrNotFinite)
			}
			row := weighted[mu*n : (mu+1)*n]
			kernel.Scale(row, row, a)
		}
	}
	m := make([]float64, n*n)
	kernel.Gemm(true, false, n, n, p, 1, x, n, weighted, n, false, m, n)
	if !r.KeepDiagonal {
		clearDiagonal(m, n)
	}
	symmetrize(m, n)
	h, err := newHopfield(m, n, 1/float64(n), HopfieldConfig{SelfCoupling: r.KeepDiagonal})
	if err == nil && r.Importance == nil {
		h.patterns, err = r.packed(x, p, n)
	}
	return h, err
}

// packed keeps the patterns too, a bit a unit.
func (r Hebb) packed(x []float64, p, n int) (*PackedHopfield, error) {
	bits, err := NewPackedSpins(p, n)
	if err != nil {
		return nil, fmt.Errorf("associative: Hebb: Learn: %w", err)
	}
	bits.pack(x)
	net, err := NewPackedHopfield(n, PackedConfig{KeepDiagonal: r.KeepDiagonal})
	if err == nil {
		err = net.Store(bits)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: Hebb: Learn: %w", err)
	}
	return net, nil
}

func clearDiagonal(m []float64, n int) {
	for i := range n {
		m[i*n+i] = 0
	}
}

// symmetrize copies the upper triangle over the lower one, where the two differ by rounding alone.
func symmetrize(m []float64, n int) {
	for i := range n {
		for j := range i {
			m[i*n+j] = m[j*n+i]
		}
	}
}
