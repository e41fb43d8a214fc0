package sampling

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// swaps is what has been seen of the changes of places on a ladder.
type swaps struct {
	accepted []float64 // sums of probabilities, one a pair of rungs
	proposed []float64
	trips    int
}

func newSwaps(pairs int) swaps {
	return swaps{accepted: make([]float64, pairs), proposed: make([]float64, pairs)}
}

func (s *swaps) see(pair int, probability float64) {
	s.accepted[pair] += probability
	s.proposed[pair]++
}

// SwapRates returns the mean probability with which the replicas of rungs k and k+1 changed places, over all steps since the first one
// or since the last Reset; NaN for pairs that have not been at turns. It is nil before the first step.
func (p *ParallelTempering) SwapRates() []float64 {
	rates := slices.Clone(p.swaps.accepted)
	for k, n := range p.swaps.proposed {
		rates[k] /= n // 0/0 is NaN
	}
	return rates
}

// RoundTrips returns how often a replica came back to β = 1 after it had been at the other end of the ladder, since the first step or the
// last Reset: how often the chains could forget where they were.
func (p *ParallelTempering) RoundTrips() int { return p.swaps.trips }

// Reset forgets the rates and the trips counted so far. The replicas stay where they are.
func (p *ParallelTempering) Reset() { p.swaps = newSwaps(len(p.swaps.accepted)) }

// Tune finds a ladder on which each pair changes places with a probability of about target, 0 meaning 0.5, and sets Betas to it. That is as fast
// as it gets: of all ladders of so many rungs, replicas make the most round trips on one of equal rates, and 0.5 is the best rate for the
// cost of a rung. It returns the communication barrier Λ = Σ (1 − rate), which hardly depends on the ladder: about Λ/(1−target) + 1
// rungs are needed.
//
// It runs some steps of the state's chains, in five rounds, each twice as long as the one before, and after each of them
// spaces the rungs evenly in Λ, taken to be linear between rungs. The state moves. Samples for anything else are drawn afterwards: with a ladder
// that changes they are not the model's. Reset is called at the end.
//
// Errors: those of Step, ctx's when it ends, ErrConfig for a target outside (0, 1), for fewer than 62 steps, or when more than 1,000 rungs
// are needed; the ladder is then the last that was found.
//
// Source: Syed, Bouchard-Côté, Deligiannidis, Doucet 2022, section 5.3 and algorithm 2; the optimal rate is their section 4.3.
func (p *ParallelTempering) Tune(ctx context.Context, s *State, target float64, steps int) (barrier float64, err error) {
	if target == 0 {
		target = 0.5
	}
	fail := func(err error) error {
		if p.Model == nil {
			return fmt.Errorf("sampling: ParallelTempering: Tune: %w", err)
		}
		return fmt.Errorf("sampling: ParallelTempering of RBM %q: Tune: %w", p.Model.Name(), err)
	}
	const shares = 1 + 2 + 4 + 8 + 16 // of the rounds
	switch {
	case !(target > 0 && target < 1):
		return 0, fail(fmt.Errorf("target is %g, want between 0 and 1, or 0 for 0.5: %w", target, energy.ErrConfig))
	case steps < 2*shares: // an even and an odd one in the first round
		return 0, fail(fmt.Errorf("%d steps, want at least %d: %w", steps, 2*shares, energy.ErrConfig))
	}
	if err := p.check(s); err != nil {
		return 0, err
	}
	for _, share := range []int{1, 2, 4, 8, 16} {
		p.Reset()
		if _, err := Run(ctx, p, s, Schedule{BurnIn: steps * share / shares}); err != nil {
			return barrier, err
		}
		var next []float64
		next, barrier = spaced(p.ladder(), p.SwapRates(), target)
		if len(next) > maxReplicas {
			return barrier, fail(fmt.Errorf("%d rungs are needed, want at most %d; a Base that is nearer to the model needs fewer: %w", len(next), maxReplicas, energy.ErrConfig))
		}
		if p.Model.Dtype() == tensor.Float32 {
			err = moveTo[float32](p, next, s)
		} else {
			err = moveTo[float64](p, next, s)
		}
		if err != nil {
			return barrier, fail(err)
		}
	}
	return barrier, nil
}

// spaced returns the ladder of equal rates, and Λ = Σ (1 − rate): the rungs are at even parts of Λ.
func spaced(ladder, rates []float64, target float64) (next []float64, barrier float64) {
	sums := make([]float64, len(ladder)) // of Λ from β = 1 to each rung
	for k, rate := range rates {
		sums[k+1] = sums[k] + 1 - rate
	}
	barrier = sums[len(rates)]
	pairs := int(math.Ceil(barrier/(1-target) - 1e-9))
	if pairs < 1 {
		pairs = 1
	}
	next, k := append(next, ladder[0]), 0
	for i := 1; i < pairs; i++ {
		at := barrier * float64(i) / float64(pairs)
		for sums[k+1] < at {
			k++
		}
		next = append(next, ladder[k]+(ladder[k+1]-ladder[k])*(at-sums[k])/(sums[k+1]-sums[k]))
	}
	return append(next, ladder[len(ladder)-1]), barrier
}

// moveTo makes a ladder the one in use. The replicas of each rung go on from those of the old rung nearest to it.
func moveTo[T kernel.Float](p *ParallelTempering, ladder []float64, s *State) error {
	old, _, err := temperingOf[T](p, s.Visible.Shape()[0])
	if err != nil {
		return err
	}
	p.Betas, p.Replicas = ladder, 0
	w, fresh, err := temperingOf[T](p, old.n)
	if err != nil || !fresh {
		p.Reset()
		return err
	}
	before, after, k := len(old.ladder), len(ladder), 0
	for r, beta := range ladder {
		for k+1 < before && math.Abs(old.ladder[k+1]-beta) <= math.Abs(old.ladder[k]-beta) {
			k++
		}
		for i := range w.n {
			copyRow(w.rows.V, old.rows.V, i*after+r, i*before+k, w.rows.N, old.rows.N)
			copyRow(w.rows.H, old.rows.H, i*after+r, i*before+k, w.rows.N, old.rows.N)
		}
	}
	return nil
}

// copyRow sets a row of one matrix to a row of another of as many columns.
func copyRow[T kernel.Float](dst, src []T, to, from, dstRows, srcRows int) {
	n := len(dst) / dstRows
	copy(dst[to*n:(to+1)*n], src[from*n:from*n+len(src)/srcRows])
}
