package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

const (
	blocks = 4  // encoder blocks, one on the other
	heads  = 4  // of each block, and of the pooling layer
	width  = 64 // of what stands for a patch in every layer
	side   = 4  // of a patch, in pixels
)

// task is the data and where the words go.
type task struct {
	config
	train, test             *tensor.Dense // (digits, patches, columns)
	trainLabels, testLabels []int
	down, across, classes   int // patches from the top and from the left
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
	net, err := t.network()
	if err != nil {
		return err
	}
	before, err := t.look(net)
	if err != nil {
		return err
	}
	wrong, err := t.fit(ctx, net)
	if err != nil {
		return err
	}
	after, err := t.look(net)
	if err != nil {
		return err
	}
	t.show(before, after)
	if err := t.draw(after); err != nil {
		return err
	}
	if err := net.Save(filepath.Join(t.out, "regimes.safetensors")); err != nil {
		return err
	}
	n := len(t.testLabels)
	fmt.Fprintf(stdout, "test error %.2f%% (%d of %d); heads of classes I, II, III, IV: %d before training, %d after\n",
		100*float64(wrong)/float64(n), wrong, n, classes(before), classes(after))
	return nil
}

func (t *task) load(ctx context.Context) error {
	digits, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	height, width := digits.Train.Rows, digits.Train.Cols
	if height%side != 0 || width%side != 0 {
		return fmt.Errorf("-data: images of %d×%d, want sides that are multiples of %d", width, height, side)
	}
	t.down, t.across, t.classes = height/side, width/side, digits.Classes()
	t.train, t.trainLabels = t.sequences(digits.Train, digits.TrainLabels)
	t.test, t.testLabels = t.sequences(digits.Test, digits.TestLabels)
	fmt.Fprintf(t.words, "%s: %d training and %d test images of %d×%d in %d classes, read as %d patches of %d×%d\n", digits.Name,
		len(t.trainLabels), len(t.testLabels), width, height, t.classes, t.down*t.across, side, side)
	return nil
}

// sequences cuts the first images into patches, (digits, patches, columns). Columns are the pixels of a patch, and ones at its place
// from the top and from the left: without them the network could not tell the order.
func (t *task) sequences(im *dataset.Images, labels []int) (*tensor.Dense, []int) {
	n, patches, columns := im.N, t.down*t.across, side*side+t.down+t.across
	if t.rows > 0 {
		n = min(n, t.rows)
	}
	x := make([]float32, n*patches*columns)
	for i := range n * patches {
		row, top, left := x[i*columns:(i+1)*columns], i%patches/t.across, i%t.across
		for y := range side {
			copy(row[y*side:(y+1)*side], im.Pixels[(i/patches*im.Rows+top*side+y)*im.Cols+left*side:])
		}
		row[side*side+top], row[side*side+t.down+left] = 1, 1
	}
	return tensor.New(tensor.WithShape(n, patches, columns), tensor.WithBacking(x)), labels[:n]
}

// network is a linear layer, the blocks, a pooling layer that makes one row of all patches, and a linear classifier.
func (t *task) network() (*layers.Sequential, error) {
	embed, err := layers.NewLinear("embed", layers.LinearConfig{In: t.train.Shape()[2], Out: width, Seed: t.seed})
	if err != nil {
		return nil, err
	}
	chain := []layers.Layer{embed}
	association := modernhopfield.Config{Input: width, Heads: heads, LearnBeta: true, Seed: t.seed}
	for i := range blocks {
		block, err := modernhopfield.NewEncoder(fmt.Sprintf("encoder%d", i+1), modernhopfield.EncoderConfig{Association: association, Feedforward: 2 * width})
		if err != nil {
			return nil, err
		}
		chain = append(chain, block)
	}
	pool, err := modernhopfield.NewPooling("pooling", modernhopfield.PoolingConfig{Config: association})
	if err != nil {
		return nil, err
	}
	classifier, err := layers.NewLinear("classifier", layers.LinearConfig{In: width, Out: t.classes, Seed: t.seed})
	if err != nil {
		return nil, err
	}
	return layers.NewSequential("regimes", append(chain, pool, classifier)...)
}

// fit trains the network and returns how many test images it gets wrong.
func (t *task) fit(ctx context.Context, net layers.Layer) (wrong int, err error) {
	targets, err := training.OneHot(t.trainLabels, t.classes)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	s := training.Supervised{Solver: training.Adam{Rate: 1e-3}, Epochs: t.epochs, Batch: 50, Seed: t.seed, Progress: t.bars}
	s.Rate = training.Linear(1e-3, 0, t.epochs)
	report, err := s.Fit(ctx, net, t.train, targets)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(t.words, "training: cost %.4f nats after %d epochs, %s\n", report.Last().Cost, t.epochs, time.Since(started).Round(time.Second))
	outputs, err := training.Predict(ctx, net, t.test)
	if err != nil {
		return 0, err
	}
	return len(t.testLabels) - evaluate.Correct(training.Classes(outputs), t.testLabels), nil
}
