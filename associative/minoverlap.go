package associative

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// MinOverlap is the rule of the smallest overlap: each unit i learns, time and again, the pattern that it holds least firmly,
//
//	w_ij += ξ_i ξ_j        for the ξ with the smallest ξ_i h_i
//
// Its stability κ_i, the least ξ_i h_i/|w_i| of all patterns, rises to the largest that any couplings have. What they can have is bounded by
// the steps already made: for every v of length 1, with z_μ = ξ_μi ξ_μ the steps, c_μ their counts and T = Σ c_μ,
//
//	min_μ v·z_μ ≤ Σ_μ (c_μ/T) v·z_μ = v·w_i/T ≤ |w_i|/T
//
// A unit stops when its κ_i is within Tolerance of the smallest bound met, which proves that it is that close to the best. That takes some
// n/(κ_i² Tolerance) steps.
//
// As each unit learns by itself, w_ij and w_ji differ: the network is Asymmetric, has no energy that recall lowers, and may run in
// cycles. There are no biases. All numbers are whole. Random patterns can be stored up to 2n; the best κ at a load α = P/n follows from
// 1/α = ∫_−κ^∞ (t + κ)² exp(−t²/2)/√(2π) dt as n grows.
//
// Sources: W. Krauth, M. Mézard, "Learning algorithms with optimal stability in neural networks", Journal of Physics A 20 (1987);
// E. Gardner, Journal of Physics A 21 (1988), for the best κ.
type MinOverlap struct {
	// Tolerance is the share of the best stability that may be missing; 0 means 0.01.
	Tolerance float64
	// Updates are the steps that a unit makes at most; 0 means 1000 n.
	Updates int
}

// String is "minimal overlap".
func (r MinOverlap) String() string { return "minimal overlap" }

// Learn makes the network. Patterns that cannot all be stored, or were not within the updates, are no error, as for Perceptron: Stable and
// Separate tell. Errors: see Rule; those of context. Cost: P²·n multiplications, and 3·P a step of a unit.
func (r MinOverlap) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	s, err := r.Separate(ctx, patterns)
	if err != nil {
		return nil, err
	}
	return s.Network, nil
}

// Separate makes the network and says whether the patterns, (P, n) of −1 and 1, are separable, what stability it has, and what stability
// none exceeds. Stability is the least of Hopfield.Stabilities. If the context ends before, it returns its error and what there is. Errors and
// cost are those of Learn.
func (r MinOverlap) Separate(ctx context.Context, patterns *tensor.Dense) (*Separation, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	switch {
	case !(r.Tolerance >= 0 && r.Tolerance < 1):
		return nil, fmt.Errorf("associative: %v: Learn: Tolerance is %v, want a number between 0 and 1, or 0 for 0.01: %w", r, r.Tolerance, energy.ErrConfig)
	case r.Updates < 0:
		return nil, fmt.Errorf("associative: %v: Learn: Updates is %d, want at least 1, or 0 for 1000 n: %w", r, r.Updates, energy.ErrConfig)
	}
	tolerance, updates := r.Tolerance, r.Updates
	if tolerance == 0 {
		tolerance = 0.01
	}
	if updates == 0 {
		updates = 1000 * n
	}
	gram := overlaps(x, p, n)
	reason := contradiction(x, gram, p, n, false)
	counts := make([]float64, p*n)
	parts := perUnit(x, p, n, counts, func(y []float64) outcome {
		return newUnit(y, gram).leastFirst(ctx, float64(n-1), updates, tolerance)
	})
	out := separation(parts, reason)
	if out.Network, err = counted(r, x, counts, p, n, true, false); err != nil {
		return nil, err
	}
	return out, ended(ctx, r)
}

// leastFirst learns the pattern of the smallest value, |z|² being the square of each condition's length.
func (u *unit) leastFirst(ctx context.Context, z float64, updates int, tolerance float64) outcome {
	out := outcome{bound: math.Inf(1), counts: u.counts}
	saved, savedAt, savedSquare := make([]float64, len(u.values)), 0, 0.0 // at first the weights are 0
	square, next := 0.0, 0                                                // |w|², and the pattern to learn
	for out.rounds < updates && (out.rounds%64 != 0 || ctx.Err() == nil) {
		square += 2*u.values[next] + z
		u.step(next)
		u.value()
		out.rounds++
		least := kernel.Min(u.values)
		next = slices.Index(u.values, least)
		length := math.Sqrt(square)
		out.bound = min(out.bound, length/u.steps)
		if square == 0 || square == savedSquare && slices.Equal(u.values, saved) {
			out.returned = true
			break
		}
		if out.stability = least / length; out.stability >= (1-tolerance)*out.bound {
			break
		}
		if out.rounds >= 2*savedAt { // as in cycles
			copy(saved, u.values)
			savedAt, savedSquare = out.rounds, square
		}
	}
	out.wrong = u.wrong()
	return out
}
