package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/training"
)

// task is the data and where the words go.
type task struct {
	config
	train, test             *tensor.Dense
	trainLabels, testLabels []int
	width, height, classes  int
	words, bars             io.Writer
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
	net, err := t.pretrain(ctx)
	if err != nil {
		return err
	}
	if err := t.pictures(ctx, net); err != nil {
		return err
	}
	pretrained := filepath.Join(c.out, "pretrained.safetensors")
	if err := net.Save(pretrained); err != nil {
		return err
	}
	if c.compare {
		return t.compare(ctx, pretrained, stdout)
	}
	wrong, err := t.fineTune(ctx, net, len(t.trainLabels))
	if err != nil {
		return err
	}
	model := filepath.Join(c.out, "dbn.safetensors")
	if err := net.Save(model); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "the classifier is in %s\n", model)
	fmt.Fprintln(stdout, t.lastLine(wrong))
	return nil
}

func (t *task) lastLine(wrong int) string {
	n := len(t.testLabels)
	return fmt.Sprintf("test error %.2f%% (%d of %d)", 100*float64(wrong)/float64(n), wrong, n)
}

func (t *task) load(ctx context.Context) error {
	digits, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	t.width, t.height, t.classes = digits.Train.Cols, digits.Train.Rows, digits.Classes() // of all: the first may lack one
	digits.First(t.rows)
	t.train, t.trainLabels, t.test, t.testLabels = digits.Train.Tensor(), digits.TrainLabels, digits.Test.Tensor(), digits.TestLabels
	fmt.Fprintf(t.words, "%s: %d training and %d test images of %d×%d in %d classes, %v\n",
		digits.Name, len(t.trainLabels), len(t.testLabels), t.width, t.height, t.classes, training.AsIs)
	return nil
}

// head returns the first n rows, which share x's memory. (A slice of one row would be a vector.)
func head(x *tensor.Dense, n int) *tensor.Dense {
	columns := x.Shape()[1]
	return tensor.New(tensor.WithShape(n, columns), tensor.WithBacking(x.Data().([]float32)[:n*columns]))
}

func (t *task) sizes() []int { return append([]int{t.width * t.height}, t.layers...) }

func (t *task) pretrain(ctx context.Context) (*dbn.DBN, error) {
	net, err := dbn.New("mnist", dbn.Config{Sizes: t.sizes(), Centered: true, Seed: t.seed})
	if err != nil {
		return nil, err
	}
	started := time.Now()
	_, err = net.Pretrain(ctx, t.train, dbn.PretrainConfig{
		Epochs: t.pretrainEpochs, Seed: t.seed, Progress: t.bars,
		Observe: func(layer int, e training.Epoch) error {
			if e.Epoch == t.pretrainEpochs {
				fmt.Fprintf(t.words, "layer %d (%d → %d units): reconstruction error %.2f, the sum of squares over %d units\n",
					layer, t.sizes()[layer-1], t.sizes()[layer], e.ReconstructionError, t.sizes()[layer-1])
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(t.words, "pretraining took %s\n", time.Since(started).Round(time.Second))
	return net, nil
}

// fineTune trains the classifier on the first labels and returns how many test images it gets wrong.
func (t *task) fineTune(ctx context.Context, net *dbn.DBN, labels int) (wrong int, err error) {
	started := time.Now()
	epochs := t.fineTuneEpochs
	if labels <= fewLabels {
		epochs *= fewLabelsFactor
	}
	report, err := net.FineTune(ctx, head(t.train, labels), t.trainLabels[:labels], dbn.FineTuneConfig{
		Classes: t.classes, Epochs: epochs, Seed: t.seed, Progress: t.bars,
		Rate: training.Linear(1e-3, 0, epochs), Dropout: 0.2,
	})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(t.words, "fine-tuning on %d labels: cost %.4f nats after %d epochs, %s\n",
		labels, report.Last().Cost, epochs, time.Since(started).Round(time.Second))
	classes, err := net.Classify(t.test)
	if err != nil {
		return 0, err
	}
	for i, c := range classes {
		if c != t.testLabels[i] {
			wrong++
		}
	}
	return wrong, nil
}

const (
	fewLabels       = 1000
	fewLabelsFactor = 4 // epochs on few labels are short: more of them
)

// compare fine-tunes the pretrained stack and one of random weights, on all labels and on few, with one budget.
func (t *task) compare(ctx context.Context, pretrained string, stdout io.Writer) error {
	var last int
	all := len(t.trainLabels)
	for _, labels := range slices.Compact([]int{all, min(fewLabels, all)}) {
		random, err := dbn.New("mnist", dbn.Config{Sizes: t.sizes(), Glorot: true, Seed: t.seed})
		if err != nil {
			return err
		}
		net, err := dbn.Load(pretrained)
		if err != nil {
			return err
		}
		wrong, err := t.fineTune(ctx, net, labels)
		if err != nil {
			return err
		}
		randomWrong, err := t.fineTune(ctx, random, labels)
		if err != nil {
			return err
		}
		share := func(wrong int) float64 { return 100 * float64(wrong) / float64(len(t.testLabels)) }
		fmt.Fprintf(stdout, "%6d labels: %.2f%% pretrained, %.2f%% from random weights\n", labels, share(wrong), share(randomWrong))
		if labels == all {
			last = wrong
		}
	}
	fmt.Fprintln(stdout, t.lastLine(last))
	return nil
}
