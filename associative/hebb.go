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
// Cost: P·n² multiplications; without Importance a copy of the patterns, and those where W itself is first needed.
func (r Hebb) Learn(_ context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	if r.Importance == nil {
		return r.remember(patterns)
	}
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	if len(r.Importance) != p {
		return nil, fmt.Errorf("associative: Hebb: Learn: Importance has %d numbers for %d patterns: %w", len(r.Importance), p, energy.ErrShape)
	}
	weighted := slices.Clone(x)
	for mu, a := range r.Importance {
		if a-a != 0 {
			return nil, fmt.Errorf("associative: Hebb: Learn: Importance %d is %v, want a finite number: %w", mu, a, energy.ErrNotFinite)
		}
		row := weighted[mu*n : (mu+1)*n]
		kernel.Scale(row, row, a)
	}
	m := make([]float64, n*n)
	kernel.Gemm(true, false, n, n, p, 1, x, n, weighted, n, false, m, n)
	if !r.KeepDiagonal {
		clearDiagonal(m, n)
	}
	symmetrize(m, n)
	return learned(r, m, n, 1/float64(n), HopfieldConfig{SelfCoupling: r.KeepDiagonal})
}

// remember makes the network that keeps the patterns, a bit a unit, and has couplings when they are needed.
func (r Hebb) remember(patterns *tensor.Dense) (*Hopfield, error) {
	x, err := packSpins(patterns, 0)
	if err != nil {
		return nil, fmt.Errorf("associative: Hebb: Learn: patterns: %w", err)
	}
	net, err := NewPackedHopfield(x.n, PackedConfig{KeepDiagonal: r.KeepDiagonal})
	if err == nil {
		err = net.Store(x)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: Hebb: Learn: %w", err)
	}
	h := &Hopfield{
		n: x.n, config: HopfieldConfig{SelfCoupling: r.KeepDiagonal}, remembers: &remembered{net: net}, scale: 1 / float64(x.n), tie: make([]float64, x.n),
	}
	for i := range h.tie {
		h.tie[i] = float64(x.rows) * 0x1p-44 // no less than bound finds, and below 1/n, the least field that is not 0
	}
	return h, nil
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
