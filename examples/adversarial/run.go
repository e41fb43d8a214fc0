package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// degrees of the two classifiers.
var degrees = [2]int{2, 20}

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
	var nets [2]*modernhopfield.DenseClassifier
	for k, degree := range degrees {
		var err error
		if nets[k], err = t.classifier(ctx, degree); err != nil {
			return err
		}
	}
	images, labels, err := t.known(ctx, nets)
	if err != nil {
		return err
	}
	last, err := t.compare(ctx, nets, images, labels)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, last)
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

// classifier loads the classifier of a degree, or trains one and keeps it.
func (t *task) classifier(ctx context.Context, degree int) (*modernhopfield.DenseClassifier, error) {
	file := fmt.Sprintf("n%d.safetensors", degree)
	if t.models != "" {
		l, err := layers.Load(filepath.Join(t.models, file))
		if err != nil {
			return nil, fmt.Errorf("-models: %w", err)
		}
		net, ok := l.(*modernhopfield.DenseClassifier)
		if !ok {
			return nil, fmt.Errorf("-models: %s holds a %T, want a dense classifier", file, l)
		}
		if c := net.Config(); c.Inputs != t.width*t.height || c.Classes != t.classes {
			return nil, fmt.Errorf("-models: %s is for %d pixels and %d classes, the images have %d and %d", file, c.Inputs, c.Classes, t.width*t.height, t.classes)
		}
		return net, nil
	}
	started := time.Now()
	net, report, err := modernhopfield.DenseFit{
		Degree: degree, Memories: t.memories, Epochs: t.epochs, Seed: t.seed, Progress: t.bars,
	}.Fit(ctx, fmt.Sprintf("n%d", degree), t.train, t.trainLabels, t.classes)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(t.words, "n = %d: cost %.2g after %d epochs, %s\n", degree, report.Last().Cost, t.epochs, time.Since(started).Round(time.Second))
	return net, layers.Save(filepath.Join(t.out, file), net)
}

// known returns the first test images that both classifiers get right.
func (t *task) known(ctx context.Context, nets [2]*modernhopfield.DenseClassifier) (images []float32, labels []int, err error) {
	var classes [2][]int
	for k, net := range nets {
		outputs, err := training.Predict(ctx, net, t.test)
		if err != nil {
			return nil, nil, err
		}
		classes[k] = training.Classes(outputs)
		wrong := 0
		for i, class := range classes[k] {
			if class != t.testLabels[i] {
				wrong++
			}
		}
		fmt.Fprintf(t.words, "n = %d gets %d of %d test images wrong\n", degrees[k], wrong, len(t.testLabels))
	}
	pixels, all := t.width*t.height, t.test.Float32s()
	for i, label := range t.testLabels {
		if classes[0][i] == label && classes[1][i] == label && len(labels) < t.attacks {
			images, labels = append(images, all[i*pixels:(i+1)*pixels]...), append(labels, label)
		}
	}
	if len(labels) == 0 {
		return nil, nil, errors.New("there is no test image that both classifiers get right: train longer, or on more rows")
	}
	return images, labels, nil
}

// compare attacks each classifier, shows the images to the other, and returns the last line.
func (t *task) compare(ctx context.Context, nets [2]*modernhopfield.DenseClassifier, images []float32, labels []int) (string, error) {
	fmt.Fprintf(t.words, "%d test images that both get right, each moved until one of the two says something else:\n", len(labels))
	fmt.Fprintln(t.words, "  moved for   crossed   median distance   also wrong of the other   other's margin left   wrong after noise of that length")
	var made [2]*outcome
	var transfer [2]string
	for k, net := range nets {
		o, err := attack(ctx, net, images, labels)
		if err != nil {
			return "", err
		}
		made[k] = o
		other := nets[1-k]
		before, err := margins(other, images, labels)
		if err != nil {
			return "", err
		}
		after, err := margins(other, o.images, labels)
		if err != nil {
			return "", err
		}
		noised, err := margins(other, noise(images, o.distance, t.seed), labels)
		if err != nil {
			return "", err
		}
		crossed, fooled, byNoise := 0, 0, 0
		var left, distances []float64
		for i, yes := range o.crossed {
			if !yes {
				continue
			}
			crossed++
			fooled += below(after[i])
			byNoise += below(noised[i])
			left, distances = append(left, after[i]/before[i]), append(distances, o.distance[i])
		}
		if crossed == 0 {
			return "", fmt.Errorf("no image crossed the boundary of n = %d within %d steps", degrees[k], maxSteps)
		}
		fmt.Fprintf(t.words, "  n = %-6d %5.1f%% %17.2f %22.1f%% %20.0f%% %25.1f%%\n", degrees[k], 100*float64(crossed)/float64(len(labels)),
			median(distances), 100*float64(fooled)/float64(crossed), 100*median(left), 100*float64(byNoise)/float64(crossed))
		transfer[k] = fmt.Sprintf("%.1f%% (%d of %d) of the images at the boundary of n=%d fool n=%d", 100*float64(fooled)/float64(crossed), fooled, crossed,
			degrees[k], degrees[1-k])
	}
	if err := t.picture(images, labels, made); err != nil {
		return "", err
	}
	return transfer[0] + ", " + transfer[1], nil
}

func below(margin float64) int {
	if margin < 0 {
		return 1
	}
	return 0
}

func median(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// noise moves each image by a distance in a random direction.
func noise(images []float32, distances []float64, seed uint64) []float32 {
	r, moved := rand.New(rand.NewPCG(seed, 0)), slices.Clone(images)
	inputs := len(images) / len(distances)
	for i, d := range distances {
		z, norm := make([]float64, inputs), 0.0
		for j := range z {
			z[j] = r.NormFloat64()
			norm += z[j] * z[j]
		}
		for j := range z {
			x := &moved[i*inputs+j]
			*x = min(max(*x+float32(2*d*z[j]/math.Sqrt(norm)), -1), 1)
		}
	}
	return moved
}

// picture writes an image of each class, as it is and at the two boundaries.
func (t *task) picture(images []float32, labels []int, made [2]*outcome) error {
	pixels := t.width * t.height
	var columns []int
	for class := range t.classes {
		for i, label := range labels {
			if label == class && made[0].crossed[i] && made[1].crossed[i] {
				columns = append(columns, i)
				break
			}
		}
	}
	if len(columns) == 0 {
		return nil
	}
	var tiles []float32
	for _, line := range [][]float32{images, made[0].images, made[1].images} {
		for _, i := range columns {
			for _, v := range line[i*pixels : (i+1)*pixels] {
				tiles = append(tiles, (v+1)/2)
			}
		}
	}
	path := filepath.Join(t.out, "boundaries.png")
	if err := dataset.WriteGrid(path, tiles, t.width, t.height, len(columns), 4); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "%s: test images, and below each where n = %d and where n = %d begin to see another class\n", path, degrees[0], degrees[1])
	return nil
}
