package dbn

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
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

// Generate draws rows from the model: Gibbs sampling in the top RBM, one chain a row, then one pass down, in which every layer
// is drawn given the one above, but for the visible units, whose means E[v|h1] are returned, (count, visible). When ctx ends it
// returns ctx's error. Errors: ErrConfig, ErrShape, ErrRange. Cost: two products a step of the chains, one a layer for the pass.
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
	if _, err := sampling.Run(ctx, gibbs, state, sampling.Schedule{BurnIn: steps}); err != nil {
		return fail("%w", err)
	}
	return d.descend(state, config.Seed), nil
}

// descend is one pass down from a state of the top RBM, whose visible side is the draw that it begins with.
func (d *DBN) descend(state *sampling.State, seed uint64) *tensor.Dense {
	if len(d.rbms) == 1 {
		return d.down(visibleMeans(d.top(), state.Hidden))
	}
	x := d.withoutLabels(state.Visible)
	for i := len(d.rbms) - 2; i > 0; i-- {
		if d.dtype() == tensor.Float32 {
			x = drawVisible[float32](d.rbms[i], x, seed)
		} else {
			x = drawVisible[float64](d.rbms[i], x, seed)
		}
	}
	return visibleMeans(d.rbms[0], x)
}

// drawVisible draws the visible units of each row given its hidden ones.
func drawVisible[T kernel.Float](r *layers.RBM, h *tensor.Dense, seed uint64) *tensor.Dense {
	p, rows, draws := plain[T](r), h.Shape()[0], rng.New(seed, "descend "+r.Name())
	in, out := make([]T, rows*p.VisibleLen), make([]T, rows*p.VisibleLen)
	p.VisibleInput(in, h.Data().([]T), rows)
	for i := range rows {
		lo, hi := i*p.VisibleLen, (i+1)*p.VisibleLen
		p.Visible.Sample(out[lo:hi], in[lo:hi], p.VisibleLogVariance, 1, draws.Row(i, 0))
	}
	return tensor.New(tensor.WithShape(rows, p.VisibleLen), tensor.WithBacking(out))
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
