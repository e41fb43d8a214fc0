package dbn

import (
	"context"
	"fmt"
	"io"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// PretrainConfig is how every layer is pretrained. Epochs must be given.
type PretrainConfig struct {
	Epochs   int               // of each layer
	Negative sampling.Negative // nil means CD-1
	Solver   training.Solver   // nil means SGD with rate 0.05 and momentum 0.9
	Batch    int               // 0 means 100
	L2       float64           // 0 means 0.0002 with the default solver and none with another
	Seed     uint64

	// Samples lets layer k+1 see a fresh binary sample of layer k's hidden units each epoch instead of their means. The means
	// themselves are computed once a layer.
	Samples bool
	// Convention is what the data's grey values are taken for while the first layer is trained. The means that the layers above
	// see are those of the grey values themselves, as in Features.
	Convention training.Convention
	Labels     []int // of the rows, for a stack with a class group

	// Fit, if not nil, may change the settings of a layer's fit (layers count from 1) before it starts.
	Fit func(layer int, fit *training.Contrastive)

	Progress   io.Writer                               // a progress bar a layer, when it is a terminal; nil for none
	Observe    func(layer int, e training.Epoch) error // called after each epoch; an error stops the run
	Checkpoint string                                  // layer k's checkpoint is Checkpoint + ".layer" + k
	Resume     bool                                    // go on from the checkpoints, where they exist
}

// Pretrain trains the RBMs greedily: each on the conditional means (or samples) that the one below gives of the data,
// (rows, visible). It returns the reports of the layers as far as it got, also with an error; errors are those of
// training.Contrastive.Fit. Visible biases start at the log-odds of what the layer sees.
func (d *DBN) Pretrain(ctx context.Context, data *tensor.Dense, config PretrainConfig) ([]*training.Report, error) {
	fail := func(format string, args ...any) ([]*training.Report, error) {
		return nil, fmt.Errorf("dbn: DBN %q: Pretrain: %w", d.name, fmt.Errorf(format, args...))
	}
	if err := d.fieldsOf(data); err != nil {
		return fail("data: %w", err)
	}
	if (d.labels > 0) != (config.Labels != nil) {
		return fail("%d Labels given to a stack with a class group of %d: %w", len(config.Labels), d.labels, energy.ErrConfig)
	}
	if d.labels > 0 {
		if len(config.Labels) != data.Shape()[0] {
			return fail("%d Labels, want one a row (%d): %w", len(config.Labels), data.Shape()[0], energy.ErrShape)
		}
		if _, err := training.OneHot(config.Labels, d.labels); err != nil {
			return fail("%w", err)
		}
	}
	if config.Samples && len(d.rbms) == 1 {
		return fail("Samples cannot take effect on a stack with one hidden layer: %w", energy.ErrConfig)
	}
	if config.Checkpoint == "" && config.Resume {
		return fail("Resume cannot take effect without a Checkpoint: %w", energy.ErrConfig)
	}
	var reports []*training.Report
	x := inDtype(data, d.dtype())
	for i, rbm := range d.rbms {
		seen := x
		if d.labels > 0 && i == len(d.rbms)-1 {
			seen = withLabels(x, config.Labels, d.labels)
		}
		report, err := d.fitLayer(ctx, i+1, rbm, seen, config)
		if report != nil {
			reports = append(reports, report)
		}
		if err != nil {
			return reports, fmt.Errorf("dbn: DBN %q: Pretrain: layer %d: %w", d.name, i+1, err)
		}
		if i < len(d.rbms)-1 {
			x = hiddenMeans(rbm, x)
		}
	}
	return reports, nil
}

func (d *DBN) fitLayer(ctx context.Context, layer int, rbm *layers.RBM, x *tensor.Dense, config PretrainConfig) (*training.Report, error) {
	fit := training.Contrastive{
		Negative: config.Negative, Solver: config.Solver, Epochs: config.Epochs, Batch: config.Batch, L2: config.L2,
		Seed: config.Seed, InitBias: true, Convention: config.Convention, Progress: config.Progress, Resume: config.Resume,
	}
	if fit.Negative == nil {
		fit.Negative = sampling.CD{}
	}
	if fit.Solver == nil {
		fit.Solver = training.SGD{Rate: 0.05, Momentum: 0.9}
		if fit.L2 == 0 {
			fit.L2 = 2e-4
		}
	}
	if layer > 1 {
		fit.Convention = training.AsIs
		if config.Samples {
			fit.Convention = training.Stochastic
		}
	}
	if config.Observe != nil {
		fit.Observe = func(e training.Epoch) error { return config.Observe(layer, e) }
	}
	if config.Checkpoint != "" {
		fit.Checkpoint = fmt.Sprintf("%s.layer%d", config.Checkpoint, layer)
	}
	if config.Fit != nil {
		config.Fit(layer, &fit)
	}
	return fit.Fit(ctx, rbm, x)
}
