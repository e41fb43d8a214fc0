package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// task is the data and where the words go.
type task struct {
	config
	visible                        energy.Units // pixels, and a class behind them
	train, test                    digits
	pixels, width, height, classes int
	words, bars                    io.Writer
}

// machine is a model that answers for its visible units.
type machine struct {
	name     string
	model    layers.Saved
	classify func(pixels *tensor.Dense) (*tensor.Dense, error)
	complete func(ctx context.Context, rows *tensor.Dense) (*sampling.Completed, error)
}

// result is how a machine did.
type result struct {
	classErrors, halfErrors, pixelErrors float64 // shares: of classes of whole digits, and of upper halves; of pixels of lower halves
	completed                            []float32
}

func run(ctx context.Context, c config, stdout, stderr io.Writer) error {
	t := &task{config: c, words: stdout, bars: stderr}
	if c.quiet {
		t.words, t.bars = io.Discard, nil
	}
	if err := c.check(); err != nil {
		return err
	}
	if err := program.Writable(c.out); err != nil {
		return err
	}
	if err := t.load(ctx); err != nil {
		return err
	}
	boltzmann, err := t.boltzmann(ctx)
	if err != nil {
		return err
	}
	rbm, err := t.rbm(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.words, "%20s %20s %20s %20s\n", "", "classes wrong", "from upper halves", "pixels wrong below")
	var results []result
	for _, m := range []machine{boltzmann, rbm} {
		r, err := t.judge(ctx, m)
		if err != nil {
			return err
		}
		if err := layers.Save(filepath.Join(c.out, m.name+".safetensors"), m.model); err != nil {
			return err
		}
		results = append(results, r)
		fmt.Fprintf(t.words, "%-20s %19.2f%% %19.1f%% %19.1f%%\n", m.name, 100*r.classErrors, 100*r.halfErrors, 100*r.pixelErrors)
	}
	fmt.Fprintf(t.words, "%-20s %20s %20s %19.1f%%\n", "mean of all digits", "", "", 100*t.meanPicture())
	if err := t.picture(results); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%.2f%% of %d digits misclassified by the Boltzmann machine, %.2f%% by the RBM; %.1f%% and %.1f%% of the pixels of %d lower halves wrong\n",
		100*results[0].classErrors, t.test.len(), 100*results[1].classErrors, 100*results[0].pixelErrors, 100*results[1].pixelErrors, t.holes)
	return nil
}

func (t *task) load(ctx context.Context) error {
	all, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	t.classes = all.Classes() // of all: the first may lack one
	all.First(t.rows)
	t.width, t.height = all.Train.Cols/2, all.Train.Rows/2
	t.pixels = t.width * t.height
	t.visible = energy.Join(energy.Bernoulli(t.pixels), energy.OneHot(1, t.classes))
	t.train, t.test = halved(all.Train, all.TrainLabels), halved(all.Test, all.TestLabels)
	t.holes = min(t.holes, t.test.len())
	fmt.Fprintf(t.words, "%s: %d training and %d test digits, of %d×%d pixels in black and white\n", all.Name, t.train.len(), t.test.len(), t.width, t.height)
	return nil
}

func (t *task) boltzmann(ctx context.Context) (machine, error) {
	m, err := layers.NewBoltzmann("boltzmann", layers.BoltzmannConfig{Visible: t.visible, Hidden: energy.Bernoulli(t.hidden), SemiRestricted: true, Seed: t.seed})
	if err != nil {
		return machine{}, err
	}
	start := time.Now()
	_, err = training.Boltzmann{
		Negative: sampling.PCD{}, Solver: training.Adam{Rate: t.rate}, Rate: training.Linear(t.rate, t.rate/50, t.epochs), Epochs: t.epochs,
		Seed: t.seed, InitBias: true, Progress: t.bars,
	}.Fit(ctx, m, t.train.rows(t.classes))
	if err != nil {
		return machine{}, err
	}
	fmt.Fprintf(t.words, "Boltzmann machine of %v and %v, the visible units coupled: %d epochs in %v\n", t.visible, m.Hidden(), t.epochs, time.Since(start).Round(time.Second))
	completion := sampling.BoltzmannCompletion{Model: m, Seed: t.seed, Sampled: true, Schedule: schedule}
	return machine{"boltzmann", m, m.ClassProbabilities, completion.Means}, nil
}

func (t *task) rbm(ctx context.Context) (machine, error) {
	m, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: t.visible, Hidden: energy.Bernoulli(t.hidden), Seed: t.seed, Centered: true})
	if err != nil {
		return machine{}, err
	}
	start := time.Now()
	_, err = training.Contrastive{
		Negative: sampling.PCD{}, Solver: training.Adam{Rate: t.rate}, Rate: training.Linear(t.rate, t.rate/50, t.epochs), Epochs: t.epochs,
		Seed: t.seed, InitBias: true, Progress: t.bars,
	}.Fit(ctx, m, t.train.rows(t.classes))
	if err != nil {
		return machine{}, err
	}
	fmt.Fprintf(t.words, "RBM of the same units: %d epochs in %v\n", t.epochs, time.Since(start).Round(time.Second))
	completion := sampling.Completion{Model: m, Seed: t.seed, Sampled: true, Schedule: schedule}
	return machine{"rbm", m, m.ClassProbabilities, completion.Means}, nil
}

// schedule of the chains that complete a digit.
var schedule = sampling.Schedule{BurnIn: 100, Samples: 50}

func (t *task) judge(ctx context.Context, m machine) (result, error) {
	var r result
	p, err := m.classify(t.test.features())
	if err != nil {
		return r, err
	}
	r.classErrors = wrong(training.Classes(p), t.test.labels)

	rows := t.test.rows(t.classes).Float32s()[:t.holes*t.visible.Len()]
	c, err := m.complete(ctx, t.withHoles(rows))
	if err != nil {
		return r, err
	}
	r.completed = c.Mean.Float32s()
	n, classes := t.visible.Len(), make([]float32, 0, t.holes*t.classes)
	for i := range t.holes {
		for j := t.pixels / 2; j < t.pixels; j++ {
			if (r.completed[i*n+j] > 0.5) != (rows[i*n+j] > 0.5) {
				r.pixelErrors += 1 / float64(t.holes*(t.pixels-t.pixels/2))
			}
		}
		classes = append(classes, r.completed[i*n+t.pixels:(i+1)*n]...)
	}
	r.halfErrors = wrong(training.Classes(tensor.New(tensor.WithShape(t.holes, t.classes), tensor.WithBacking(classes))), t.test.labels[:t.holes])
	return r, nil
}

// picture writes the first test digits: as they are, and as each machine completes their upper halves.
func (t *task) picture(results []result) error {
	const perLine = 20
	n, count := t.visible.Len(), min(perLine, t.holes)
	var tiles []float32
	for i := range count {
		tiles = append(tiles, t.test.pixels[i*t.pixels:(i+1)*t.pixels]...)
	}
	for _, r := range results {
		for i := range count {
			tiles = append(tiles, r.completed[i*n:i*n+t.pixels]...)
		}
	}
	return dataset.WriteGrid(filepath.Join(t.out, "completed.png"), tiles, t.width, t.height, count, 3)
}
