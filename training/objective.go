package training

import (
	"context"
	"fmt"
	"io"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// Objective fits a layer by the mean over the rows of data of whatever can be built for each row: pseudo-likelihood, probability flow, or
// a cost of one's own. It takes neither targets nor samples of the model:
//
//	training.Objective{Of: rbm.PseudoLikelihood, Maximize: true, Solver: training.Adam{Rate: 0.01}, Epochs: 20}.Fit(ctx, rbm, data)
//
// Of, Solver and Epochs must be given.
type Objective struct {
	Of       func(x *G.Node) (*G.Node, error) // builds the objective of each row: (B, n) gives (B)
	Maximize bool                             // raise its mean; otherwise it is lowered. The report's costs are what is lowered, −Of where this is set.

	Solver Solver // SGD, Adam or AdamW
	Epochs int
	Batch  int    // rows a step; 0 means 100, or all rows if there are fewer. The short last batch is used.
	Seed   uint64 // of shuffles and binarisation

	Rate     Schedule // learning rate at each epoch; nil keeps the solver's
	Momentum Schedule // momentum at each epoch, for an SGD that has some; nil keeps the solver's

	L1, L2   float64 // adds L1·Σ|W| + L2/2·ΣW² over all parameter matrices to the cost
	ClipNorm float64 // the largest L2 norm of all gradients taken together, as in Supervised; 0 leaves them as they are

	Weights    []float64     // of the rows, at least 0: within a batch weight k counts as k copies; nil means 1 each
	Convention Convention    // what grey values are taken for, by a layer with Visible units such as an RBM
	Validation *tensor.Dense // rows held back: their mean is each epoch's ValidationCost

	Progress        io.Writer         // a progress bar, when it is a terminal; nil for none
	Observe         func(Epoch) error // called after each epoch and its checkpoint; an error stops the run
	Checkpoint      string            // file that is written after each epoch, and when ctx ends
	CheckpointEvery int               // also after every so many steps
	Resume          bool              // go on from Checkpoint, where it exists; Of is yours to keep the same
}

// Fit trains the parameters of a layer that the objective reaches on the rows of data, (rows, n), float32 or float64, whatever the
// layer's dtype. The rows of a layer with Visible units must be values that these can take; others need only be finite. A layer that draws
// random numbers is set to the step. It returns the report as far as it got, also with an error. Errors are those of Contrastive.Fit.
func (o Objective) Fit(ctx context.Context, layer layers.Layer, data *tensor.Dense) (*Report, error) {
	if layer == nil {
		return nil, fmt.Errorf("training: Objective: no layer given: %w", energy.ErrConfig)
	}
	f := &objectiveFit{Objective: o, layer: layer, dtype: dtypeOf(layer, data)}
	what := fmt.Sprintf("Objective: layer %q", layer.Name())
	fail := func(err error) (*Report, error) { return nil, fmt.Errorf("training: %s: %w", what, err) }
	var err error
	if f.source, err = f.sourceOf(data, o.Seed); err != nil {
		return fail(fmt.Errorf("data: %w", err))
	}
	if o.Validation != nil {
		if f.held, err = f.sourceOf(o.Validation, o.Seed+1); err != nil {
			return fail(fmt.Errorf("Validation: %w", err))
		}
		if f.held.Width() != f.source.Width() {
			return fail(fmt.Errorf("Validation: rows of %d columns, want %d as in training: %w", f.held.Width(), f.source.Width(), energy.ErrShape))
		}
	}
	if err := f.check(); err != nil {
		return fail(err)
	}
	l := &loop{
		what: what, label: layer.Name(), unit: "rows",
		rows: f.source.Len(), batch: o.Batch, epochs: o.Epochs, seed: o.Seed,
		solver: o.Solver, rate: o.Rate, momentum: o.Momentum,
		params: layer.Params(), convention: o.Convention,
		progress: o.Progress, observe: o.Observe,
		checkpoint: o.Checkpoint, checkpointEvery: o.CheckpointEvery, resume: o.Resume,
		update: f.update, endEpoch: f.endEpoch,
		start:      func() error { return nil },
		beginEpoch: func(int) error { return nil },
		chains:     func() *tensor.Dense { return nil },
	}
	if err := l.validate(); err != nil {
		return nil, err
	}
	first, err := f.plan(l.batch) // whatever does not fit is told before anything is changed
	if err != nil {
		return fail(err)
	}
	l.solved = func() []*layers.Param { return first.solved }
	if o.Checkpoint != "" {
		l.fingerprint = fmt.Sprintf("%s; %s; %v, raised %v; %d rows %08x %s in batches of %d; seed %d; L1 %g, L2 %g, norm %g; %v", what, modelSettings(layer),
			solverSettings(o.Solver), o.Maximize, l.rows, dataChecksum(f.source, f.dtype), weightSettings(o.Weights), l.batch, o.Seed, o.L1, o.L2, o.ClipNorm,
			o.Convention)
	}
	return l.run(ctx)
}

// objectiveFit is a fit at work.
type objectiveFit struct {
	Objective
	layer        layers.Layer
	dtype        tensor.Dtype
	source, held *tensorSource
	plans        plans[*objectivePlan]
	evaluations  plans[*objectivePlan]
}

// sourceOf checks rows against the units that they are for, where the layer tells them.
func (f *objectiveFit) sourceOf(x *tensor.Dense, seed uint64) (*tensorSource, error) {
	if of, ok := f.layer.(interface{ Visible() energy.Units }); ok {
		return newTensorSource(x, of.Visible(), f.Convention, seed)
	}
	if f.Convention != AsIs {
		return nil, fmt.Errorf("Convention %q cannot take effect on a layer without Visible units: %w", f.Convention, energy.ErrConfig)
	}
	return newRowSource(x)
}

func (f *objectiveFit) check() error {
	if f.Of == nil {
		return fmt.Errorf("no Of given, want what to build for each row: %w", energy.ErrConfig)
	}
	if err := checkPenalties(f.L1, f.L2, f.ClipNorm); err != nil {
		return err
	}
	return checkWeights(f.Weights, f.source.Len())
}

// objectivePlan is the graph of one size of batch, compiled.
type objectivePlan struct {
	x, weights *tensor.Dense
	rowWeights []float64
	compiled
}

// plan returns the graph of a step: weighted mean cost + L1·Σ|W| + L2/2·ΣW².
func (f *objectiveFit) plan(rows int) (*objectivePlan, error) {
	return f.plans.of(size{samples: rows}, func() (*objectivePlan, error) {
		op.Building.Lock()
		defer op.Building.Unlock()
		p, cost, err := f.build(rows)
		if err != nil {
			return nil, err
		}
		total, err := penalized(cost, f.layer, f.L1, f.L2)
		if err != nil {
			return nil, err
		}
		p.clipNorm = f.ClipNorm
		return p, p.compile(total, f.layer, f.Solver, nil)
	})
}

// evaluation returns the graph that only computes the mean.
func (f *objectiveFit) evaluation(rows int) (*objectivePlan, error) {
	return f.evaluations.of(size{samples: rows}, func() (*objectivePlan, error) {
		op.Building.Lock()
		defer op.Building.Unlock()
		p, cost, err := f.build(rows)
		if err != nil {
			return nil, err
		}
		p.cost = cost
		p.vm, err = machine.New(cost.Graph(), machine.Config{Outputs: []*G.Node{cost}, Eval: true})
		return p, err
	})
}

// build makes a graph of the weighted mean of what is to be lowered.
func (f *objectiveFit) build(rows int) (*objectivePlan, *G.Node, error) {
	g, p := G.NewGraph(), &objectivePlan{rowWeights: make([]float64, rows)}
	var x, weights *G.Node
	p.x, x = input(g, f.dtype, "rows", rows, f.source.Width())
	p.weights, weights = input(g, f.dtype, "weights", rows)
	each, err := f.Of(x)
	switch {
	case err != nil:
		return nil, nil, err
	case each == nil:
		return nil, nil, fmt.Errorf("Of gave no node: %w", energy.ErrConfig)
	case each.Dims() != 1 || each.Shape()[0] != rows:
		return nil, nil, fmt.Errorf("Of gave shape %v, want a number for each row, (%d): %w", each.Shape(), rows, energy.ErrShape)
	}
	if f.Maximize {
		if each, err = op.Combine([]float64{-1}, each); err != nil {
			return nil, nil, err
		}
	}
	cost, err := op.WeightedMean(each, weights)
	return p, cost, err
}

func (f *objectiveFit) update(stepper *Stepper, batch []int, epoch int, step uint64) (float64, error) {
	p, err := f.plan(len(batch))
	if err != nil {
		return 0, err
	}
	if gatherWeights(p.rowWeights, f.Weights, batch) == 0 { // a batch of rows that count for nothing
		return 0, nil
	}
	setFloats(p.weights, p.rowWeights)
	if err := f.source.Read(p.x, batch, epoch); err != nil {
		return 0, err
	}
	if noisy, ok := f.layer.(layers.Stochastic); ok {
		noisy.SetStep(step)
	}
	return p.step(stepper)
}

// endEpoch measures the rows for validation.
func (f *objectiveFit) endEpoch(e *Epoch) error {
	if f.held == nil {
		return nil
	}
	total := 0.0
	for lo := 0; lo < f.held.Len(); lo += predictRows {
		rows := between(lo, min(lo+predictRows, f.held.Len()))
		p, err := f.evaluation(len(rows))
		if err != nil {
			return err
		}
		if err := f.held.Read(p.x, rows, e.Epoch-1); err != nil {
			return err
		}
		gatherWeights(p.rowWeights, nil, rows)
		setFloats(p.weights, p.rowWeights)
		if err := p.vm.RunAll(); err != nil {
			return err
		}
		total += number(p.vm.Value(p.cost)) * float64(len(rows))
	}
	e.ValidationCost = total / float64(f.held.Len())
	return nil
}
