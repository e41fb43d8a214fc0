package training

import (
	"context"
	"fmt"
	"io"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// RowCost builds the cost of each row, (B), from a model's outputs and the targets, (B, n) each.
type RowCost func(outputs, targets *G.Node) (*G.Node, error)

// Supervised fits a chain of layers to targets by backpropagation.
//
// Solver and Epochs must be given.
type Supervised struct {
	Solver Solver // SGD, Adam or AdamW
	Epochs int
	Batch  int     // rows a step; 0 means 100, or all rows if there are fewer. The short last batch is used.
	Seed   uint64  // of the shuffles
	Cost   RowCost // nil means layers.CrossEntropyRows: outputs are logits, targets rows of probabilities

	Rate     Schedule // learning rate at each epoch; nil keeps the solver's
	Momentum Schedule // momentum at each epoch, for an SGD that has some; nil keeps the solver's

	L1, L2 float64 // adds L1·Σ|W| + L2/2·ΣW² over all parameter matrices to the cost

	Weights []float64 // of the rows, at least 0: within a batch weight k counts as k copies; nil means 1 each

	Validation, ValidationTargets *tensor.Dense // rows held back, measured after each epoch

	Progress        io.Writer         // a progress bar, when it is a terminal; nil for none
	Observe         func(Epoch) error // called after each epoch and its checkpoint; an error stops the run
	Checkpoint      string            // file that is written after each epoch, and when ctx ends
	CheckpointEvery int               // also after every so many steps
	Resume          bool              // go on from Checkpoint, where it exists; Cost is yours to keep the same
}

// Fit trains a model on the rows of x, (rows, n), with targets, (rows, m), float32 or float64, whatever the model's dtype; for
// classes see OneHot. Layers that draw random numbers are set to the step. It returns the report as far as it got, also with
// an error. Errors are those of Contrastive.Fit.
func (s Supervised) Fit(ctx context.Context, model layers.Layer, x, targets *tensor.Dense) (*Report, error) {
	if model == nil {
		return nil, fmt.Errorf("training: Supervised: no model given: %w", energy.ErrConfig)
	}
	what := fmt.Sprintf("Supervised: layer %q", model.Name())
	fail := func(what2 string, err error) (*Report, error) {
		return nil, fmt.Errorf("training: %s: %s%w", what, what2, err)
	}
	if s.Cost == nil {
		s.Cost = layers.CrossEntropyRows
	}
	f := &supervisedFit{Supervised: s, model: model, dtype: tensor.Float32, plans: map[int]*supervisedPlan{}}
	var err error
	if f.x, f.targets, err = pair(x, targets); err != nil {
		return fail("", err)
	}
	f.dtype = dtypeOf(model, x)
	if (s.Validation == nil) != (s.ValidationTargets == nil) {
		return fail("", fmt.Errorf("Validation and ValidationTargets go together: %w", energy.ErrConfig))
	}
	if s.Validation != nil {
		x, targets, err := pair(s.Validation, s.ValidationTargets)
		if err != nil {
			return fail("Validation: ", err)
		}
		if x.Width() != f.x.Width() || targets.Width() != f.targets.Width() {
			return fail("Validation: ", fmt.Errorf("inputs of %d columns and targets of %d, want %d and %d as in training: %w",
				x.Width(), targets.Width(), f.x.Width(), f.targets.Width(), energy.ErrShape))
		}
	}
	if !(s.L1 >= 0) || !(s.L2 >= 0) || math.IsInf(s.L1+s.L2, 0) {
		return fail("", fmt.Errorf("L1 is %g and L2 %g, want at least 0: %w", s.L1, s.L2, energy.ErrConfig))
	}
	if err := checkWeights(s.Weights, f.x.Len()); err != nil {
		return fail("", err)
	}
	l := &loop{
		what: what, label: model.Name(),
		rows: f.x.Len(), batch: s.Batch, epochs: s.Epochs, seed: s.Seed,
		solver: s.Solver, rate: s.Rate, momentum: s.Momentum,
		params:   model.Params(),
		progress: s.Progress, observe: s.Observe,
		checkpoint: s.Checkpoint, checkpointEvery: s.CheckpointEvery, resume: s.Resume,
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
		return fail("", err)
	}
	l.solved = func() []*layers.Param { return first.solved }
	if s.Checkpoint != "" {
		l.fingerprint = fmt.Sprintf("%s; %s; %v; %d rows %08x %08x %s in batches of %d; seed %d; L1 %g, L2 %g", what, modelSettings(model),
			solverSettings(s.Solver), l.rows, dataChecksum(f.x, f.dtype), dataChecksum(f.targets, f.dtype), weightSettings(s.Weights),
			l.batch, s.Seed, s.L1, s.L2)
	}
	return l.run(ctx)
}

// pair checks inputs against targets.
func pair(x, targets *tensor.Dense) (*tensorSource, *tensorSource, error) {
	xs, err := newRowSource(x)
	if err != nil {
		return nil, nil, fmt.Errorf("inputs: %w", err)
	}
	ts, err := newRowSource(targets)
	if err != nil {
		return nil, nil, fmt.Errorf("targets: %w", err)
	}
	if xs.Len() != ts.Len() {
		return nil, nil, fmt.Errorf("%d rows of inputs and %d of targets: %w", xs.Len(), ts.Len(), energy.ErrShape)
	}
	return xs, ts, nil
}

// supervisedFit is a fit at work.
type supervisedFit struct {
	Supervised
	model      layers.Layer
	dtype      tensor.Dtype
	x, targets *tensorSource
	plans      map[int]*supervisedPlan
}

// supervisedPlan is the graph of a step for one batch size, compiled.
type supervisedPlan struct {
	x, targets, weights *tensor.Dense
	rowWeights          []float64
	compiled
}

// plan returns the graph for a number of rows: weighted mean cost + L1·Σ|W| + L2/2·ΣW².
func (f *supervisedFit) plan(rows int) (*supervisedPlan, error) {
	if p, ok := f.plans[rows]; ok {
		return p, nil
	}
	building.Lock()
	defer building.Unlock()
	g, p := G.NewGraph(), &supervisedPlan{rowWeights: make([]float64, rows)}
	var x, targets, weights *G.Node
	p.x, x = input(g, f.dtype, "input", rows, f.x.Width())
	p.targets, targets = input(g, f.dtype, "target", rows, f.targets.Width())
	p.weights, weights = input(g, f.dtype, "weights", rows)
	y, err := f.model.Forward(x)
	if err != nil {
		return nil, err
	}
	perRow, err := f.Cost(y, targets)
	if err != nil {
		return nil, err
	}
	var cost op.Terms
	cost.Add(1)(op.WeightedMean(perRow, weights))
	for _, n := range layers.Learnables(g, f.model) {
		if n.Dims() < 2 {
			continue
		}
		if f.L1 > 0 {
			cost.Add(f.L1)(op.AbsoluteSum(n))
		}
		if f.L2 > 0 {
			cost.Add(f.L2 / 2)(op.SquaredDistance(n, 0))
		}
	}
	total, err := cost.Build()
	if err != nil {
		return nil, err
	}
	if err := p.compile(total, f.model, f.Solver, nil); err != nil {
		return nil, err
	}
	f.plans[rows] = p
	return p, nil
}

func (f *supervisedFit) update(stepper *Stepper, rows []int, epoch int, step uint64) (float64, error) {
	p, err := f.plan(len(rows))
	if err != nil {
		return 0, err
	}
	if err := f.x.Read(p.x, rows, epoch); err != nil {
		return 0, err
	}
	if err := f.targets.Read(p.targets, rows, epoch); err != nil {
		return 0, err
	}
	if gatherWeights(p.rowWeights, f.Weights, rows) == 0 { // a batch of rows that count for nothing
		return 0, nil
	}
	setFloats(p.weights, p.rowWeights)
	if noisy, ok := f.model.(layers.Stochastic); ok {
		noisy.SetStep(step)
	}
	return p.step(stepper)
}

// gatherWeights puts the weights of a batch into dst and returns their sum.
func gatherWeights(dst, all []float64, rows []int) (total float64) {
	for i, r := range rows {
		dst[i] = 1
		if all != nil {
			dst[i] = all[r]
		}
		total += dst[i]
	}
	return total
}

// endEpoch measures the validation rows.
func (f *supervisedFit) endEpoch(e *Epoch) error {
	if f.Validation == nil {
		return nil
	}
	y, err := Predict(context.Background(), f.model, f.Validation)
	if err != nil {
		return err
	}
	if e.ValidationCost, err = f.meanCost(y); err != nil {
		return err
	}
	if f.targets.Width() > 1 { // one column has no largest
		e.ValidationError = errorRate(y, f.ValidationTargets)
	}
	return nil
}

// meanCost runs the cost alone over outputs.
func (f *supervisedFit) meanCost(y *tensor.Dense) (float64, error) {
	building.Lock()
	defer building.Unlock()
	g := G.NewGraph()
	targets := tensor.New(tensor.Of(f.dtype), tensor.WithShape(f.ValidationTargets.Shape()...))
	setFloats(targets, floats(f.ValidationTargets))
	node := func(name string, t *tensor.Dense) *G.Node {
		return G.NewMatrix(g, f.dtype, G.WithName(name), G.WithShape(t.Shape()...), G.WithValue(t))
	}
	rows, err := f.Cost(node("output", y), node("target", targets))
	if err != nil {
		return 0, err
	}
	cost, err := op.Mean(rows)
	if err != nil {
		return 0, err
	}
	vm, err := machine.New(g, machine.Config{Outputs: []*G.Node{cost}, Eval: true})
	if err != nil {
		return 0, err
	}
	if err := vm.RunAll(); err != nil {
		return 0, err
	}
	return number(vm.Value(cost)), nil
}

// errorRate is the share of rows whose largest output does not stand where the largest target does.
func errorRate(outputs, targets *tensor.Dense) float64 {
	y, t := Classes(outputs), Classes(targets)
	wrong := 0
	for i := range y {
		if y[i] != t[i] {
			wrong++
		}
	}
	return float64(wrong) / float64(len(y))
}

// Classes returns the column of the largest number of each row, the first of equal ones: the class that a row of logits or
// probabilities stands for. rows is a contiguous (B, n) tensor of float32 or float64, such as Predict returns.
func Classes(rows *tensor.Dense) []int {
	n, x := rows.Shape()[1], floats(rows)
	classes := make([]int, rows.Shape()[0])
	for i := range classes {
		for j := 1; j < n; j++ {
			if x[i*n+j] > x[i*n+classes[i]] {
				classes[i] = j
			}
		}
	}
	return classes
}

// floats returns the values of a contiguous tensor as float64.
func floats(t *tensor.Dense) []float64 {
	out := make([]float64, t.Shape().TotalSize())
	switch data := t.Data().(type) {
	case []float32:
		kernel.Convert(out, data)
	case []float64:
		copy(out, data)
	}
	return out
}
