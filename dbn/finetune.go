package dbn

import (
	"context"
	"fmt"
	"io"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

// FineTuneConfig is how the stack is trained as a classifier. Classes and Epochs must be given.
type FineTuneConfig struct {
	Classes int
	Epochs  int
	Solver  training.Solver   // nil means Adam with rate 0.001
	Rate    training.Schedule // learning rate at each epoch; nil keeps the solver's
	Batch   int               // 0 means 100
	L2      float64           // weight decay
	Dropout float64           // the share of hidden units that is dropped in training, in every layer; 0 for none
	Seed    uint64            // of the shuffles, the masks and the new classifier

	Validation       *tensor.Dense // rows held back, measured after each epoch
	ValidationLabels []int

	Progress   io.Writer                  // a progress bar, when it is a terminal; nil for none
	Observe    func(training.Epoch) error // called after each epoch; an error stops the run
	Checkpoint string                     // file that is written after each epoch, and when ctx ends
	Resume     bool                       // go on from Checkpoint, where it exists
}

// FineTune puts a linear classifier on the top hidden units, unless there is one of these classes already, and trains it and
// all the layers below by backpropagation of the cross-entropy. The machines' own weights move, so Generate is best called
// before. Errors are those of training.Supervised.Fit.
func (d *DBN) FineTune(ctx context.Context, data *tensor.Dense, labels []int, config FineTuneConfig) (*training.Report, error) {
	fail := func(format string, args ...any) (*training.Report, error) {
		return nil, fmt.Errorf("dbn: DBN %q: FineTune: %w", d.name, fmt.Errorf(format, args...))
	}
	if err := d.fieldsOf(data); err != nil {
		return fail("data: %w", err)
	}
	if config.Classes < 2 {
		return fail("Classes is %d, want at least 2: %w", config.Classes, energy.ErrConfig)
	}
	targets, err := training.OneHot(labels, config.Classes)
	if err != nil {
		return fail("%w", err)
	}
	fit := training.Supervised{
		Solver: config.Solver, Epochs: config.Epochs, Rate: config.Rate, Batch: config.Batch, L2: config.L2, Seed: config.Seed,
		Progress: config.Progress, Observe: config.Observe, Checkpoint: config.Checkpoint, Resume: config.Resume,
	}
	if fit.Solver == nil {
		fit.Solver = training.Adam{Rate: 1e-3}
	}
	if config.Validation == nil && config.ValidationLabels != nil {
		return fail("ValidationLabels cannot take effect without Validation: %w", energy.ErrConfig)
	}
	if config.Validation != nil {
		if err := d.fieldsOf(config.Validation); err != nil {
			return fail("Validation: %w", err)
		}
		if fit.ValidationTargets, err = training.OneHot(config.ValidationLabels, config.Classes); err != nil {
			return fail("Validation: %w", err)
		}
		fit.Validation = config.Validation
	}
	before := d.head
	if d.Classes() != config.Classes {
		if d.head, err = d.newHead(config); err != nil {
			return fail("%w", err)
		}
	}
	model, err := d.classifier(config)
	if err != nil {
		d.head = before
		return fail("%w", err)
	}
	report, err := fit.Fit(ctx, model, data, targets)
	if report == nil || report.Steps == 0 { // nothing was trained
		d.head = before
	}
	if err != nil {
		return report, fmt.Errorf("dbn: DBN %q: FineTune: %w", d.name, err)
	}
	return report, nil
}

func (d *DBN) newHead(config FineTuneConfig) (*layers.Linear, error) {
	return layers.NewLinear(d.name+".head", layers.LinearConfig{
		In: d.top().Hidden().Len(), Out: config.Classes, Seed: config.Seed, Dtype: d.dtype(),
	})
}

// classifier is the stack with its dropout.
func (d *DBN) classifier(config FineTuneConfig) (*layers.Sequential, error) {
	var all []layers.Layer
	for i, l := range d.chain() {
		if i > 0 && config.Dropout != 0 {
			drop, err := layers.NewDropout(fmt.Sprintf("%s.dropout%d", d.name, i), config.Dropout, config.Seed)
			if err != nil {
				return nil, err
			}
			all = append(all, drop)
		}
		all = append(all, l)
	}
	return layers.NewSequential(d.name, all...)
}

// Classify returns the most likely class of each row, (rows, visible): by the classifier after FineTune; before it, in a
// stack with a class group, by the top RBM's free energy of every class. Otherwise it is an ErrConfig. Parameters that are not
// finite are an ErrNotFinite.
func (d *DBN) Classify(x *tensor.Dense) ([]int, error) {
	if err := d.fieldsOf(x); err != nil {
		return nil, fmt.Errorf("dbn: DBN %q: Classify: %w", d.name, err)
	}
	for _, p := range d.Params() {
		if !p.Finite() { // the largest of NaNs is no class
			return nil, fmt.Errorf("dbn: DBN %q: Classify: parameter %q: %w", d.name, p.Name(), energy.ErrNotFinite)
		}
	}
	switch {
	case d.head != nil:
		logits, err := training.Predict(context.Background(), d, x)
		if err != nil {
			return nil, fmt.Errorf("dbn: DBN %q: Classify: %w", d.name, err)
		}
		return training.Classes(logits), nil
	case d.labels > 0:
		return classifyByFreeEnergy(d, x)
	}
	return nil, fmt.Errorf("dbn: DBN %q: Classify: the stack has no classifier yet (call FineTune) and no class group: %w", d.name, energy.ErrConfig)
}

// fieldsOf checks rows of data against the visible units, class group left out.
func (d *DBN) fieldsOf(x *tensor.Dense) error {
	if len(d.rbms) > 1 || d.labels == 0 {
		return d.visible().Check(x)
	}
	// The only RBM's visible side ends with the class group: rows of any numbers first, then these with a class behind them.
	if err := energy.Gaussian(d.visible().Len() - d.labels).Check(x); err != nil {
		return err
	}
	return d.visible().Check(withLabels(x, make([]int, x.Shape()[0]), d.labels))
}
