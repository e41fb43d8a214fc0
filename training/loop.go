package training

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// loop is what contrastive and supervised fits share: epochs, shuffles, schedules, progress, checkpoints and the watch for
// divergence.
type loop struct {
	what  string // for errors: Contrastive: RBM "digits"
	label string // for the progress bar
	unit  string // what is trained on, for errors: rows or bags

	rows, batch, epochs int
	seed                uint64
	solver              Solver
	rate, momentum      Schedule
	steps               Schedule // of the negative phase
	params              []*layers.Param
	convention          Convention
	progress            io.Writer
	observe             func(Epoch) error
	checkpoint          string
	checkpointEvery     int
	resume              bool
	fingerprint         string
	saved               bool // whether the checkpoint file is of this run

	// start does what comes before the first step of a run that does not go on from a checkpoint.
	start func() error
	// solved returns the parameters that the solver changes, in its order.
	solved func() []*layers.Param
	// update makes one step: it runs the graph on rows and lets the stepper change the parameters.
	update func(stepper *Stepper, rows []int, epoch int, step uint64) (cost float64, err error)
	// beginEpoch sets what changes with the epoch, endEpoch measures.
	beginEpoch func(epoch int) error
	endEpoch   func(e *Epoch) error
	// chains returns the state of the negative phase, or nil.
	chains func() *tensor.Dense
	// missing is where the chains of what is missing of the data stand, or nil.
	missing *tensor.Dense
}

// position is where a run stands: what a checkpoint must hold beside tensors.
type position struct {
	Epoch   int     `json:"epoch"`   // from 0
	Batch   int     `json:"batch"`   // batches done in it
	Step    uint64  `json:"step"`    // updates done
	CostSum float64 `json:"costSum"` // over the batches done in this epoch
}

func (l *loop) fail(format string, args ...any) error {
	return fmt.Errorf("training: %s: %w", l.what, fmt.Errorf(format, args...)) // a name in the format could hold a verb
}

// validate checks what both fits have in common and fills in defaults.
func (l *loop) validate() error {
	config := func(format string, args ...any) error {
		return l.fail(format+": %w", append(args, energy.ErrConfig)...)
	}
	if l.batch == 0 {
		l.batch = min(100, l.rows)
	}
	switch {
	case l.epochs < 1:
		return config("Epochs is %d, want at least 1", l.epochs)
	case l.batch < 1 || l.batch > l.rows:
		return config("Batch is %d, want 1 to %d %s, or 0 for 100", l.batch, l.rows, l.unit)
	case l.solver == nil:
		return config("no Solver given, want SGD, Adam or AdamW")
	case l.checkpointEvery < 0:
		return config("CheckpointEvery is %d steps, want at least 1, or 0 for every epoch", l.checkpointEvery)
	case l.checkpoint == "" && (l.resume || l.checkpointEvery > 0):
		return config("Resume and CheckpointEvery cannot take effect without a Checkpoint file")
	}
	if err := checkSchedule("Rate", l.rate, l.epochs, 0, math.Inf(1)); err != nil {
		return l.fail("%w", err)
	}
	if err := checkSchedule("Momentum", l.momentum, l.epochs, 0, 1); err != nil {
		return l.fail("%w", err)
	}
	stepper, err := l.solver.New()
	if err != nil {
		return l.fail("%w", err)
	}
	if l.momentum != nil {
		for e := range min(l.epochs, checkedEpochs) {
			if err := stepper.SetMomentum(l.momentum(e)); err != nil {
				return l.fail("schedule Momentum: epoch %d: %w", e, err)
			}
		}
	}
	if err := checkPath(l.checkpoint); err != nil {
		return l.fail("%w", err)
	}
	return nil
}

// run trains from the beginning or from the checkpoint.
func (l *loop) run(ctx context.Context) (report *Report, err error) {
	report = &Report{Convention: l.convention}
	stepper, err := l.solver.New()
	if err != nil {
		return nil, l.fail("%w", err)
	}
	var at position
	if l.resume {
		if at, err = l.restore(stepper, report); err != nil {
			return nil, l.fail("%w", err)
		}
	}
	if err := l.diverged(0); err != nil {
		return nil, l.fail("before the first step: %w", err)
	}
	if !report.Resumed {
		if err := l.start(); err != nil {
			return nil, l.fail("%w", err)
		}
	}
	batches := (l.rows + l.batch - 1) / l.batch
	total := int64(l.epochs)*int64(batches) - int64(at.Step)
	bar := newProgress(l.progress, l.label, total)
	defer bar.abort()
	shuffles := rng.New(l.seed, "shuffle")

	for ; at.Epoch < l.epochs; at = (position{Epoch: at.Epoch + 1, Step: at.Step}) {
		started := time.Now()
		if err := l.enter(stepper, at.Epoch); err != nil {
			return report, err
		}
		order := shuffles.Perm(l.rows, uint64(at.Epoch))
		for at.Batch < batches {
			if err := ctx.Err(); err != nil {
				if saveErr := l.save(stepper, report, at); saveErr != nil {
					return report, l.fail("%w (and the checkpoint could not be written: %w)", err, saveErr)
				}
				return report, l.fail("stopped in epoch %d after step %d: %w", at.Epoch+1, at.Step, err)
			}
			rows := order[at.Batch*l.batch : min((at.Batch+1)*l.batch, l.rows)]
			cost, err := l.update(stepper, rows, at.Epoch, at.Step)
			if err == nil {
				err = l.diverged(cost)
			}
			if err != nil {
				return report, l.failAt(at, err)
			}
			at.CostSum += cost
			at.Batch++
			at.Step++
			report.Steps = at.Step
			bar.step(1, progressState{at.Epoch + 1, l.epochs, at.CostSum / float64(at.Batch)})
			if l.checkpointEvery > 0 && at.Step%uint64(l.checkpointEvery) == 0 && at.Batch < batches {
				if err := l.save(stepper, report, at); err != nil {
					return report, l.fail("%w", err)
				}
			}
		}
		if err := l.leave(stepper, report, at, time.Since(started)); err != nil {
			return report, err
		}
		if at.Epoch == l.epochs-1 {
			bar.done()
		}
		if err := l.tell(report.Last(), bar); err != nil {
			return report, err
		}
	}
	return report, nil
}

// enter sets the schedules of an epoch.
func (l *loop) enter(stepper *Stepper, epoch int) error {
	if l.rate != nil {
		if err := stepper.SetRate(l.rate(epoch)); err != nil {
			return l.fail("epoch %d: %w", epoch+1, err)
		}
	}
	if l.momentum != nil {
		if err := stepper.SetMomentum(l.momentum(epoch)); err != nil {
			return l.fail("epoch %d: %w", epoch+1, err)
		}
	}
	if err := l.beginEpoch(epoch); err != nil {
		return l.fail("epoch %d: %w", epoch+1, err)
	}
	return nil
}

// leave measures an epoch and writes the checkpoint, which then stands at the beginning of the next.
func (l *loop) leave(stepper *Stepper, report *Report, at position, elapsed time.Duration) error {
	nan := math.NaN()
	e := Epoch{
		Epoch: at.Epoch + 1, Step: at.Step, Rate: stepper.rate, Cost: at.CostSum / float64(at.Batch),
		ReconstructionError: nan, PseudoLikelihood: nan, FreeEnergyGap: nan, MixingTime: nan, ValidationCost: nan, ValidationError: nan,
	}
	measured := time.Now()
	if err := l.endEpoch(&e); err != nil {
		return l.fail("epoch %d: %w", e.Epoch, err)
	}
	e.Elapsed = elapsed + time.Since(measured)
	report.Epochs = append(report.Epochs, e)
	if err := l.save(stepper, report, position{Epoch: at.Epoch + 1, Step: at.Step}); err != nil {
		return l.fail("%w", err)
	}
	return nil
}

// tell calls the observer, who may write to the terminal that the bar is on.
func (l *loop) tell(e Epoch, bar *progress) (err error) {
	switch {
	case l.observe == nil:
		return nil
	case e.Epoch == l.epochs:
		err = l.observe(e)
	default:
		bar.aside(func() { err = l.observe(e) })
	}
	if err != nil {
		return l.fail("the observer stopped the run after epoch %d: %w", e.Epoch, err)
	}
	if err := l.diverged(e.Cost); err != nil {
		return l.fail("the observer of epoch %d, step %d: %w%s", e.Epoch, e.Step, err, l.kept())
	}
	return nil
}

// diverged returns an error that names what is no finite number any more.
func (l *loop) diverged(cost float64) error {
	if cost-cost != 0 {
		return fmt.Errorf("the cost is %v: %w", cost, energy.ErrNotFinite)
	}
	for _, p := range l.params {
		if !p.Finite() {
			return fmt.Errorf("parameter %q: %w", p.Name(), energy.ErrNotFinite)
		}
	}
	return nil
}

func (l *loop) failAt(at position, err error) error {
	return l.fail("step %d, epoch %d: %w%s", at.Step+1, at.Epoch+1, err, l.kept())
}

// kept says where to go on from, if there is such a place.
func (l *loop) kept() string {
	if !l.saved {
		return ""
	}
	return fmt.Sprintf(" (the last good checkpoint is in %s)", l.checkpoint)
}
