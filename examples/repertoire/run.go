package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

const (
	width    = 32
	strength = 8 // how far a witness is moved along the motif, where every pattern is normal with deviation 1
)

func run(ctx context.Context, c config, stdout, stderr io.Writer) error {
	words, bars := stdout, stderr
	if c.quiet {
		words, bars = io.Discard, nil
	}
	if err := c.check(); err != nil {
		return err
	}
	fmt.Fprintf(words, "%d bags of %d patterns of %d numbers, %.0f MB each, half of them with %d witnesses\n",
		c.bags, c.instances, width, float64(4*width*c.instances)/1e6, c.count())
	bags, labels := c.draw(0, c.bags)
	targets, err := training.OneHot(labels, 2)
	if err != nil {
		return err
	}
	model, err := newModel(c.seed)
	if err != nil {
		return err
	}
	started := time.Now()
	report, err := training.Supervised{
		Solver: training.Adam{Rate: 0.01}, Epochs: c.epochs, Batch: 4, Seed: c.seed, Progress: bars,
	}.FitBags(ctx, model, bags, targets)
	if err != nil {
		return err
	}
	fmt.Fprintf(words, "trained on whole bags, forward and backward: %.2f s a bag, cost %.3f nats, %.0f MB of memory in all, %.0f MB of them the bags\n",
		time.Since(started).Seconds()/float64(c.bags*c.epochs), report.Last().Cost, memory(), float64(4*width*c.instances*c.bags)/1e6)

	scores, means := make([]float64, c.held), make([]float64, c.held)
	direction := meanDirection(bags, labels)
	truth := make([]int, c.held)
	for i := range c.held { // one at a time: all would be gigabytes
		bag, label := c.draw(c.bags+i, 1)
		logits, err := training.PredictBags(ctx, model, bag)
		if err != nil {
			return err
		}
		y := logits.Float32s()
		scores[i], truth[i] = float64(y[1]-y[0]), label[0]
		for d, m := range mean(bag.Rows.Float32s()) {
			means[i] += m * direction[d]
		}
	}
	fmt.Fprintf(words, "what the means of the bags alone would give: held-out AUC %.3f\n", evaluate.AUC(means, truth))
	fmt.Fprintf(stdout, "held-out AUC %.3f (%d bags of %d patterns, %.2g%% witnesses)\n", evaluate.AUC(scores, truth), c.held, c.instances, 100*c.witnesses)
	return nil
}

func (c *config) count() int { return int(math.Round(c.witnesses * float64(c.instances))) }

// draw makes bags from number first on; the odd ones are positive. A bag is the same whichever others are drawn with it.
func (c *config) draw(first, n int) (training.Bags, []int) {
	x, labels := make([]float32, n*c.instances*width), make([]int, n)
	bags := training.Bags{Rows: tensor.New(tensor.WithShape(n*c.instances, width), tensor.WithBacking(x))}
	motif := unit(rand.New(rand.NewPCG(c.seed, math.MaxUint64)))
	for b := range n {
		r := rand.New(rand.NewPCG(c.seed, uint64(first+b)))
		bag := x[b*c.instances*width:][:c.instances*width]
		for i := range bag {
			bag[i] = float32(r.NormFloat64())
		}
		labels[b] = (first + b) % 2
		for range labels[b] * c.count() {
			row := bag[r.IntN(c.instances)*width:][:width]
			for d := range row {
				row[d] += strength * float32(motif[d])
			}
		}
		bags.Lengths = append(bags.Lengths, c.instances)
	}
	return bags, labels
}

// unit is a random direction.
func unit(r *rand.Rand) []float64 {
	x, square := make([]float64, width), 0.0
	for d := range x {
		x[d] = r.NormFloat64()
		square += x[d] * x[d]
	}
	for d := range x {
		x[d] /= math.Sqrt(square)
	}
	return x
}

// newModel is one learned state pattern that looks for what tells, and a linear reading of what it finds.
func newModel(seed uint64) (*layers.Sequential, error) {
	pooling, err := modernhopfield.NewPooling("pooling", modernhopfield.PoolingConfig{
		Config: modernhopfield.Config{Input: width, Beta: 1, LearnBeta: true, InitDeviation: 0.2, Seed: seed,
			StoredNorm: modernhopfield.NoNorm, StateNorm: modernhopfield.NoNorm, ProjectionNorm: modernhopfield.NoNorm},
	})
	if err != nil {
		return nil, err
	}
	head, err := layers.NewLinear("head", layers.LinearConfig{In: width, Out: 2, Seed: seed})
	if err != nil {
		return nil, err
	}
	return layers.NewSequential("repertoire", pooling, head)
}

// mean is the mean row.
func mean(x []float32) []float64 {
	m := make([]float64, width)
	for i, v := range x {
		m[i%width] += float64(v) * width / float64(len(x))
	}
	return m
}

// meanDirection leads from the mean of the negative training bags to that of the positive ones.
func meanDirection(bags training.Bags, labels []int) []float64 {
	direction, x, from := make([]float64, width), bags.Rows.Float32s(), 0
	for b, n := range bags.Lengths {
		for d, m := range mean(x[from*width : (from+n)*width]) {
			direction[d] += m * float64(2*labels[b]-1)
		}
		from += n
	}
	return direction
}

// memory is what the program has taken from the system, in MB.
func memory() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / 1e6
}
