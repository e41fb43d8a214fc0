package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Separation returns how far each stored pattern stands out from the others,
//
//	Δ_i = x_i·x_i − max_{j≠i} x_i·x_j,
//
// for patterns of shape (N, d). It is negative where another pattern is the better match of x_i, 0 for two equal patterns, and
// +Inf where there is no other. For patterns of equal norm it is ½ min_j |x_i − x_j|². Cost: N²·d multiply-adds.
//
// Source: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, definition 2.
func Separation(patterns *tensor.Dense) ([]float64, error) {
	p, err := newPatterns(patterns)
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Separation: %w", err)
	}
	return p.separation(), nil
}

// The products of all pairs are made in blocks, so that they need no memory that grows with the patterns.
const separationBlock = 256

func (p *patterns) separation() []float64 {
	delta := make([]float64, p.n)
	products := make([]float64, separationBlock*separationBlock)
	for lo := 0; lo < p.n; lo += separationBlock {
		rows := min(separationBlock, p.n-lo)
		own, best := make([]float64, rows), make([]float64, rows)
		for i := range best {
			best[i] = math.Inf(-1)
		}
		for from := 0; from < p.n; from += separationBlock {
			cols := min(separationBlock, p.n-from)
			kernel.Gemm(false, true, rows, cols, p.d, 1, p.x[lo*p.d:], p.d, p.x[from*p.d:], p.d, false, products, cols)
			for i := range rows {
				row := products[i*cols : (i+1)*cols]
				if from == lo {
					own[i], row[i] = row[i], math.Inf(-1)
				}
				best[i] = max(best[i], kernel.Max(row))
			}
		}
		for i := range rows {
			delta[lo+i] = own[i] - best[i]
		}
	}
	return delta
}

// Storable says of each pattern, of shape (N, d), whether a memory with softmax at inverse temperature beta is proved to store
// it: whether
//
//	Δ_i ≥ 2/(βN) + ln(2(N−1)NβM²)/β,   M = max |x_i|.
//
// Then an update maps the ball of radius 1/(βNM) around x_i into itself and contracts it, so that there is exactly one fixed point
// in it, to which all states of the ball converge. The condition is sufficient, not necessary. A pattern that is alone is
// always stored. Cost: that of Separation.
//
// Source: Ramsauer et al. 2021, lemmas A5 to A7 and theorem 3.
func Storable(patterns *tensor.Dense, beta float64) ([]bool, error) {
	p, err := newPatterns(patterns)
	if err == nil {
		err = checkBeta(beta)
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Storable: %w", err)
	}
	return p.atLeast(p.storableSeparation(beta)), nil
}

// storableSeparation is the least Δ_i with which a pattern is proved to be stored.
func (p *patterns) storableSeparation(beta float64) float64 {
	n := float64(p.n)
	if p.n == 1 || p.largest == 0 {
		return math.Inf(-1) // the logarithm of 0
	}
	return 2/(beta*n) + math.Log(2*(n-1)*n*beta*p.largest*p.largest)/beta
}

// ExactlyStored says of each pattern, of shape (N, d), whether it is a fixed point of a memory with this separation function to the
// last bit, which is when
//
//	βΔ_i ≥ m,   m = separation.Margin(),
//
// since then the association of x_i with itself is 1 and all others are exactly 0. More than that: every state q with
// q·(x_i − x_j) ≥ m/β for all j is taken to x_i in one update; so are all states within ε of x_i where Δ_i ≥ m/β + 2Mε.
// For the softmax no pattern that has company is. Cost: that of Separation.
//
// Source: S. dos Santos et al., "Sparse and Structured Hopfield Networks", ICML 2024, proposition 3.
func ExactlyStored(patterns *tensor.Dense, beta float64, separation energy.Separation) ([]bool, error) {
	p, err := newPatterns(patterns)
	if err == nil {
		err = checkBeta(beta)
	}
	if err == nil {
		err = separation.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: ExactlyStored: %w", err)
	}
	return p.atLeast(separation.Margin() / beta), nil
}

// atLeast compares the separations with a number.
func (p *patterns) atLeast(least float64) []bool {
	ok := make([]bool, p.n)
	for i, delta := range p.separation() {
		ok[i] = delta >= least
	}
	return ok
}
