package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// published are the test errors in percent of Krotov & Hopfield (2016), the best networks of their figure 2.
var published = map[int]string{2: "1.51", 3: "1.44", 20: "1.61", 30: "1.80"}

// task is the data and where the words go.
type task struct {
	config
	train, test             *tensor.Dense // in [−1, 1]
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
	var results []string
	for _, degree := range c.degrees {
		net, err := t.fit(ctx, degree)
		if err != nil {
			return err
		}
		result, err := t.judge(ctx, net, degree)
		if err != nil {
			return err
		}
		results = append(results, result)
		if err := t.keep(net, degree); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "test error %s\n", strings.Join(results, "; "))
	return nil
}

func (t *task) load(ctx context.Context) error {
	digits, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	t.width, t.height, t.classes = digits.Train.Cols, digits.Train.Rows, digits.Classes() // of all: the first may lack one
	digits.First(t.rows)
	t.train, t.trainLabels, t.test, t.testLabels = digits.Train.Bipolar(), digits.TrainLabels, digits.Test.Bipolar(), digits.TestLabels
	fmt.Fprintf(t.words, "%s: %d training and %d test images of %d×%d in %d classes\n",
		digits.Name, len(t.trainLabels), len(t.testLabels), t.width, t.height, t.classes)
	return nil
}

func (t *task) fit(ctx context.Context, degree int) (*modernhopfield.DenseClassifier, error) {
	started := time.Now()
	net, report, err := modernhopfield.DenseFit{
		Degree: degree, Memories: t.memories, Epochs: t.epochs, Seed: t.seed, Progress: t.bars,
	}.Fit(ctx, fmt.Sprintf("n%d", degree), t.train, t.trainLabels, t.classes)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(t.words, "n = %d: cost %.2g after %d epochs, %s\n", degree, report.Last().Cost, t.epochs, time.Since(started).Round(time.Second))
	return net, nil
}

// judge counts the test images that a classifier gets wrong.
func (t *task) judge(ctx context.Context, net *modernhopfield.DenseClassifier, degree int) (string, error) {
	outputs, err := training.Predict(ctx, net, t.test)
	if err != nil {
		return "", err
	}
	wrong := 0
	for i, class := range training.Classes(outputs) {
		if class != t.testLabels[i] {
			wrong++
		}
	}
	result := fmt.Sprintf("n=%d %.2f%% (%d of %d", degree, 100*float64(wrong)/float64(len(t.testLabels)), wrong, len(t.testLabels))
	if paper, ok := published[degree]; ok {
		result += ", published " + paper + "%"
	}
	return result + ")", nil
}

// keep writes a classifier and a picture of the memories with the strongest votes.
func (t *task) keep(net *modernhopfield.DenseClassifier, degree int) error {
	const perLine, scale = 20, 2
	name := filepath.Join(t.out, fmt.Sprintf("n%d", degree))
	if err := layers.Save(name+".safetensors", net); err != nil {
		return err
	}
	memories, inputs := net.Memories().Value().Float32s(), t.width*t.height
	shown := min(10*perLine, t.memories)
	columns := make([]float32, inputs*shown) // a memory a column, as weights into hidden units are
	for at, mu := range strongest(net)[:shown] {
		for pixel, v := range memories[mu*inputs : (mu+1)*inputs] {
			columns[pixel*shown+at] = v
		}
	}
	if err := dataset.WriteFilters(name+".png", columns, t.width, t.height, shown, shown, perLine, scale); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "  %s.png: the %d memories with the strongest votes; %s.safetensors: the classifier\n", name, shown, name)
	return nil
}

// strongest orders memories by the length of their votes, the longest first.
func strongest(net *modernhopfield.DenseClassifier) []int {
	votes, classes := net.Labels().Float64s(), net.Config().Classes
	order, lengths := make([]int, net.Config().Memories), make([]float64, net.Config().Memories)
	for mu := range order {
		order[mu] = mu
		for _, v := range votes[mu*classes : (mu+1)*classes] {
			lengths[mu] += v * v
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lengths[b], lengths[a]) })
	return order
}
