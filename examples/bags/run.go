package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/training"
)

// task is the data and where the words go.
type task struct {
	config
	digits      *dataset.Images // to pretrain on
	train, held *dataset.DigitBags
	words, bars io.Writer
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

	plain, err := t.newPlain()
	if err != nil {
		return err
	}
	if _, err := t.fit(ctx, plain, "features learned from the bags alone"); err != nil {
		return err
	}
	net, err := t.pretrain(ctx)
	if err != nil {
		return err
	}
	hybrid, err := t.newHybrid(net)
	if err != nil {
		return err
	}
	last, err := t.fit(ctx, hybrid, "features of a deep belief network")
	if err != nil {
		return err
	}
	if err := t.picture(ctx, hybrid); err != nil {
		return err
	}
	model := filepath.Join(c.out, "bags.safetensors")
	if err := hybrid.Save(model); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "the model is in %s\n", model)
	fmt.Fprintln(stdout, last)
	return nil
}

func (t *task) load(ctx context.Context) error {
	digits, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	digits.First(t.rows)
	t.digits = digits.Train
	draw := func(from *dataset.Images, labels []int, bags int, seed uint64) (*dataset.DigitBags, error) {
		return dataset.NewDigitBags(from, labels, dataset.DigitBagsConfig{Bags: bags, Target: t.target, Seed: seed})
	}
	if t.train, err = draw(digits.Train, digits.TrainLabels, t.bags, t.seed); err != nil {
		return err
	}
	if t.held, err = draw(digits.Test, digits.TestLabels, t.config.held, t.seed+1); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "%s: %d bags of %.1f training digits on average, %d of them with a %d; %d bags of test digits, %d of them with a %d\n",
		digits.Name, t.train.Len(), t.train.MeanLength(), positive(t.train), t.target, t.held.Len(), positive(t.held), t.target)
	return nil
}

func positive(b *dataset.DigitBags) (n int) {
	for _, label := range b.Labels {
		n += label
	}
	return n
}

// pretrain fits a stack of RBMs to the training digits, without their labels.
func (t *task) pretrain(ctx context.Context) (*dbn.DBN, error) {
	net, err := dbn.New("features", dbn.Config{Sizes: []int{t.train.Width, t.hidden, t.hidden}, Centered: true, Seed: t.seed})
	if err != nil {
		return nil, err
	}
	started := time.Now()
	if _, err := net.Pretrain(ctx, t.digits.Tensor(), dbn.PretrainConfig{Epochs: t.pretrainEpochs, Seed: t.seed, Progress: t.bars}); err != nil {
		return nil, err
	}
	fmt.Fprintf(t.words, "pretraining a deep belief network on %d digits without labels took %s\n", t.digits.N, time.Since(started).Round(time.Second))
	return net, nil
}

// fit trains a model on the bags and returns what it reaches on the bags held out, in words.
func (t *task) fit(ctx context.Context, m *model, features string) (string, error) {
	started := time.Now()
	bags, labels := t.shifted()
	targets, err := training.OneHot(labels, 2)
	if err != nil {
		return "", err
	}
	const rate = 1e-3
	report, err := training.Supervised{
		Solver: training.AdamW{Rate: rate, Decay: 0.01}, Rate: training.Linear(rate, 0, t.epochs), Epochs: t.epochs, Batch: min(20, bags.Len()), ClipNorm: 1,
		Seed: t.seed, Progress: t.bars,
	}.FitBags(ctx, m.Sequential, bags, targets)
	if err != nil {
		return "", err
	}
	logits, err := training.PredictBags(ctx, m.Sequential, training.Bags{Rows: t.held.Tensor(), Lengths: t.held.Lengths})
	if err != nil {
		return "", err
	}
	classes := training.Classes(logits)
	right, n := evaluate.Correct(classes, t.held.Labels), t.held.Len()
	low, high := evaluate.Wilson(right, n)
	fmt.Fprintf(t.words, "%s: cost %.4f nats after %d epochs, %s; area under the curve %.4f\n",
		features, report.Last().Cost, t.epochs, time.Since(started).Round(100*time.Millisecond), evaluate.AUC(margins(logits), t.held.Labels))
	line := fmt.Sprintf("held-out accuracy %.1f%% (%d of %d bags, 95%% interval %.1f to %.1f%%)", share(right, n), right, n, 100*low, 100*high)
	fmt.Fprintf(t.words, "  %s\n", line)
	return line, nil
}

func share(k, n int) float64 { return 100 * float64(k) / float64(n) }

// margins are the logits of class 1 above those of class 0: what bags are ordered by.
func margins(logits *tensor.Dense) []float64 {
	x := logits.Data().([]float32)
	m := make([]float64, len(x)/2)
	for i := range m {
		m[i] = float64(x[2*i+1]) - float64(x[2*i])
	}
	return m
}

// shifted returns the training bags, copied until there are 4,000, with every digit of every copy shifted by at most a pixel in
// each direction: few bags teach more if what does not matter changes.
func (t *task) shifted() (training.Bags, []int) {
	const wanted = 4000
	copies := (wanted + t.train.Len() - 1) / t.train.Len()
	width, height := t.digits.Cols, t.digits.Rows
	size := width * height
	r := rand.New(rand.NewPCG(t.seed, 0))
	pixels := make([]float32, copies*len(t.train.Instances))
	for i := 0; i < len(pixels); i += size {
		shift(pixels[i:i+size], t.train.Instances[i%len(t.train.Instances):], width, height, r.IntN(3)-1, r.IntN(3)-1)
	}
	rows := tensor.New(tensor.WithShape(len(pixels)/size, size), tensor.WithBacking(pixels))
	return training.Bags{Rows: rows, Lengths: slices.Repeat(t.train.Lengths, copies)}, slices.Repeat(t.train.Labels, copies)
}

// shift copies a picture, moved right and down; what enters is 0, as dst is.
func shift(dst, src []float32, width, height, right, down int) {
	for y := max(0, down); y < min(height, height+down); y++ {
		for x := max(0, right); x < min(width, width+right); x++ {
			dst[y*width+x] = src[(y-down)*width+x-right]
		}
	}
}
