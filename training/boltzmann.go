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
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// Boltzmann fits a general Boltzmann machine by the contrastive cost: the mean energy of the data, with hidden units beside them, minus that of
// model samples, plus penalties,
//
//	mean E(v⁺,h⁺) − mean E(v⁻,h⁻) + L1·Σ|w| + L2/2·Σw²
//
// The samples are inputs, so the gradient is ⟨x xᵀ⟩ of the model minus that of the data: Boltzmann learning. Where the machine has a free energy
// (layers.Boltzmann.HasFreeEnergy), F(v) takes the place of the energy, so that hidden units are summed out exactly in both phases; with the exact
// negative phase that is gradient ascent of the log-likelihood.
//
// Negative, Solver and Epochs must be given.
//
// Source: D. Ackley, G. Hinton, T. Sejnowski, Cognitive Science 9 (1985); R. Salakhutdinov, "Learning and Evaluating Boltzmann Machines", UTML TR
// 2008-002, for persistent chains beside a mean-field positive phase.
type Boltzmann struct {
	Negative sampling.BoltzmannNegative // sampling.Exact, PCD or CD
	// Positive finds the hidden units of the data: sampling.Clamped or ClampedMeanField. nil means exact where the machine has a free energy, and
	// ClampedMeanField where it has none.
	Positive sampling.Positive
	Solver   Solver // SGD, Adam or AdamW
	Epochs   int
	Batch    int    // rows a step; 0 means 100, or all rows if there are fewer. The short last batch is used.
	Seed     uint64 // of shuffles, chains and binarisation

	// InitBias starts the visible biases at the means of the data's first 10,000 rows, by layers.Boltzmann.InitBias. A resumed run is past
	// that.
	InitBias bool

	Rate     Schedule // learning rate at each epoch; nil keeps the solver's
	Momentum Schedule // momentum at each epoch, for an SGD that has some; nil keeps the solver's
	Steps    Schedule // sweeps of the negative phase at each epoch, rounded; nil keeps the negative phase's

	L1, L2 float64 // weights only, not biases; each coupled pair counts once

	Weights    []float64     // of the rows, at least 0: within a batch weight k counts as k copies; nil means 1 each
	Convention Convention    // what grey values are taken for
	Validation *tensor.Dense // rows held back, for the free-energy gap; only for machines that have a free energy

	Progress        io.Writer         // a progress bar, when it is a terminal; nil for none
	Observe         func(Epoch) error // called after each epoch and its checkpoint; an error stops the run
	Checkpoint      string            // file that is written after each epoch, and when ctx ends
	CheckpointEvery int               // also after every so many steps
	Resume          bool              // go on from Checkpoint, where it exists
}

// Fit trains a machine on the rows of data, (rows, visible), float32 or float64, whatever the machine's dtype. It returns the report as
// far as it got, also with an error. A dense W stays symmetric, with 0 where pairs are not coupled, bit for bit.
//
// Errors: ErrConfig for a setting that is wrong or cannot take effect, what Units.Check says of the data, ErrNotFinite when
// the run diverges (the message names the parameter and the step), ctx's error when it ends. Cost of a step: that of the phases, and a product
// of the rows of either with W forward and backward.
func (c Boltzmann) Fit(ctx context.Context, m *layers.Boltzmann, data *tensor.Dense) (*Report, error) {
	if m == nil {
		return nil, errNoBoltzmann
	}
	source, err := newTensorSource(data, m.Visible(), c.Convention, c.Seed)
	if err != nil {
		return nil, fmt.Errorf("training: Boltzmann %q: data: %w", m.Name(), err)
	}
	return c.FitSource(ctx, m, source)
}

var errNoBoltzmann = fmt.Errorf("training: Boltzmann: no machine given: %w", energy.ErrConfig)

// FitSource is Fit on rows that a source provides. The source keeps to the range of the visible units.
func (c Boltzmann) FitSource(ctx context.Context, m *layers.Boltzmann, source Source) (*Report, error) {
	if m == nil {
		return nil, errNoBoltzmann
	}
	what := fmt.Sprintf("Boltzmann %q", m.Name())
	fail := func(err error) (*Report, error) { return nil, fmt.Errorf("training: %s: %w", what, err) }
	if err := c.check(m, source); err != nil {
		return fail(err)
	}
	f := &boltzmannFit{Boltzmann: c, model: m, source: source}
	var err error
	if c.Validation != nil {
		if f.validation, err = newTensorSource(c.Validation, m.Visible(), c.Convention, c.Seed+1); err != nil {
			return fail(fmt.Errorf("Validation: %w", err))
		}
	}
	if f.Positive == nil && !m.HasFreeEnergy() {
		f.Positive = sampling.ClampedMeanField{}
	}
	if err := f.startPhases(); err != nil {
		return fail(err)
	}
	l := &loop{
		what: what, label: m.Name(), unit: "rows",
		rows: source.Len(), batch: c.Batch, epochs: c.Epochs, seed: c.Seed,
		solver: c.Solver, rate: c.Rate, momentum: c.Momentum, steps: c.Steps,
		params: m.Params(), convention: c.Convention,
		progress: c.Progress, observe: c.Observe,
		checkpoint: c.Checkpoint, checkpointEvery: c.CheckpointEvery, resume: c.Resume,
		start: f.start, update: f.update, beginEpoch: f.beginEpoch, endEpoch: f.endEpoch,
		chains: func() *tensor.Dense { return f.negative.Chains() },
	}
	if err := l.validate(); err != nil {
		return nil, err
	}
	if err := checkSteps(c.Steps, f.negative, f.Negative, c.Epochs); err != nil {
		return fail(err)
	}
	first, err := f.plan(l.batch) // whatever does not fit is told before anything is changed
	if err != nil {
		return fail(err)
	}
	l.solved = func() []*layers.Param { return first.solved }
	if c.Checkpoint != "" {
		l.fingerprint = fmt.Sprintf("%s; %s; %v, %v with %v; %d rows %08x %s in batches of %d; seed %d; L1 %g, L2 %g; %v",
			what, modelSettings(m), f.Negative, f.Positive, solverSettings(c.Solver), l.rows, dataChecksum(source, m.Dtype()),
			weightSettings(c.Weights), l.batch, c.Seed, c.L1, c.L2, c.Convention)
	}
	return l.run(ctx)
}

func (c Boltzmann) check(m *layers.Boltzmann, source Source) error {
	config := func(text string) error { return fmt.Errorf("%s: %w", text, energy.ErrConfig) }
	if err := checkSource(source, c.Convention, m.Visible()); err != nil {
		return err
	}
	if c.Negative == nil {
		return config("no Negative given, want sampling.Exact, sampling.PCD or sampling.CD")
	}
	if err := checkPenalties(c.L1, c.L2, 0); err != nil {
		return err
	}
	if c.Validation != nil && !m.HasFreeEnergy() {
		return config("Validation cannot take effect on a machine that has no free energy")
	}
	return checkWeights(c.Weights, source.Len())
}

// boltzmannFit is a fit at work.
type boltzmannFit struct {
	Boltzmann
	model      *layers.Boltzmann
	source     Source
	validation *tensorSource
	negative   sampling.Phase
	positive   sampling.PositivePhase // nil where free energies stand for it
	plans      plans[*boltzmannPlan]
}

func (f *boltzmannFit) startPhases() (err error) {
	seeds := rng.New(f.Seed, "negative "+f.model.Name())
	if f.negative, err = f.Negative.StartBoltzmann(f.model, seeds.Uint64(0)); err == nil && f.Positive != nil {
		f.positive, err = f.Positive.StartPositive(f.model, seeds.Uint64(1))
	}
	return err
}

// start does what comes before the first step of a run that is not resumed.
func (f *boltzmannFit) start() error {
	if !f.InitBias {
		return nil
	}
	t, err := initBiasRows(f.source, f.model.Dtype())
	if err != nil {
		return err
	}
	if err := f.model.InitBias(t); err != nil {
		return err
	}
	return f.startPhases() // persistent chains start at draws from the biases
}

func (f *boltzmannFit) beginEpoch(epoch int) error {
	if f.Steps == nil {
		return nil
	}
	return f.negative.(sampling.Stepped).SetSteps(int(math.Round(f.Steps(epoch))))
}

func (f *boltzmannFit) endEpoch(e *Epoch) error {
	switch {
	case f.validation == nil:
		return nil
	case f.model.Dtype() == tensor.Float32:
		return boltzmannGap[float32](f, e)
	}
	return boltzmannGap[float64](f, e)
}

func boltzmannGap[T kernel.Float](f *boltzmannFit, e *Epoch) error {
	p, err := layers.PlainBoltzmannOf[T](f.model)
	if err != nil {
		return err
	}
	meanOf := func(s Source) float64 {
		v, rows, headErr := head[T](s, e.Epoch-1)
		free, freeErr := p.FreeEnergy(v, rows, 1)
		if err == nil {
			err = headErr
		}
		if err == nil {
			err = freeErr
		}
		return mean(free)
	}
	e.FreeEnergyGap = meanOf(f.validation) - meanOf(f.source)
	return err
}

// update finds the rows of both phases, runs the graph of this batch size, and steps.
func (f *boltzmannFit) update(stepper *Stepper, rows []int, epoch int, step uint64) (float64, error) {
	p, err := f.plan(len(rows))
	if err != nil {
		return 0, err
	}
	if err := f.source.Read(p.data, rows, epoch); err != nil {
		return 0, err
	}
	if gatherWeights(p.weights, f.Weights, rows) == 0 { // a batch of rows that count for nothing
		return 0, nil
	}
	negative, negativeWeights, err := f.negative.Next(p.data, p.weights, step)
	if err != nil {
		return 0, err
	}
	positive := p.data
	if f.positive != nil {
		if positive, err = f.positive.Next(p.data, step); err != nil {
			return 0, err
		}
	}
	if len(negativeWeights) != p.negativeWeights.Shape()[0] {
		return 0, fmt.Errorf("the negative phase gave %d weights, want %d: %w", len(negativeWeights), p.negativeWeights.Shape()[0], energy.ErrShape)
	}
	for i := range p.spread {
		p.spread[i] = p.weights[i/(len(p.spread)/len(rows))]
	}
	setFloats(p.positiveWeights, p.spread)
	setFloats(p.negativeWeights, negativeWeights)
	if err := p.vm.Let(p.positive, positive); err != nil {
		return 0, err
	}
	if err := p.vm.Let(p.negative, negative); err != nil {
		return 0, err
	}
	return p.step(stepper)
}

// boltzmannPlan is the graph of a step for one batch size, compiled.
type boltzmannPlan struct {
	data                             *tensor.Dense
	positive, negative               *G.Node // which read the rows of the phases where they lie
	positiveWeights, negativeWeights *tensor.Dense

	weights []float64 // of the rows of the batch at hand
	spread  []float64 // and of the positive rows

	compiled
}

func (f *boltzmannFit) plan(rows int) (*boltzmannPlan, error) {
	return f.plans.of(size{samples: rows}, func() (*boltzmannPlan, error) { return f.build(rows) })
}

func (f *boltzmannFit) build(rows int) (*boltzmannPlan, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	g, dtype := G.NewGraph(), f.model.Dtype()
	visible, n := f.model.Visible().Len(), f.model.Units().Len()
	negativeRows, negativeColumns := f.negative.Rows(rows), n
	if f.model.HasFreeEnergy() {
		negativeColumns = visible
	}
	positiveRows, positiveColumns := rows, visible
	if f.positive != nil {
		positiveRows, positiveColumns = rows*f.positive.Copies(), n
	}
	p := &boltzmannPlan{
		data:    tensor.New(tensor.Of(dtype), tensor.WithShape(rows, visible)),
		weights: make([]float64, rows), spread: make([]float64, positiveRows),
		positive: G.NewMatrix(g, dtype, G.WithName("positive"), G.WithShape(positiveRows, positiveColumns)),
		negative: G.NewMatrix(g, dtype, G.WithName("negative"), G.WithShape(negativeRows, negativeColumns)),
	}
	var positiveWeights, negativeWeights *G.Node
	p.positiveWeights, positiveWeights = input(g, dtype, "positive weights", positiveRows)
	p.negativeWeights, negativeWeights = input(g, dtype, "negative weights", negativeRows)
	e, err := f.model.Bind(g)
	if err != nil {
		return nil, err
	}
	energyOf := func(x *G.Node) (*G.Node, error) {
		if x.Shape()[1] == visible {
			return f.model.FreeEnergy(x)
		}
		return e.Joint.Energy(x)
	}
	plus, err := energyOf(p.positive)
	if err != nil {
		return nil, err
	}
	minus, err := energyOf(p.negative)
	if err != nil {
		return nil, err
	}
	var cost op.Terms
	cost.Add(1)(energy.WeightedContrastiveCost(plus, positiveWeights, minus, negativeWeights))
	pairs := 1.0
	if e.Joint.Bonds == nil {
		pairs = 0.5 // each stands in W twice
	}
	penalize(&cost, e.Joint.W, f.L1*pairs, f.L2*pairs)
	total, err := cost.Build()
	if err != nil {
		return nil, err
	}
	return p, p.compile(total, f.model, f.Solver, nil)
}
