package likelihood

import (
	"context"
	"errors"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// tempered is chains that come to the model by another road than the data do: by parallel tempering from units with base biases 0, which know
// nothing of the data. They find modes that neither the data nor the fitted base point at.
type tempered[T kernel.Float] struct {
	kernel *sampling.ParallelTempering
	state  *sampling.State
}

const (
	temperedChains = 5   // each of a ladder of replicas
	exchangeTarget = 0.4 // of neighbours: rungs are as many as that needs
	tuneSteps      = 310 // to find that out
	untunedRungs   = 100 // where more than a thousand would be needed
)

// newTempered makes chains at draws of the visible units without couplings, and finds their ladder.
func newTempered[T kernel.Float](ctx context.Context, m *layers.RBM, seed uint64) (*tempered[T], error) {
	state, err := sampling.RandomState(m, temperedChains, seed)
	if err != nil {
		return nil, err
	}
	t := &tempered[T]{&sampling.ParallelTempering{Model: m, Seed: seed, Base: make([]float64, m.Visible().Len())}, state}
	if _, err := t.kernel.Tune(ctx, state, exchangeTarget, tuneSteps); err != nil {
		if !errors.Is(err, energy.ErrConfig) {
			return nil, err
		}
		t.kernel.Replicas, t.kernel.Betas = untunedRungs, nil // the model is too far from its base for a ladder that exchanges at that rate
	}
	return t, nil
}

// rows takes n/2 steps, and returns as many visible states as asked for, of the chains in the second half of them, in turn.
func (t *tempered[T]) rows(ctx context.Context, count, n int) ([]T, error) {
	var rows []T
	looks := (count + temperedChains - 1) / temperedChains
	_, err := sampling.Run(ctx, t.kernel, t.state, sampling.Schedule{BurnIn: n / 4, Samples: looks, Thin: max(1, n/4/looks)},
		look(func(s *sampling.State) { rows = append(rows, op.Numbers[T](s.Visible)...) }))
	if err != nil {
		return nil, err
	}
	return slices.Clip(rows[:count*len(rows)/(looks*temperedChains)]), nil
}

// look is an observer that is a function.
type look func(s *sampling.State)

func (f look) Observe(s *sampling.State) error {
	f(s)
	return nil
}
