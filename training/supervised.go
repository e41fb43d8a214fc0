package training

import (
	"context"
	"fmt"
	"io"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// RowCost builds the cost of each row, (B), from a model's outputs and the targets, (B, n) each.
type RowCost func(outputs, targets *G.Node) (*G.Node, error)

// Supervised fits a chain of layers to targets by backpropagation, on rows (Fit) or on bags of instances (FitBags): the samples.
//
// Solver and Epochs must be given.
type Supervised struct {
	Solver Solver // SGD, Adam or AdamW
	Epochs int
	Batch  int     // samples a step; 0 means 100, or all if there are fewer. The short last batch is used.
	Seed   uint64  // of the shuffles
	Cost   RowCost // nil means layers.CrossEntropyRows: outputs are logits, targets rows of probabilities

	Rate     Schedule // learning rate at each epoch; nil keeps the solver's
	Momentum Schedule // momentum at each epoch, for an SGD that has some; nil keeps the solver's

	L1, L2 float64 // adds L1·Σ|W| + L2/2·ΣW² over all parameter matrices to the cost

	// ClipNorm scales the gradients of all parameters, taken together, down to at most this L2 norm before the solver sees them;
	// 0 leaves them as they are. (Pascanu, Mikolov & Bengio 2013, algorithm 1.)
	ClipNorm float64

	Weights []float64 // of the samples, at least 0: within a batch weight k counts as k copies; nil means 1 each

	// Samples held back, measured after each epoch: rows in a fit on rows, bags in a fit on bags, with their targets.
	Validation        *tensor.Dense
	ValidationBags    Bags // the zero value means none
	ValidationTargets *tensor.Dense

	Progress        io.Writer         // a progress bar, when it is a terminal; nil for none
	Observe         func(Epoch) error // called after each epoch and its checkpoint; an error stops the run
	Checkpoint      string            // file that is written after each epoch, and when ctx ends
	CheckpointEvery int               // also after every so many steps
	Resume          bool              // go on from Checkpoint, where it exists; Cost is yours to keep the same
}

// Fit trains a model on the rows x_i of x, (rows, n), or (rows, instances, n) for a model of sets of instances, with targets,
// (rows, m), float32 or float64, whatever the model's dtype; for classes see OneHot. Layers that draw random numbers are set to
// the step. It returns the report as far as it got, also with an error. Errors are those of Contrastive.Fit.
func (s Supervised) Fit(ctx context.Context, model layers.Layer, x, targets *tensor.Dense) (*Report, error) {
	if model == nil {
		return nil, errNoModel
	}
	f := &supervisedFit{Supervised: s, model: model, dtype: dtypeOf(model, x)}
	fail := func(what string, err error) (*Report, error) {
		return nil, fmt.Errorf("training: %s: %s%w", f.what(), what, err)
	}
	var err error
	if f.samples, err = newRows(model, x); err != nil {
		return fail("inputs: ", err)
	}
	switch {
	case s.ValidationBags.Rows != nil || s.ValidationBags.Lengths != nil:
		return fail("", fmt.Errorf("ValidationBags cannot take effect in a fit on rows, want Validation: %w", energy.ErrConfig))
	case (s.Validation == nil) != (s.ValidationTargets == nil):
		return fail("", fmt.Errorf("Validation and ValidationTargets go together: %w", energy.ErrConfig))
	case s.Validation != nil:
		held, err := newRows(model, s.Validation)
		if err != nil {
			return fail("Validation: inputs: ", err)
		}
		f.held = held
	}
	return f.fit(ctx, targets)
}

// FitBags trains a model on bags of instances with a row of targets for each, (bags, m). All is as in Fit, with bags for rows: a
// step is on Batch bags, whatever their lengths, without padding. The model must pool: give a row for each bag. A bag may be
// empty; what the model makes of it is the model's to say.
//
// One graph serves all batches of so many bags. Where a layer of the model keeps to the shapes that its graph was built for, as
// Gorgonia's Reshape and Slice do, a graph is built for each number of instances, which takes its time.
func (s Supervised) FitBags(ctx context.Context, model layers.BagLayer, bags Bags, targets *tensor.Dense) (*Report, error) {
	if model == nil {
		return nil, errNoModel
	}
	f := &supervisedFit{Supervised: s, model: model, dtype: dtypeOf(model, bags.Rows)}
	fail := func(what string, err error) (*Report, error) {
		return nil, fmt.Errorf("training: %s: %s%w", f.what(), what, err)
	}
	var err error
	if f.samples, err = newBags(model, bags); err != nil {
		return fail("", err)
	}
	given := s.ValidationBags.Rows != nil || s.ValidationBags.Lengths != nil
	switch {
	case s.Validation != nil:
		return fail("", fmt.Errorf("Validation cannot take effect in a fit on bags, want ValidationBags: %w", energy.ErrConfig))
	case given != (s.ValidationTargets != nil):
		return fail("", fmt.Errorf("ValidationBags and ValidationTargets go together: %w", energy.ErrConfig))
	case given:
		held, err := newBags(model, s.ValidationBags)
		if err != nil {
			return fail("ValidationBags: ", err)
		}
		f.held = held
	}
	return f.fit(ctx, targets)
}

var errNoModel = fmt.Errorf("training: Supervised: no model given: %w", energy.ErrConfig)

// supervisedFit is a fit at work.
type supervisedFit struct {
	Supervised
	model   layers.Layer
	dtype   tensor.Dtype
	samples samples
	targets *tensorSource
	held    samples // for validation; nil for none
	plans   plans[*supervisedPlan]
}

func (f *supervisedFit) what() string { return fmt.Sprintf("Supervised: layer %q", f.model.Name()) }

// fit checks what is left to check, and trains.
func (f *supervisedFit) fit(ctx context.Context, targets *tensor.Dense) (*Report, error) {
	what := f.what()
	fail := func(err error) (*Report, error) { return nil, fmt.Errorf("training: %s: %w", what, err) }
	if f.Cost == nil {
		f.Cost = layers.CrossEntropyRows
	}
	var err error
	if f.targets, err = targetsOf(f.samples, targets); err != nil {
		return fail(err)
	}
	if err := f.checkHeld(); err != nil {
		return fail(err)
	}
	if err := checkPenalties(f.L1, f.L2, f.ClipNorm); err != nil {
		return fail(err)
	}
	if err := checkWeights(f.Weights, f.samples.Len()); err != nil {
		return fail(err)
	}
	l := &loop{
		what: what, label: f.model.Name(), unit: f.samples.unit(),
		rows: f.samples.Len(), batch: f.Batch, epochs: f.Epochs, seed: f.Seed,
		solver: f.Solver, rate: f.Rate, momentum: f.Momentum,
		params:   f.model.Params(),
		progress: f.Progress, observe: f.Observe,
		checkpoint: f.Checkpoint, checkpointEvery: f.CheckpointEvery, resume: f.Resume,
		update: f.update, endEpoch: f.endEpoch,
		start:      func() error { return nil },
		beginEpoch: func(int) error { return nil },
		chains:     func() *tensor.Dense { return nil },
	}
	if err := l.validate(); err != nil {
		return nil, err
	}
	first, err := f.plan(between(0, l.batch)) // whatever does not fit is told before anything is changed
	if err != nil {
		return fail(err)
	}
	l.solved = func() []*layers.Param { return first.solved }
	if f.Checkpoint != "" {
		l.fingerprint = f.fingerprint(l)
	}
	return l.run(ctx)
}

// targetsOf checks targets against the samples that they are of.
func targetsOf(s samples, targets *tensor.Dense) (*tensorSource, error) {
	source, err := newRowSource(targets)
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	if s.Len() != source.Len() {
		return nil, fmt.Errorf("%d %s of inputs and %d of targets: %w", s.Len(), s.unit(), source.Len(), energy.ErrShape)
	}
	return source, nil
}

// checkHeld checks the samples for validation.
func (f *supervisedFit) checkHeld() error {
	if f.held == nil {
		return nil
	}
	targets, err := targetsOf(f.held, f.ValidationTargets)
	if err != nil {
		return fmt.Errorf("Validation: %w", err)
	}
	held, trained := f.held.shapeOf(), f.samples.shapeOf()
	columns, want := held[len(held)-1], trained[len(trained)-1]
	switch {
	case len(held) != len(trained):
		return fmt.Errorf("Validation: inputs of shape %v each, in training %v: %w", held, trained, energy.ErrShape)
	case columns != want || targets.Width() != f.targets.Width():
		return fmt.Errorf("Validation: inputs of %d columns and targets of %d, want %d and %d as in training: %w",
			columns, targets.Width(), want, f.targets.Width(), energy.ErrShape)
	}
	return nil
}

// fingerprint tells this run from others. What was not given is not named, so that checkpoints of before still resume.
func (f *supervisedFit) fingerprint(l *loop) string {
	text := fmt.Sprintf("%s; %s; %v; %d %s %s %08x %s in batches of %d; seed %d; L1 %g, L2 %g", l.what, modelSettings(f.model),
		solverSettings(f.Solver), l.rows, f.samples.unit(), f.samples.fingerprint(f.dtype), dataChecksum(f.targets, f.dtype),
		weightSettings(f.Weights), l.batch, f.Seed, f.L1, f.L2)
	if f.ClipNorm > 0 {
		text += fmt.Sprintf("; gradients of norm %g at most", f.ClipNorm)
	}
	return text
}
