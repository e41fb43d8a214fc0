package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/likelihood"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

func run(ctx context.Context, c config, stdout, stderr io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	if err := program.Writable(c.out); err != nil {
		return err
	}
	digits, err := mnist.Choose(ctx, c.data)
	if err != nil {
		return err
	}
	if c.rows > 0 {
		digits.First(c.rows)
	}
	report := stdout
	if c.quiet {
		report, stderr = io.Discard, nil
	}
	fmt.Fprintf(report, "%s: %d training and %d test images of %d×%d, grey pixels: %s\n", digits.Name, digits.Train.N, digits.Test.N, digits.Train.Rows, digits.Train.Cols, c.grey)

	rbm, err := machine(ctx, c, digits, report, stderr)
	if err != nil {
		return err
	}
	if err := pictures(ctx, c, rbm, digits, report); err != nil {
		return err
	}
	bound, err := likelihood.Certify(ctx, rbm, digits.Test.Tensor(), likelihood.Config{
		Tolerance: c.tolerance, MaxTemperatures: c.temperatures, Convention: conventions[c.grey], Seed: c.seed, Progress: stderr,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "test log-likelihood %v\n", bound)
	return nil
}

// machine loads the machine that is to be judged, or trains it.
func machine(ctx context.Context, c config, digits *dataset.Digits, report, stderr io.Writer) (*layers.RBM, error) {
	if c.load != "" {
		return layers.LoadRBM(c.load)
	}
	rbm, err := layers.NewRBM("digits", layers.RBMConfig{
		Visible: energy.Bernoulli(digits.Train.Rows * digits.Train.Cols), Hidden: energy.Bernoulli(c.hidden), Seed: c.seed, Centered: !c.plain,
	})
	if err != nil {
		return nil, err
	}
	fit := training.Contrastive{
		Negative: sampling.PCD{Steps: c.steps}, Solver: training.SGD{Rate: c.rate}, Rate: c.schedule, L2: 1e-4, InitBias: true,
		Epochs: c.epochs, Seed: c.seed, Convention: training.Convention(conventions[c.grey]), Validation: digits.Test.Tensor(),
		Checkpoint: filepath.Join(c.out, "checkpoint"), Resume: c.resume, Progress: stderr,
		Observe: func(e training.Epoch) error {
			fmt.Fprintln(report, e)
			return nil
		},
	}
	if _, err := fit.Fit(ctx, rbm, digits.Train.Tensor()); err != nil {
		return nil, err
	}
	return rbm, rbm.Save(filepath.Join(c.out, "digits.safetensors"))
}

// schedule is the learning rate at an epoch: a half of the first one after so many epochs, a third after twice as many, and at the end a
// line to 0.
func (c config) schedule(epoch int) float64 {
	start := min(epoch, c.epochs-c.decay)
	rate := c.rate / (1 + float64(start)/c.half)
	if epoch > start {
		rate *= float64(c.epochs-epoch) / float64(c.decay)
	}
	return rate
}

// pictures writes filters and samples, and tells what the samples are worth.
func pictures(ctx context.Context, c config, rbm *layers.RBM, digits *dataset.Digits, report io.Writer) error {
	const shown, perLine = 100, 20
	w := rbm.Param("W").Value().Float32s()
	err := dataset.WriteFilters(filepath.Join(c.out, "filters.png"), w, digits.Train.Cols, digits.Train.Rows, rbm.Hidden().Len(), min(shown, rbm.Hidden().Len()), perLine, 2)
	if err != nil {
		return err
	}
	state, err := sampling.RandomState(rbm, shown, c.seed)
	if err != nil {
		return err
	}
	tempered := &sampling.ParallelTempering{Model: rbm, Seed: c.seed}
	if _, err := sampling.Run(ctx, tempered, state, sampling.Schedule{BurnIn: 1000}); err != nil {
		return err
	}
	p, err := layers.PlainOf[float32](rbm)
	if err != nil {
		return err
	}
	means := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shown, rbm.Visible().Len()))
	p.VisibleMean(means.Float32s(), state.Hidden.Float32s(), shown)
	fmt.Fprintf(report, "pictures and model in %s\n", c.out)
	return dataset.WriteGrid(filepath.Join(c.out, "samples.png"), means.Float32s(), digits.Train.Cols, digits.Train.Rows, perLine, 2)
}
