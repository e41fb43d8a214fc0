package associative

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// Unrolled is learning by backpropagation through recall. Corrupted patterns are let run for k steps of mean-field dynamics, and what these end
// with is to be the pattern that it began as:
//
//	m(0) = ξ with units flipped        m(t+1) = tanh((Wm(t) + b)/T)        −Σ_i log (1 + ξ_i m_i(k))/2 → min
//
// The gradient goes back through all steps to W, which stays symmetric without a diagonal, and b. So it is recall itself that is made good:
// patterns get basins that rules which only look at the patterns do not ask for. An even k can be content with a network that goes to
// and fro between a pattern and another state; an odd one cannot.
//
// Learning begins with Hebb's rule, and is training.Supervised by Adam with a rate that falls to a tenth. It is on one set of corrupted
// copies, which range from nearly clean to the full share of flips, so that patterns are stable and attract.
//
// Source: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323 (1986), whose iterative
// networks these are.
type Unrolled struct {
	// Steps is k; 0 means 3.
	Steps int
	// Temperature is T, in the unit of Hebb's couplings, those with 1/n; 0 means 1.
	Temperature float64
	// Flip is the probability that a unit is flipped in the copies with the most noise, at most 0.5; 0 means 0.1. In copy c of all it is
	// Flip·c/Copies.
	Flip float64
	// Copies is how many corrupted copies of each pattern are learned from; 0 means 30.
	Copies int
	// Rate is that of Adam at the beginning; 0 means 0.01.
	Rate float64
	// Epochs are passes over all copies; 0 means 100.
	Epochs int
	// Importance is the weight of each pattern, at least 0. nil means 1 each.
	Importance []float64
	// Seed of the flips and of the order of the copies.
	Seed uint64
}

// String is "unrolled".
func (r Unrolled) String() string { return "unrolled" }

// Learn makes the network. Errors: see Rule; ErrShape, ErrRange and ErrNotFinite for Importance; context's error when it ends.
// Cost of an epoch: some 3·Copies·P·k·n² multiplications.
func (r Unrolled) Learn(ctx context.Context, patterns *tensor.Dense) (*Hopfield, error) {
	x, p, n, err := patternsOf(r, patterns)
	if err != nil {
		return nil, err
	}
	h, err := r.learn(ctx, x, p, n)
	if err != nil {
		return nil, fmt.Errorf("associative: %v: Learn: %w", r, err)
	}
	return h, nil
}

func (r Unrolled) learn(ctx context.Context, x []float64, p, n int) (*Hopfield, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	shares, err := sharesOf(r.Importance, p)
	if err != nil {
		return nil, err
	}
	hebb, err := Hebb{}.Learn(ctx, matrix.Tensor(tensor.Float64, x, p, n))
	if err != nil {
		return nil, err
	}
	steps, copies, rate, epochs := cmp.Or(r.Steps, 3), cmp.Or(r.Copies, 30), cmp.Or(r.Rate, 0.01), cmp.Or(r.Epochs, 100)
	if err := validSize(fmt.Sprintf("%d Copies of %d patterns of %d units", copies, p, n), copies, p, n); err != nil {
		return nil, err
	}
	l, err := hebb.Layer("associative.unrolled", layers.HopfieldConfig{
		Temperature: r.Temperature, InputIsState: true, Steps: max(1, steps-1),
	})
	if err != nil {
		return nil, err
	}
	targets := slices.Repeat(x, copies)
	_, err = training.Supervised{
		Solver: training.Adam{Rate: rate}, Rate: training.Linear(rate, rate/10, epochs), Epochs: epochs, Seed: r.Seed,
		Cost: signEntropy, Weights: slices.Repeat(shares, copies),
	}.Fit(ctx, lastFields{l, steps}, matrix.Tensor(tensor.Float64, r.corrupted(targets, n, copies), copies*p, n),
		matrix.Tensor(tensor.Float64, targets, copies*p, n))
	if err != nil {
		return nil, err
	}
	return FromLayer(l)
}

func (r Unrolled) validate() error {
	if r.Flip > 0.5 {
		return fmt.Errorf("Flip is %g, want at most 0.5, where nothing is left of a pattern: %w", r.Flip, energy.ErrConfig)
	}
	return cmp.Or(validCount("Steps", r.Steps), validPositive("Temperature", r.Temperature), validPositive("Flip", r.Flip),
		validCount("Copies", r.Copies), validPositive("Rate", r.Rate), validCount("Epochs", r.Epochs))
}

// corrupted is the rows, copy behind copy, with units flipped.
func (r Unrolled) corrupted(rows []float64, n, copies int) []float64 {
	draws, noisy := rng.New(r.Seed, "associative flips"), make([]float64, len(rows))
	count := len(rows) / n
	for k := range count {
		c := 1 + k*copies/count
		row := noisy[k*n : (k+1)*n]
		rng.Uniform(draws.Row(k, 0), row)
		for i, u := range row {
			row[i] = rows[k*n+i]
			if u*float64(copies) < cmp.Or(r.Flip, 0.1)*float64(c) {
				row[i] = -row[i]
			}
		}
	}
	return noisy
}

// lastFields is a network as a layer that gives the fields over T which the last of its steps follows.
type lastFields struct {
	*layers.Hopfield
	steps int
}

// Forward builds (W m(k−1) + b)/T: (B, n) gives (B, n).
func (l lastFields) Forward(x *G.Node) (*G.Node, error) {
	m := x
	if l.steps > 1 {
		var err error
		if m, err = l.Hopfield.Forward(x); err != nil {
			return nil, err
		}
	}
	e, err := l.Bind(x.Graph())
	if err != nil {
		return nil, err
	}
	fields, err := e.Input(m)
	if err != nil {
		return nil, err
	}
	return op.Combine([]float64{1 / cmp.Or(l.Config().Temperature, 1)}, fields)
}

// signEntropy builds −Σ_i log σ(2 ξ_i h_i), which is −Σ_i log (1 + ξ_i tanh h_i)/2, of each row: fields and spins (B, n) give (B).
func signEntropy(fields, spins *G.Node) (*G.Node, error) {
	stable, err := op.Multiply(fields, spins)
	if err != nil {
		return nil, err
	}
	wrong, err := op.Combine([]float64{-2}, stable)
	if err != nil {
		return nil, err
	}
	costs, err := op.Softplus(wrong)
	if err != nil {
		return nil, err
	}
	return op.RowSum(costs, 1)
}
