package training

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// Contrastive fits an RBM by the contrastive cost, mean F(data) − mean F(model samples), plus penalties.
//
// Negative, Solver and Epochs must be given.
type Contrastive struct {
	Negative sampling.Negative // sampling.CD, PCD, Tempering, Exact, MeanField or TAP
	Solver   Solver            // SGD, Adam or AdamW
	Epochs   int
	Batch    int    // rows a step; 0 means 100, or all rows if there are fewer. The short last batch is used.
	Seed     uint64 // of shuffles, chains and binarisation

	// InitBias starts the visible biases (and a centered machine's μ) at the means of the data's first 10,000 rows, by
	// layers.RBM.InitBias. A resumed run is past that.
	InitBias bool

	Rate     Schedule // learning rate at each epoch; nil keeps the solver's
	Momentum Schedule // momentum at each epoch, for an SGD that has some; nil keeps the solver's
	Steps    Schedule // Gibbs steps k at each epoch, rounded; nil keeps the negative phase's

	L1, L2 float64 // adds L1·Σ|W| + L2/2·ΣW² to the cost: weights only, not biases

	// SparsityCost adds SparsityCost·Σ_j (mean E[h_j|v] − SparsityTarget)² over the hidden units (Lee et al. 2008).
	SparsityTarget, SparsityCost float64

	// Offsets is whose means a centered machine's offsets follow: DataOffsets, ModelOffsets or, for the enhanced gradient, AverageOffsets.
	Offsets Offsets
	// OffsetRate is how far they move to the batch's means at each step, at most 1; 0 means 0.01.
	OffsetRate float64

	// Missing makes NaN a missing value: what is observed of a row counts, and the gradient is that of −log p(v_observed), whatever is missing and
	// why, as long as the reason is not the missing value itself. What is missing of a row is drawn from p(v_missing | v_observed) by Gibbs steps
	// that are clamped at the rest, MissingSteps of them a visit, 0 meaning 1, which go on from where the row's last visit left them;
	// they start at draws from the biases. Memory, also in the checkpoint: the numbers of the data once more, in the machine's dtype. Without
	// Missing a NaN is an ErrNotFinite; of rows without one nothing changes.
	Missing      bool
	MissingSteps int

	Weights    []float64     // of the rows, at least 0: within a batch weight k counts as k copies; nil means 1 each
	Convention Convention    // what grey values are taken for
	Validation *tensor.Dense // rows held back, for the free-energy gap

	Progress        io.Writer         // a progress bar, when it is a terminal; nil for none
	Observe         func(Epoch) error // called after each epoch and its checkpoint; an error stops the run
	Checkpoint      string            // file that is written after each epoch, and when ctx ends
	CheckpointEvery int               // also after every so many steps
	Resume          bool              // go on from Checkpoint, where it exists
}

// Fit trains an RBM on the rows of data, (rows, visible), float32 or float64, whatever the machine's dtype. It returns the
// report as far as it got, also with an error.
//
// Errors: ErrConfig for a setting that is wrong or cannot take effect, what Units.Check says of the data, ErrNotFinite when
// the run diverges (the message names the parameter and the step), ctx's error when it ends. Cost of a step with CD-k or PCD-k:
// 2k + 1 matrix products of (batch×visible)·(visible×hidden) in the forward pass and the chain, and 2 for the gradient.
func (c Contrastive) Fit(ctx context.Context, m *layers.RBM, data *tensor.Dense) (*Report, error) {
	if m == nil {
		return nil, errNoMachine
	}
	source, err := c.tensorSource(data, m, c.Seed)
	if err != nil {
		return nil, fmt.Errorf("training: Contrastive: RBM %q: data: %w", m.Name(), err)
	}
	return c.FitSource(ctx, m, source)
}

// tensorSource checks rows of data, in which NaN may be a missing value.
func (c Contrastive) tensorSource(x *tensor.Dense, m *layers.RBM, seed uint64) (*tensorSource, error) {
	if c.Missing {
		return newHoledSource(x, m.Visible(), c.Convention, seed)
	}
	source, err := newTensorSource(x, m.Visible(), c.Convention, seed)
	if errors.Is(err, energy.ErrNotFinite) {
		return nil, fmt.Errorf("%w (where Missing is set, NaN is a missing value)", err)
	}
	return source, err
}

var errNoMachine = fmt.Errorf("training: Contrastive: no machine given: %w", energy.ErrConfig)

// FitSource is Fit on rows that a source provides. The source keeps to the range of the visible units.
func (c Contrastive) FitSource(ctx context.Context, m *layers.RBM, source Source) (*Report, error) {
	if m == nil {
		return nil, errNoMachine
	}
	what := fmt.Sprintf("Contrastive: RBM %q", m.Name())
	config := func(format string, args ...any) (*Report, error) {
		return nil, fmt.Errorf("training: %s: %s: %w", what, fmt.Sprintf(format, args...), energy.ErrConfig)
	}
	rate := c.OffsetRate
	if rate == 0 {
		rate = 0.01
	}
	centered := m.Config().Centered
	if err := checkSource(source, c.Convention, m.Visible()); err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	if c.Negative == nil {
		return config("no Negative given, want sampling.CD, PCD, Tempering, Exact, MeanField or TAP")
	}
	if err := checkPenalties(c.L1, c.L2, 0); err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	switch {
	case !(c.SparsityCost >= 0) || math.IsInf(c.SparsityCost, 0) || math.IsNaN(c.SparsityTarget) || math.IsInf(c.SparsityTarget, 0):
		return config("SparsityCost is %g and SparsityTarget %g, want finite numbers and a cost of at least 0", c.SparsityCost, c.SparsityTarget)
	case c.SparsityTarget != 0 && c.SparsityCost == 0:
		return config("SparsityTarget cannot take effect with a SparsityCost of 0")
	case c.OffsetRate != 0 && !centered:
		return config("OffsetRate cannot take effect on a machine that is not Centered")
	case c.MissingSteps != 0 && !c.Missing:
		return config("MissingSteps cannot take effect without Missing")
	case c.MissingSteps < 0 || c.MissingSteps > maxMissingSteps:
		return config("MissingSteps is %d, want 1 to %d, or 0 for 1", c.MissingSteps, maxMissingSteps)
	case !(rate > 0 && rate <= 1):
		return config("OffsetRate is %g, want more than 0 and at most 1, or 0 for 0.01", c.OffsetRate)
	}
	if err := c.Offsets.validate(centered); err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	if err := checkWeights(c.Weights, source.Len()); err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	var validation *tensorSource
	if c.Validation != nil {
		var err error
		if validation, err = c.tensorSource(c.Validation, m, c.Seed+1); err != nil {
			return nil, fmt.Errorf("training: %s: Validation: %w", what, err)
		}
	}
	f := &contrastiveFit{Contrastive: c, model: m, source: source, validation: validation, offsetRate: rate, plans: map[[2]int]*contrastivePlan{}}
	if c.Missing {
		f.missing = newMissing(m, source.Len(), c.MissingSteps, c.Seed)
	}
	if err := f.startPhase(); err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	l := &loop{
		what: what, label: m.Name(), unit: "rows",
		rows: source.Len(), batch: c.Batch, epochs: c.Epochs, seed: c.Seed,
		solver: c.Solver, rate: c.Rate, momentum: c.Momentum, steps: c.Steps,
		params: m.Params(), convention: c.Convention,
		progress: c.Progress, observe: c.Observe,
		checkpoint: c.Checkpoint, checkpointEvery: c.CheckpointEvery, resume: c.Resume,
		start: f.start, update: f.update, beginEpoch: f.beginEpoch, endEpoch: f.endEpoch,
		chains: func() *tensor.Dense { return f.phase.Chains() },
	}
	if f.missing != nil {
		l.missing = f.missing.kept
	}
	if err := l.validate(); err != nil {
		return nil, err
	}
	if err := checkSteps(c.Steps, f.phase, c.Negative, c.Epochs); err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	first, err := f.plan(l.batch, f.phase.Rows(l.batch)) // whatever does not fit is told before anything is changed
	if err != nil {
		return nil, fmt.Errorf("training: %s: %w", what, err)
	}
	l.solved = func() []*layers.Param { return first.solved }
	if c.Checkpoint != "" {
		l.fingerprint = f.fingerprint(l)
	}
	return l.run(ctx)
}

// contrastiveFit is a fit at work.
type contrastiveFit struct {
	Contrastive
	model      *layers.RBM
	source     Source
	validation *tensorSource
	phase      sampling.Phase
	missing    *missing // nil unless Missing
	offsetRate float64
	plans      map[[2]int]*contrastivePlan // by rows of data and of the negative phase
	mixing     mixing
}

// checkSteps checks a schedule of the steps of a negative phase, which may be nil, on the phase that it is for.
func checkSteps(steps Schedule, phase sampling.Phase, negative fmt.Stringer, epochs int) error {
	if steps == nil {
		return nil
	}
	stepped, ok := phase.(sampling.Stepped)
	if !ok {
		return fmt.Errorf("a Steps schedule cannot take effect on %v: %w", negative, energy.ErrConfig)
	}
	rounded := func(epoch int) float64 { return math.Round(steps(epoch)) }
	if err := checkSchedule("Steps", rounded, epochs, 1, math.MaxInt32); err != nil {
		return err
	}
	for e := range min(epochs, checkedEpochs) {
		if err := stepped.SetSteps(int(rounded(e))); err != nil {
			return fmt.Errorf("schedule Steps: epoch %d: %w", e, err)
		}
	}
	return nil
}

// fingerprint says which run a checkpoint is of: what must be equal for the resumed bits to be those of the whole run. The
// number of epochs is not in it, so that a finished run can be lengthened.
func (f *contrastiveFit) fingerprint(l *loop) string {
	text := fmt.Sprintf("%s; %s; %v with %v; %d rows %08x %s in batches of %d; seed %d; L1 %g, L2 %g, sparsity %g to %g, offsets %g of %v; %v",
		l.what, modelSettings(f.model), f.Negative, solverSettings(f.Solver), l.rows, dataChecksum(f.source, f.model.Dtype()),
		weightSettings(f.Weights), l.batch, f.Seed, f.L1, f.L2, f.SparsityCost, f.SparsityTarget, f.offsetRate, f.Offsets, f.Convention)
	if f.missing != nil {
		text += fmt.Sprintf("; missing values by %d steps", f.missing.steps)
	}
	return text
}

// start does what comes before the first step of a run that is not resumed.
func (f *contrastiveFit) start() error {
	if !f.InitBias {
		return nil
	}
	t, err := initBiasRows(f.source, f.model.Dtype())
	if err != nil {
		return err
	}
	if f.missing != nil {
		if err := f.missing.fillMeans(t); err != nil {
			return err
		}
	}
	if err := f.model.InitBias(t); err != nil {
		return err
	}
	return f.startPhase() // persistent chains start at draws from the biases
}

func (f *contrastiveFit) startPhase() (err error) {
	f.phase, err = f.Negative.Start(f.model, rng.New(f.Seed, "negative "+f.model.Name()).Uint64(0))
	return err
}

func (f *contrastiveFit) beginEpoch(epoch int) error {
	if f.Steps == nil {
		return nil
	}
	return f.phase.(sampling.Stepped).SetSteps(int(math.Round(f.Steps(epoch))))
}

// update draws the negative phase, runs the graph of this batch size, and steps.
func (f *contrastiveFit) update(stepper *Stepper, rows []int, epoch int, step uint64) (float64, error) {
	p, err := f.plan(len(rows), f.phase.Rows(len(rows)))
	if err != nil {
		return 0, err
	}
	if err := f.source.Read(p.positive, rows, epoch); err != nil {
		return 0, err
	}
	if f.missing != nil {
		if err := f.missing.fill(p.positive, rows, epoch, step); err != nil {
			return 0, err
		}
	}
	if gatherWeights(p.weights, f.Weights, rows) == 0 { // a batch of rows that count for nothing
		return 0, nil
	}
	negative, negativeWeights, err := f.phase.Next(p.positive, p.weights, step)
	if err != nil {
		return 0, err
	}
	if err := p.bind(f.phase, negative, negativeWeights); err != nil {
		return 0, err
	}
	cost, err := p.step(stepper)
	if err != nil || cost-cost != 0 {
		return cost, err // a cost that is not finite is told by the loop; the parameters stay as they are
	}
	if f.model.Config().Centered {
		return cost, f.model.MoveOffsets(p.vm.Value(p.visibleMean).(*tensor.Dense), p.vm.Value(p.hiddenMean).(*tensor.Dense), f.offsetRate)
	}
	return cost, nil
}
