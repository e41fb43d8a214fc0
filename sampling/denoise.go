package sampling

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// Denoise takes a few Gibbs steps from each of the rows, (rows, visible), and returns E[v|h] at the hidden units of the last: the rows pulled towards what the model
// finds likely. One step removes what is unlike the model and keeps the rest; many steps forget the row. Where it is known which numbers are wrong
// they are better made NaN and left to a Completion. When ctx ends it returns ctx's error. Errors: ErrConfig for steps below 1, and what NewState says of the rows.
func Denoise(ctx context.Context, m *layers.RBM, rows *tensor.Dense, steps int, seed uint64) (*tensor.Dense, error) {
	state, err := NewState(m, rows)
	if err != nil {
		return nil, err
	}
	if steps < 1 {
		return nil, fmt.Errorf("sampling: Denoise by RBM %q: %d steps, want at least 1: %w", m.Name(), steps, energy.ErrConfig)
	}
	if _, err := Run(ctx, &Gibbs{Model: m, Seed: seed}, state, Schedule{BurnIn: steps}); err != nil {
		return nil, err
	}
	if m.Dtype() == tensor.Float32 {
		return state.Visible, visibleMeans[float32](m, state)
	}
	return state.Visible, visibleMeans[float64](m, state)
}

// visibleMeans sets the visible units to their means given the hidden ones.
func visibleMeans[T kernel.Float](m *layers.RBM, s *State) error {
	p, err := layers.PlainOf[T](m)
	if err == nil {
		p.VisibleMean(op.Numbers[T](s.Visible), op.Numbers[T](s.Hidden), s.Visible.Shape()[0])
	}
	return err
}
