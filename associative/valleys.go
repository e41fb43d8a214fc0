package associative

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// ValleysFrom says which states Valleys raises.
type ValleysFrom int

const (
	// Targets are the valleys that the patterns themselves run into, where they are not stable.
	Targets ValleysFrom = iota
	// NearTargets are the states a few flips down from the patterns, before a valley is reached.
	NearTargets
	// RandomStates are the valleys that random states run into.
	RandomStates
	// AllStates are all 2^n states, the patterns among them, each by its probability exp(−E/T)/Z: then the learning is exact maximum
	// likelihood, and the means and correlations of the model come to be those of the patterns.
	AllStates
)

// String names what it is from.
func (f ValleysFrom) String() string {
	switch f {
	case AllStates:
		return "AllStates"
	case RandomStates:
		return "RandomStates"
	case Targets:
		return "Targets"
	case NearTargets:
		return "NearTargets"
	}
	return fmt.Sprintf("ValleysFrom(%d)", int(f))
}

// Valleys lowers the energy of the patterns y_p and raises that of other states y_v, the valleys where the network ends up instead,
//
//	W ← W + η (Σ_p a_p y_p y_pᵀ − Σ_v a_v y_v y_vᵀ)        w_ii = 0        b ← b + η (Σ_p a_p y_p − Σ_v a_v y_v)
//
// with a_p that add up to 1, and so the a_v. From says where the y_v come from. An epoch is one such step, over all patterns.
//
// From AllStates learning begins with W = 0 and goes on until the sums agree: η/T times the bracket is a step of gradient ascent on the mean
// log-likelihood, which is concave. For patterns that a distribution of the model can give all weight to, the largest couplings grow
// without end, and learning ends with the epochs.
//
// From the others, which are at temperature 0 and so of no scale, learning begins with the correlations Σ_p a_p y_p y_pᵀ, in whose unit
// Rate is, and ends as soon as all patterns are stable. From Targets and NearTargets a step is on those that are not, and changes
// the weights of the units that moved alone: a perceptron's step with symmetric weights, which stores far beyond Hebb. Where the epochs
// do not suffice, the last network is returned; see Hopfield.Stable. In networks of 64 and of 100 units the largest numbers of random patterns
// that were all stored in each of 16 trials were 0.6 a unit for RandomStates, 1 for Targets and 1.1 for NearTargets (of 0.5, 0.6, 0.8, 1, 1.1 …).
//
// Sources: B. Raj, R. Singh, "Hopfield Nets" and "Boltzmann Machines", lectures of 11-785 Introduction to Deep Learning, Carnegie Mellon
// University; for AllStates D. Ackley, G. Hinton, T. Sejnowski, Cognitive Science 9 (1985); for RandomStates J. J. Hopfield,
// D. Feinstein, R. Palmer, Nature 304 (1983).
type Valleys struct {
	// From says which states are raised; the zero value is Targets. AllStates is for up to 22 units.
	From ValleysFrom
	// Rate is η; 0 means 0.1.
	Rate float64
	// Epochs are made at most; 0 means 1000.
	Epochs int
	// Bias makes the network learn biases too.
	Bias bool
	// Importance is a_p but for a factor, one number a pattern, at least 0. nil means 1 each.
	Importance []float64

	// Temperature is T; 0 means 1. Only from AllStates.
	Temperature float64
	// Tolerance ends learning from AllStates once no sum differs by more; 0 means 1e-6.
	Tolerance float64
	// Starts is from how many RandomStates an epoch looks for valleys; 0 means as many as there are patterns.
	Starts int
	// Steps is how many units flip on the way down from the NearTargets; 0 means 3.
	Steps int
	// Seed of the random states and of the orders in which units are updated. Only where there are any: not from AllStates.
	Seed uint64
}

// String names the rule and where its valleys are from.
func (r Valleys) String() string { return fmt.Sprintf("valleys from %v", r.From) }

// Learn makes the network. Errors: see Rule; ErrConfig for more than 22 units from AllStates; ErrShape, ErrRange and ErrNotFinite for
// Importance; ErrNotFinite for a Rate that makes couplings overflow; context's error when it ends. Cost of an epoch: 2n² multiplications
// a state from AllStates, of which there are 2^n; else 2n² a pattern that is not stable or a start, and the recall.
func (r Valleys) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	shares, err := sharesOf(r.Importance, p)
	if err == nil {
		err = r.validate(n)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	a := &ascent{Valleys: r.withDefaults(p), x: x, n: n, shares: shares, draws: rng.New(r.Seed, "associative valleys")}
	if err := a.start(); err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	for epoch := range a.Epochs {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("associative: %v: Learn: after %d epochs: %w", r, epoch, err)
		}
		if !a.step(epoch) {
			break
		}
	}
	return found(r, a.h.m, n, 1, a.h.config)
}

func (r Valleys) withDefaults(p int) Valleys {
	r.Rate = cmp.Or(r.Rate, 0.1)
	r.Epochs = cmp.Or(r.Epochs, 1000)
	r.Temperature = cmp.Or(r.Temperature, 1)
	r.Tolerance = cmp.Or(r.Tolerance, 1e-6)
	r.Starts = cmp.Or(r.Starts, p)
	r.Steps = cmp.Or(r.Steps, 3)
	return r
}

func (r Valleys) validate(n int) error {
	if r.From < Targets || r.From > AllStates {
		return fmt.Errorf("From is %v, want Targets, NearTargets, RandomStates or AllStates: %w", r.From, energy.ErrConfig)
	}
	if err := validEnumeration(n); err != nil && r.From == AllStates {
		return fmt.Errorf("From is AllStates: %w", err)
	}
	for _, only := range []struct {
		name  string
		given bool
		from  []ValleysFrom
	}{
		{"Temperature", r.Temperature != 0, []ValleysFrom{AllStates}},
		{"Tolerance", r.Tolerance != 0, []ValleysFrom{AllStates}},
		{"Starts", r.Starts != 0, []ValleysFrom{RandomStates}},
		{"Steps", r.Steps != 0, []ValleysFrom{NearTargets}},
		{"Seed", r.Seed != 0, []ValleysFrom{RandomStates, Targets, NearTargets}},
	} {
		if only.given && !slices.Contains(only.from, r.From) {
			return fmt.Errorf("%s is given, which counts for valleys from %v alone, but these are from %v: %w", only.name, only.from, r.From, energy.ErrConfig)
		}
	}
	return cmp.Or(
		validPositive("Rate", r.Rate), validCount("Epochs", r.Epochs), validPositive("Temperature", r.Temperature),
		validPositive("Tolerance", r.Tolerance), validCount("Starts", r.Starts), validCount("Steps", r.Steps),
		validSize(fmt.Sprintf("%d Starts of %d units", r.Starts, n), r.Starts, n))
}
