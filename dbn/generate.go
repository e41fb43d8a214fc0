package dbn

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// GenerateConfig is how rows are generated.
type GenerateConfig struct {
	Steps int // Gibbs steps in the top RBM; 0 means 200
	Seed  uint64
	// From are rows, (count, visible), whose encodings the chains start from; nil starts at draws from the top RBM's biases.
	From *tensor.Dense
	// Labels, one a generated row, are clamped in a stack with a class group; nil leaves the classes free.
	Labels []int
}

// Generate draws rows from the model: Gibbs sampling in the top RBM, one chain a row, then one pass down, mean by mean, to
// (count, visible) means. With one hidden layer these are E[v|h] of exact ancestral draws; with more, the layers in between
// pass their means and not samples, so each row is what its top state typically looks like. When ctx ends it returns ctx's
// error. Errors: ErrConfig, ErrShape, ErrRange. Cost: two products a step of the chains, one a layer for the pass.
func (d *DBN) Generate(ctx context.Context, count int, config GenerateConfig) (*tensor.Dense, error) {
	fail := func(format string, args ...any) (*tensor.Dense, error) {
		return nil, fmt.Errorf("dbn: DBN %q: Generate: %w", d.name, fmt.Errorf(format, args...))
	}
	switch {
	case count < 1:
		return fail("%d rows, want at least 1: %w", count, energy.ErrConfig)
	case config.Steps < 0:
		return fail("Steps is %d, want at least 1, or 0 for 200: %w", config.Steps, energy.ErrConfig)
	case config.Labels != nil && d.labels == 0:
		return fail("Labels cannot take effect on a stack without a class group: %w", energy.ErrConfig)
	case config.Labels != nil && len(config.Labels) != count:
		return fail("%d Labels, want one a row (%d): %w", len(config.Labels), count, energy.ErrShape)
	case config.From != nil && (config.From.Dims() != 2 || config.From.Shape()[0] != count):
		return fail("From has shape %v, want (%d, visible): %w", config.From.Shape(), count, energy.ErrShape)
	}
	if config.Labels != nil {
		if _, err := training.OneHot(config.Labels, d.labels); err != nil {
			return fail("%w", err)
		}
	}
	state, err := sampling.RandomState(d.top(), count, config.Seed)
	if err != nil {
		return fail("%w", err)
	}
	if err := d.place(state, config); err != nil {
		return nil, err
	}
	gibbs := &sampling.Gibbs{Model: d.top(), Seed: config.Seed}
	if config.Labels != nil {
		gibbs.VisibleClamp = make([]bool, d.top().Visible().Len())
		for j := range d.labels {
			gibbs.VisibleClamp[len(gibbs.VisibleClamp)-1-j] = true
		}
	}
	steps := config.Steps
	if steps == 0 {
		steps = 200
	}
	if err := gibbs.Run(ctx, state, steps); err != nil {
		return fail("%w", err)
	}
	return d.down(visibleMeans(d.top(), state.Hidden)), nil
}

// place puts the encodings of From, and the clamped classes, into the state.
func (d *DBN) place(state *sampling.State, config GenerateConfig) error {
	visible := state.Visible
	if config.From != nil {
		below, err := d.belowTop("Generate", config.From)
		if err != nil {
			return err
		}
		if d.labels > 0 {
			below = widen(below, d.labels, func(i, j int) float64 { return 1 / float64(d.labels) })
		}
		visible = below
	}
	if config.Labels != nil {
		visible = withLabels(narrow(visible, d.top().Visible().Len()-d.labels), config.Labels, d.labels)
	}
	if visible == state.Visible {
		return nil
	}
	return tensor.Copy(state.Visible, visible)
}
