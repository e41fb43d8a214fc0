package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// coldest is the temperature at which annealing ends, as a part of the mean field.
const coldest = 0.05

// rules are compared.
var rules = []associative.Rule{associative.Hebb{}, associative.Storkey{}, associative.Projection{}, associative.Perceptron{}, associative.MinOverlap{}}

// task is the data and where the words go.
type task struct {
	config
	digits        []float32 // ±1, those that are stored
	width, height int
	words         io.Writer
}

func run(ctx context.Context, c config, stdout io.Writer) error {
	t := &task{config: c, words: stdout}
	if c.quiet {
		t.words = io.Discard
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
	last := ""
	for _, rule := range rules {
		r, err := t.try(ctx, rule)
		if err != nil {
			return err
		}
		if last != "" {
			last += "; "
		}
		last += r.String()
	}
	fmt.Fprintf(stdout, "%d digits stored, recalled exactly from noise and from the upper half: %s\n", t.stored, last)
	return nil
}

// load makes spins of the first training digits: grey values above one half are 1, the others −1.
func (t *task) load(ctx context.Context) error {
	digits, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	if t.stored > digits.Train.N {
		return fmt.Errorf("-stored %d: there are %d training images", t.stored, digits.Train.N)
	}
	digits.First(t.stored)
	t.width, t.height = digits.Train.Cols, digits.Train.Rows
	t.digits = digits.Train.BlackAndWhite()
	fmt.Fprintf(t.words, "%s: %d training images of %d×%d, black and white\n", digits.Name, t.stored, t.width, t.height)
	return nil
}

func (t *task) pixels() int { return t.width * t.height }

// rows are images as a tensor of their own.
func (t *task) rows(images []float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(images)/t.pixels(), t.pixels()), tensor.WithBacking(append([]float32(nil), images...)))
}

// recalls is what a recall from spoilt digits came to.
type recalls struct {
	*associative.Recalled
	exact int
	wrong float64 // pixels, on average
}

// result is how well a rule did.
type result struct {
	rule                                     associative.Rule
	field                                    float64 // mean size at the stored digits, the measure of temperatures
	energy                                   float64 // mean of the stored digits
	noise, annealedNoise, half, annealedHalf recalls
}

func (r result) String() string {
	return fmt.Sprintf("%v %d and %d (annealed %d and %d)", r.rule, r.noise.exact, r.half.exact, r.annealedNoise.exact, r.annealedHalf.exact)
}

// try stores the digits by a rule and recalls them.
func (t *task) try(ctx context.Context, rule associative.Rule) (*result, error) {
	r := &result{rule: rule}
	started := time.Now()
	stored := t.rows(t.digits)
	net, err := rule.Learn(ctx, stored)
	if err != nil {
		return nil, err
	}
	learned := time.Since(started)
	stable, err := r.measure(net, stored)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(t.words, "\n%v: learned in %s; %d of %d digits are stable\n", rule, learned.Round(time.Millisecond), stable, t.stored)
	fmt.Fprintf(t.words, "  %-20s%-12s%-12s%13s%8s\n", "shown", "recalled by", "exact", "pixels wrong", "depth")
	noise, half, known := dataset.FlipSpins(t.digits, t.pixels(), t.flip, t.seed), t.halves(), t.upper()
	for _, c := range []struct {
		shown    string
		images   []float32
		clamped  []bool
		annealed bool
		into     *recalls
	}{
		{"digits with noise", noise, nil, false, &r.noise},
		{"digits with noise", noise, nil, true, &r.annealedNoise},
		{"their upper halves", half, known, false, &r.half},
		{"their upper halves", half, known, true, &r.annealedHalf},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		got, err := t.recall(net, r, c.images, c.clamped, c.annealed)
		if err != nil {
			return nil, err
		}
		*c.into = t.judge(got)
		fmt.Fprintf(t.words, "  %-20s%-12s%3d of %-5d%13.1f%8.3f\n", c.shown, way(c.annealed), c.into.exact, t.stored, c.into.wrong, mean(got.Energy)/r.energy)
	}
	if err := t.recallPicture(rule, noise, half, r); err != nil {
		return nil, err
	}
	if err := t.energyPicture(r); err != nil {
		return nil, err
	}
	return r, t.search(ctx, net, r)
}

func way(annealed bool) string {
	if annealed {
		return "annealing"
	}
	return "falling"
}

// recall lets images come to rest: they fall, or are annealed before.
func (t *task) recall(net *associative.Hopfield, r *result, images []float32, clamped []bool, annealed bool) (*associative.Recalled, error) {
	falling := associative.Asynchronous{Seed: t.seed, Clamped: clamped}
	if !annealed {
		return net.Recall(t.rows(images), falling)
	}
	warm, err := net.Recall(t.rows(images), associative.Annealing{From: t.from * r.field, To: coldest * r.field, Seed: t.seed, Clamped: clamped})
	if err != nil {
		return nil, err
	}
	got, err := net.Recall(warm.States, falling)
	if err != nil {
		return nil, err
	}
	for k, trace := range got.Trace {
		got.Trace[k] = append(warm.Trace[k], trace[1:]...)
	}
	return got, nil
}

// measure finds the mean size of the fields at the stored digits and their mean energy, and returns how many of them are stable.
func (r *result) measure(net *associative.Hopfield, stored *tensor.Dense) (stable int, err error) {
	fields, err := net.Fields(stored)
	if err != nil {
		return 0, err
	}
	for _, field := range fields.Float32s() {
		r.field += math.Abs(float64(field)) / float64(len(fields.Float32s()))
	}
	energies, err := net.Energy(stored)
	if err != nil {
		return 0, err
	}
	r.energy = mean(energies)
	at, err := net.Stable(stored)
	for _, s := range at {
		if s {
			stable++
		}
	}
	return stable, err
}

func mean(x []float64) (sum float64) {
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

// upper marks the pixels of the upper half.
func (t *task) upper() []bool {
	known := make([]bool, t.pixels())
	for i := range known {
		known[i] = i < t.pixels()/2
	}
	return known
}

// halves erases the lower half: its pixels begin at random.
func (t *task) halves() []float32 {
	halves, known := t.coins("erased", t.stored), t.upper()
	for i, v := range t.digits {
		if known[i%t.pixels()] {
			halves[i] = v
		}
	}
	return halves
}

// coins are images of random spins.
func (t *task) coins(purpose string, images int) []float32 {
	spins, u, stream := make([]float32, images*t.pixels()), make([]float32, t.pixels()), rng.New(t.seed, purpose)
	for i := range spins {
		if i%t.pixels() == 0 {
			rng.Uniform(stream.Row(i/t.pixels(), 0), u)
		}
		if spins[i] = -1; u[i%t.pixels()] < 0.5 {
			spins[i] = 1
		}
	}
	return spins
}

// judge compares recalled digits with those that were stored.
func (t *task) judge(got *associative.Recalled) recalls {
	r := recalls{Recalled: got}
	for i := range t.stored {
		wrong := 0
		for j, v := range got.States.Float32s()[i*t.pixels() : (i+1)*t.pixels()] {
			if v != t.digits[i*t.pixels()+j] {
				wrong++
			}
		}
		if wrong == 0 {
			r.exact++
		}
		r.wrong += float64(wrong) / float64(t.stored)
	}
	return r
}
