package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/training"
)

// task is where the words go.
type task struct {
	config
	words, bars io.Writer
}

// split is the data of a task, parted.
type split struct{ train, held *dataset.Bags }

func run(ctx context.Context, c config, stdout, stderr io.Writer) error {
	t := &task{config: c, words: stdout, bars: stderr}
	if c.quiet {
		t.words, t.bars = io.Discard, nil
	}
	if err := c.check(); err != nil {
		return err
	}
	var said []string
	if c.task != "latch" {
		data := bitPatterns(c.bags)
		fmt.Fprintf(t.words, "bit patterns: a bag of 16 patterns of 8 bits is positive if one of 8 signals is in it; %d bags to train on, %d held out\n",
			data.train.Len(), data.held.Len())
		best, err := t.table(ctx, data, bitRows)
		if err != nil {
			return err
		}
		said = append(said, "bit patterns "+best)
	}
	if c.task != "bits" {
		data := latchSequences(c.sequences)
		fmt.Fprintf(t.words, "latch sequences: 32 symbols of 20, the first of which is to be told; %d sequences to train on, %d held out\n",
			data.train.Len(), data.held.Len())
		best, err := t.table(ctx, data, latchRows)
		if err != nil {
			return err
		}
		said = append(said, "latch sequences "+best)
	}
	fmt.Fprintln(stdout, "held-out accuracy: "+strings.Join(said, "; "))
	return nil
}

// bitPatterns makes the bags of the reference, of which the first half is positive, and holds out its first and its last eighth.
func bitPatterns(n int) split {
	bags, _ := dataset.BitPatterns(dataset.BitPatternConfig{Bags: n, Instances: 16, Signals: 8, SignalSeed: 43, Seed: 44})
	return part(bags, func(i int) bool { return i < n/8 || i >= n-n/8 })
}

// latchSequences makes sequences of which the last quarter is held out.
func latchSequences(n int) split {
	return part(dataset.LatchSequences(n, 32, 20, 43), func(i int) bool { return i >= n-n/4 })
}

func part(bags *dataset.Bags, held func(i int) bool) split {
	var train, out []int
	for i := range bags.Len() {
		if held(i) {
			out = append(out, i)
		} else {
			train = append(train, i)
		}
	}
	return split{bags.Select(train), bags.Select(out)}
}

// table trains a model a row and prints what it reaches. It returns a text of what the rows of our settings reach.
func (t *task) table(ctx context.Context, data split, rows []row) (string, error) {
	const line = "  %-8s  %-12s  %6s  %-9s  %6s  %-14s  %-24s  %s\n"
	fmt.Fprintf(t.words, line, "layer", "settings", "epochs", "rate", "train", "held out, best", "of the reference", "took")
	var said []string
	for _, r := range rows {
		if t.ours && !r.ours {
			continue
		}
		if t.epochs > 0 {
			r.epochs = t.epochs
		}
		started := time.Now()
		got, err := t.train(ctx, data, r)
		if err != nil {
			return "", fmt.Errorf("%s, %s: %w", r.layer, r.settings, err)
		}
		rate := fmt.Sprintf("%g", r.rate)
		if r.falling {
			rate += " to 0"
		}
		held := fmt.Sprintf("%.3f / %.3f", got.held, got.best)
		reference := r.reference
		if reference == "" {
			reference = "-"
		}
		fmt.Fprintf(t.words, line, r.layer, r.settings, fmt.Sprint(r.epochs), rate, fmt.Sprintf("%.3f", got.train), held, reference,
			time.Since(started).Round(100*time.Millisecond))
		if r.ours {
			said = append(said, fmt.Sprintf("%s %.3f", r.layer, got.held))
		}
	}
	return fmt.Sprintf("%s (n = %d)", strings.Join(said, ", "), data.held.Len()), nil
}

// accuracies are shares of bags classified rightly: of those trained on and of those held out after the last epoch, and of those
// held out at their best.
type accuracies struct{ train, held, best float64 }

// train fits a row's model as the reference does: AdamW, batches of 32, gradients clipped to the norm 1.
func (t *task) train(ctx context.Context, data split, r row) (got accuracies, err error) {
	model, err := r.build(data.train, t.seed)
	if err != nil {
		return got, err
	}
	targets, err := training.OneHot(data.train.Labels, 2)
	if err != nil {
		return got, err
	}
	heldTargets, err := training.OneHot(data.held.Labels, 2)
	if err != nil {
		return got, err
	}
	s := training.Supervised{
		Solver: training.AdamW{Rate: r.rate, Decay: 0.01}, Epochs: r.epochs, Batch: 32, ClipNorm: 1, Seed: t.seed, Progress: t.bars,
		Validation: tensorOf(data.held), ValidationTargets: heldTargets,
		Observe: func(e training.Epoch) error {
			got.held = 1 - e.ValidationError
			got.best = max(got.best, got.held)
			return nil
		},
	}
	if r.falling {
		s.Rate = training.Linear(r.rate, 0, r.epochs)
	}
	if _, err = s.Fit(ctx, model, tensorOf(data.train), targets); err != nil {
		return got, err
	}
	y, err := training.Predict(ctx, model, tensorOf(data.train))
	if err != nil {
		return got, err
	}
	got.train = float64(evaluate.Correct(training.Classes(y), data.train.Labels)) / float64(data.train.Len())
	return got, nil
}
