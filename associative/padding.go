package associative

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Paddings says what values patterns have in the hidden units of Padded.
type Paddings int

const (
	// RandomPaddings are drawn.
	RandomPaddings Paddings = iota
	// Decorrelated paddings are chosen so that patterns, which are as they are, differ more with them: from random ones, bits are flipped as
	// long as a flip makes Σ (ξ_μ·ξ_ν)² smaller, over all pairs of different patterns.
	Decorrelated
	// Relaxed paddings are those that the network makes of them: from random ones, the hidden units follow their fields while the visible
	// ones are held, and the rule learns anew, in turn, until nothing changes or the Rounds are up.
	Relaxed
)

// String names them.
func (p Paddings) String() string {
	switch p {
	case RandomPaddings:
		return "RandomPaddings"
	case Decorrelated:
		return "Decorrelated"
	case Relaxed:
		return "Relaxed"
	}
	return fmt.Sprintf("Paddings(%d)", int(p))
}

// Padded learns patterns of N visible units in a network of N + K, by another rule. Which values the K hidden units have, nobody cares: they
// are there to tell patterns apart, and only the visible ones are judged (see Success). A network of more units stores more patterns.
//
// Decorrelated paddings help Hebb's rule, to which they bring what the projection has: of 20 random patterns of 50 units 6 in 100 stay as they
// are without hidden units, 25 with 25 random ones, and 97 with 25 that are decorrelated. Relaxed ones help rules that learn as much as
// can be learned: hidden bits that cannot be had are given up, for the sake of the others. Several paddings for a pattern take room that
// other patterns could have. A pattern that stays need not be found by its visible part: the more units are hidden, the more of the
// fields comes from what is not known.
//
// The units of the network are the visible ones, then the hidden ones.
//
// Source: B. Raj, R. Singh, "Boltzmann Machines", lecture of 11-785 Introduction to Deep Learning, Carnegie Mellon University, for the idea and for
// random paddings; how the others are chosen is this library's.
type Padded struct {
	// Rule learns the extended patterns; nil means Hebb{}. Where it has a setting for each pattern, that is for each padding, those of a pattern one behind
	// the other.
	Rule Rule
	// Hidden is K; 0 means none, and nothing to pad.
	Hidden int
	// Copies is how many paddings a pattern has, each of which is stored; 0 means 1.
	Copies int
	// Paddings says how they are chosen; the zero value is at random.
	Paddings Paddings
	// Rounds are made at most of Relaxed paddings; 0 means 10.
	Rounds int
	// Seed of all that is drawn.
	Seed uint64
}

// String names the rule and the hidden units.
func (r Padded) String() string { return fmt.Sprintf("%v with %d hidden units", r.rule(), r.Hidden) }

func (r Padded) rule() Rule {
	if r.Rule == nil {
		return Hebb{}
	}
	return r.Rule
}

// Learn makes the network, of N + K units, of patterns (P, N). Errors: see Rule; ErrConfig; those of the rule.
// Cost: the rule's for Copies·P patterns of N + K units; for Decorrelated also Copies²·P²·K a pass over all bits, of which a few are made; for
// Relaxed as many times the rule's as there are rounds.
func (r Padded) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	e, err := r.extend(ctx, patterns)
	if err != nil {
		return nil, err
	}
	h, err := r.learn(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	return h, nil
}

// Extend returns the extended patterns that Learn stores, (P·Copies, N + K) in the dtype of the patterns, those of a pattern one behind the other.
// Errors and cost are those of Learn, without the rule's where paddings are not Relaxed.
func (r Padded) Extend(ctx context.Context, patterns *tensor.Dense) (*tensor.Dense, error) {
	e, err := r.extend(ctx, patterns)
	if err != nil {
		return nil, err
	}
	return e.tensor(patterns.Dtype()), nil
}

// extended are patterns with their paddings.
type extended struct {
	x            []float64 // (rows, units)
	rows, units  int
	visible, per int // units that are visible, rows a pattern
}

func (e *extended) row(k int) []float64 { return e.x[k*e.units : (k+1)*e.units] }

func (e *extended) tensor(dtype tensor.Dtype) *tensor.Dense {
	return matrix.Tensor(dtype, e.x, e.rows, e.units)
}

func (r Padded) extend(ctx context.Context, patterns *tensor.Dense) (*extended, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err == nil {
		if err = r.validate(p, n); err != nil {
			err = fmt.Errorf("associative: %v: Learn: %w", r, err)
		}
	}
	if err != nil {
		return nil, err
	}
	e := &extended{rows: p * cmp.Or(r.Copies, 1), units: n + r.Hidden, visible: n, per: cmp.Or(r.Copies, 1)}
	e.x = make([]float64, e.rows*e.units)
	draws := rng.New(r.Seed, "associative paddings")
	for k := range e.rows {
		copy(e.row(k), x[k/e.per*n:(k/e.per+1)*n])
		drawSpins(draws.Row(k, 0), e.row(k)[n:])
	}
	switch r.Paddings {
	case Decorrelated:
		err = e.decorrelate(ctx)
	case Relaxed:
		err = r.relax(ctx, e)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	return e, nil
}

func (r Padded) validate(p, n int) error {
	switch {
	case r.Hidden < 0:
		return fmt.Errorf("Hidden is %d, want at least 0: %w", r.Hidden, energy.ErrConfig)
	case r.Paddings < RandomPaddings || r.Paddings > Relaxed:
		return fmt.Errorf("Paddings are %v, want RandomPaddings, Decorrelated or Relaxed: %w", r.Paddings, energy.ErrConfig)
	case r.Rounds != 0 && r.Paddings != Relaxed:
		return fmt.Errorf("Rounds is %d, which counts for Relaxed paddings alone, but these are %v: %w", r.Rounds, r.Paddings, energy.ErrConfig)
	}
	copies := cmp.Or(r.Copies, 1)
	return cmp.Or(validCount("Copies", r.Copies), validCount("Rounds", r.Rounds),
		validSize(fmt.Sprintf("couplings of %d Hidden units", r.Hidden), r.Hidden, r.Hidden),
		validSize(fmt.Sprintf("%d Copies of %d patterns of %d visible and %d Hidden units", copies, p, n, r.Hidden), copies, p, n+r.Hidden))
}

func (r Padded) learn(ctx context.Context, e *extended) (*Hopfield, error) {
	h, err := r.rule().Learn(ctx, e.tensor(tensor.Float64))
	if err == nil && (h == nil || h.n != e.units || h.config.Binary) {
		err = fmt.Errorf("the rule made a network of other units than it was to learn: %w", energy.ErrConfig)
	}
	return h, err
}

// relax lets the hidden units follow what the rule makes of them.
func (r Padded) relax(ctx context.Context, e *extended) error {
	for round := range cmp.Or(r.Rounds, 10) {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := r.learn(ctx, e)
		if err != nil {
			return err
		}
		before := slices.Clone(e.x)
		Asynchronous{Seed: rng.New(r.Seed, "associative relaxation").Uint64(uint64(round)), Clamped: firstUnits(e.visible, e.units)}.run(h, h.rows(e.x))
		if slices.Equal(before, e.x) {
			break
		}
	}
	return nil
}

// firstUnits marks the first of some units.
func firstUnits(first, units int) []bool {
	marks := make([]bool, units)
	for i := range first {
		marks[i] = true
	}
	return marks
}
