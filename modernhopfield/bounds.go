package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// RetrievalBound returns, for each stored pattern of shape (N, d), a bound on the error of one update of a memory with softmax from
// any state within radius of it:
//
//	|x_i − f(ξ)| ≤ 2(N−1) exp(−β(Δ_i − 2·radius·M)) M   for |ξ − x_i| ≤ radius,   M = max |x_i|.
//
// It is at most 2M, which is true of any state and says nothing. Cost: that of Separation.
//
// Source: Ramsauer et al. 2021, theorem 5 with lemma A4.
func RetrievalBound(patterns *tensor.Dense, beta, radius float64) ([]float64, error) {
	p, err := newPatterns(patterns)
	if err == nil {
		err = checkBeta(beta)
	}
	if err == nil {
		err = checkRadius(radius)
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: RetrievalBound: %w", err)
	}
	bounds := p.separation()
	for i, delta := range bounds {
		bounds[i] = p.updateBound(beta, delta-2*radius*p.largest)
	}
	return bounds, nil
}

// updateBound is 2(N−1) exp(−βc) M, at most 2M: how far an update of a state can be from a pattern that the state
// prefers to all others by c = ξ·x_i − max_{j≠i} ξ·x_j.
func (p *patterns) updateBound(beta, c float64) float64 {
	if p.n == 1 {
		return 0
	}
	return 2 * p.largest * math.Min(1, float64(p.n-1)*math.Exp(-beta*c))
}

// UpdateBound returns, for each state of shape (batch, d), the stored pattern that it matches best, i = argmax ξ·x_i, and a bound on
// how far one update takes it from there:
//
//	|x_i − f(ξ)| ≤ 2(N−1) exp(−βc) M,   c = ξ·x_i − max_{j≠i} ξ·x_j,
//
// at most 2M. Cost: batch·N·d multiply-adds.
//
// Source: Ramsauer et al. 2021, lemma A4.
func UpdateBound(patterns, states *tensor.Dense, beta float64) (nearest []int, bound []float64, err error) {
	fail := func(err error) ([]int, []float64, error) {
		return nil, nil, fmt.Errorf("modernhopfield: UpdateBound: %w", err)
	}
	p, err := newPatterns(patterns)
	if err != nil {
		return fail(err)
	}
	if err := checkBeta(beta); err != nil {
		return fail(err)
	}
	q, _, err := matrix.Of(states, p.d)
	if err != nil {
		return fail(fmt.Errorf("states: %w", err))
	}
	nearest, bound = make([]int, len(q)/p.d), make([]float64, len(q)/p.d)
	products := make([]float64, p.n)
	for i := range nearest {
		kernel.Gemm(false, true, 1, p.n, p.d, 1, q[i*p.d:], p.d, p.x, p.d, false, products, p.n)
		first, second := math.Inf(-1), math.Inf(-1)
		for j, v := range products {
			if v > first {
				nearest[i], first, second = j, v, first
			} else {
				second = max(second, v)
			}
		}
		bound[i] = p.updateBound(beta, first-second)
	}
	return nearest, bound, nil
}

// FixedPointBound returns, for each stored pattern of shape (N, d), a bound on how far from it a memory with softmax has a fixed
// point x_i*:
//
//	|x_i − x_i*| ≤ 2e(N−1) M exp(−βΔ_i)
//
// wherever that is at most 1/(2βM), which proves that there is one, and +Inf elsewhere. Cost: that of Separation.
//
// Source: Ramsauer et al. 2021, theorem 5, second part. That the bound proves its own premise: by lemma A4 an update maps the ball
// of radius 1/(2βM) around x_i into the ball of radius 2e(N−1)M exp(−βΔ_i), and Brouwer's theorem gives the fixed point.
func FixedPointBound(patterns *tensor.Dense, beta float64) ([]float64, error) {
	p, err := newPatterns(patterns)
	if err == nil {
		err = checkBeta(beta)
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: FixedPointBound: %w", err)
	}
	bounds := p.separation()
	for i, delta := range bounds {
		b := 0.0
		if p.n > 1 {
			b = 2 * math.E * float64(p.n-1) * p.largest * math.Exp(-beta*delta)
		}
		if b*2*beta*p.largest > 1 {
			b = math.Inf(1)
		}
		bounds[i] = b
	}
	return bounds, nil
}

// BetaFor returns the smallest β for which RetrievalBound promises that one update from any state within radius of a stored pattern
// errs by at most retrievalError, for each of the patterns, of shape (N, d):
//
//	β = ln(2(N−1)M / retrievalError) / (min_i Δ_i − 2·radius·M),
//
// or 0 where that much is true at any β. No β can promise it if min_i Δ_i ≤ 2·radius·M: an ErrRange that names the pattern.
// Cost: that of Separation.
func BetaFor(patterns *tensor.Dense, retrievalError, radius float64) (float64, error) {
	fail := func(err error) (float64, error) { return 0, fmt.Errorf("modernhopfield: BetaFor: %w", err) }
	p, err := newPatterns(patterns)
	if err != nil {
		return fail(err)
	}
	if !(retrievalError > 0) {
		return fail(fmt.Errorf("the error is %g, want a number above 0: %w", retrievalError, energy.ErrConfig))
	}
	if err := checkRadius(radius); err != nil {
		return fail(err)
	}
	if p.n == 1 || retrievalError >= 2*p.largest {
		return 0, nil
	}
	worst, least := 0, math.Inf(1)
	for i, delta := range p.separation() {
		if delta < least {
			worst, least = i, delta
		}
	}
	if room := least - 2*radius*p.largest; room > 0 {
		return math.Log(2*float64(p.n-1)*p.largest/retrievalError) / room, nil
	}
	return fail(fmt.Errorf("pattern %d has the separation %g, want more than 2·radius·M = %g: %w", worst, least, 2*radius*p.largest, energy.ErrRange))
}

func checkRadius(radius float64) error {
	if !(radius >= 0) || math.IsInf(radius, 0) {
		return fmt.Errorf("the radius is %g, want at least 0: %w", radius, energy.ErrConfig)
	}
	return nil
}
