package associative

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Unlearning lets a network dream: it relaxes from a random state, one unit after the other, and unlearns the state x that it ends in
// a little,
//
//	w_ij −= (ε/n) x_i x_j        i ≠ j
//
// time and again. Loaded networks mostly end in mixtures of patterns, and these lose more by it than the patterns do.
//
// How much to unlearn depends on what was learned: Hebb's couplings, with their diagonal, have the trace P, of which each dream takes ε.
// Measured with n = 100 and ε = 0.01: at εD = 0.7 P all of P = 10 to 40 random patterns are stable, and 100, 97, 87 and 63 of a hundred are
// recalled with ten wrong bits at P = 20, 30, 40 and 50. From εD = 1.2 P on none is left. With another Rule the numbers are others.
//
// Sources: J. J. Hopfield, D. I. Feinstein, R. G. Palmer, "'Unlearning' has a stabilizing effect in collective memories", Nature 304
// (1983), with ε = 0.01; J. L. van Hemmen, L. B. Ioffe, R. Kühn, M. Vaas, Physica A 163 (1990), on how much to unlearn.
type Unlearning struct {
	// Rule learns the patterns; nil means Hebb{}.
	Rule Rule
	// Dreams is D; 0 means 0.7 P/ε, rounded up.
	Dreams int
	// Rate is ε; 0 means 0.01.
	Rate float64
	Seed uint64 // of the random states and the orders of updates
}

// String is "unlearning", with the rule in brackets if one is given.
func (r Unlearning) String() string {
	if r.Rule == nil {
		return "unlearning"
	}
	return fmt.Sprintf("unlearning (%v)", r.Rule)
}

// Learn makes the network. Errors: see Rule; those of the Rule, and of context; ErrConfig for a Rule that makes networks that are
// Asymmetric, which may not come to rest, or Binary. Cost: that of the Rule; a dream is 2·n² multiplications, and n for each flip.
func (r Unlearning) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	_, p, _, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	rule, dreams, rate := r.Rule, r.Dreams, r.Rate
	if rule == nil {
		rule = Hebb{}
	}
	switch {
	case !(rate >= 0) || math.IsInf(rate, 1):
		return nil, fmt.Errorf("associative: %v: Learn: Rate is %v, want a positive number, or 0 for 0.01: %w", r, rate, energy.ErrConfig)
	case dreams < 0:
		return nil, fmt.Errorf("associative: %v: Learn: Dreams is %d, want at least 1, or 0 for 0.7·P/Rate: %w", r, dreams, energy.ErrConfig)
	}
	if rate == 0 {
		rate = 0.01
	}
	if dreams == 0 {
		dreams = int(min(math.Ceil(0.7*float64(p)/rate), 1<<62))
	}
	learned, err := rule.Learn(ctx, patterns)
	if err == nil && learned == nil {
		err = fmt.Errorf("the rule made no network: %w", energy.ErrConfig)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	if learned.config.Asymmetric || learned.config.Binary {
		return nil, fmt.Errorf("associative: %v: Learn: the rule makes networks that are asymmetric or binary, want symmetric couplings of "+
			"bipolar units: %w", r, energy.ErrConfig)
	}
	unlearned, err := learned.unlearn(ctx, dreams, rate, r.Seed)
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	return unlearned, nil
}

// unlearn returns the network after dreams; a negative rate learns them.
func (h *Hopfield) unlearn(ctx context.Context, dreams int, rate float64, seed uint64) (*Hopfield, error) {
	dreamer, n := *h, h.n
	dreamer.m = slices.Clone(h.weights())
	dreamer.remembers = nil
	stream, x, sums := rng.New(seed, "associative dreams"), make([]float64, n), make([]float64, n)
	for dream := range uint64(dreams) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("after %d dreams: %w", dream, err)
		}
		drawSpins(stream.Row(0, dream), x)
		dreamer.fieldsOf(sums, x)
		Asynchronous{Seed: stream.Uint64(dream)}.run(&dreamer, []*row{{x: x, sums: sums}})
		step := -rate / (float64(n) * h.scale)
		kernel.Parallel(n, 1+1<<14/n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				m := dreamer.m[i*n : (i+1)*n]
				own := m[i]
				kernel.Axpy(step*x[i], x, m)
				m[i] = own
			}
		})
	}
	if dreamer.bound(); !kernel.AllFinite(dreamer.tie) {
		return nil, fmt.Errorf("couplings overflow, want a smaller Rate: %w", energy.ErrNotFinite)
	}
	return &dreamer, nil
}
