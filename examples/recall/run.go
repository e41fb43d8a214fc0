package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// task is the data and where the words go.
type task struct {
	config
	digits        []float32 // ±1, all that may be stored
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
	fmt.Fprintf(t.words, "recalled exactly, and pixels wrong on average:\n%8s  %-15s%-30s%s\n", "stored", "shown", "classical", "modern")
	var last result
	for _, n := range c.stored {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if last, err = t.recall(ctx, n); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, last)
	return nil
}

// load makes spins of the training digits: grey values above one half are 1, the others −1.
func (t *task) load(ctx context.Context) error {
	digits, err := mnist.Choose(ctx, t.data)
	if err != nil {
		return err
	}
	if most := t.stored[len(t.stored)-1]; most > digits.Train.N {
		return fmt.Errorf("-stored %d: there are %d training images", most, digits.Train.N)
	}
	t.width, t.height = digits.Train.Cols, digits.Train.Rows
	t.digits = digits.Train.BlackAndWhite()
	fmt.Fprintf(t.words, "%s: %d training images of %d×%d, black and white\n", digits.Name, digits.Train.N, t.width, t.height)
	return nil
}

func (t *task) pixels() int { return t.width * t.height }

// rows are images as a tensor of their own.
func (t *task) rows(images []float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(images)/t.pixels(), t.pixels()), tensor.WithBacking(append([]float32(nil), images...)))
}

// score is how well images were recalled.
type score struct {
	exact, tried int
	wrong        float64 // pixels, on average
}

func (s score) String() string {
	return fmt.Sprintf("%3d of %3d, %6.1f wrong", s.exact, s.tried, s.wrong)
}

// result is the scores with so many digits stored.
type result struct {
	stored                                                 int
	noiseClassical, noiseModern, halfClassical, halfModern score
}

func (r result) String() string {
	return fmt.Sprintf("%d digits stored, of %d recalled exactly: with noise %d classical, %d modern; from the upper half %d classical, %d modern",
		r.stored, r.noiseModern.tried, r.noiseClassical.exact, r.noiseModern.exact, r.halfClassical.exact, r.halfModern.exact)
}

// recall stores the first n digits in both networks, and has both recall some of them.
func (t *task) recall(ctx context.Context, n int) (result, error) {
	tried := t.digits[:min(n, t.tried)*t.pixels()]
	patterns := t.rows(t.digits[:n*t.pixels()])
	classical, err := modernhopfield.NewDenseMemory(patterns, modernhopfield.DenseConfig{Interaction: energy.Power(2)})
	if err != nil {
		return result{}, err
	}
	modern, err := modernhopfield.NewMemory(patterns, modernhopfield.MemoryConfig{Beta: t.beta})
	if err != nil {
		return result{}, err
	}
	known := make([]bool, t.pixels())
	for i := range known {
		known[i] = i < t.pixels()/2
	}
	noise, half := dataset.FlipSpins(tried, t.pixels(), t.flip, t.seed), append([]float32(nil), tried...)
	for i := range half {
		if !known[i%t.pixels()] {
			half[i] = 0
		}
	}
	r := result{stored: n}
	shown := [][]float32{tried}
	for _, c := range []struct {
		name              string
		images            []float32
		clamped           []bool
		classical, modern *score
	}{
		{"noise", noise, nil, &r.noiseClassical, &r.noiseModern},
		{"the upper half", half, known, &r.halfClassical, &r.halfModern},
	} {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		started := time.Now()
		spins := t.rows(c.images) // the classical net has no units that are 0: what is missing begins as background
		for i, v := range spins.Float32s() {
			if v == 0 {
				spins.Float32s()[i] = -1
			}
		}
		old, err := classical.Recall(spins, modernhopfield.DenseRecall{Seed: t.seed, Clamped: c.clamped})
		if err != nil {
			return r, err
		}
		middle := time.Now()
		new, err := modern.Retrieve(t.rows(c.images))
		if err != nil {
			return r, err
		}
		end := time.Now()
		*c.classical, *c.modern = t.judge(tried, old.States), t.judge(tried, new.States)
		fmt.Fprintf(t.words, "%8d  %-15s%s %6s   %s %6s\n", n, c.name,
			c.classical, middle.Sub(started).Round(time.Millisecond), c.modern, end.Sub(middle).Round(time.Millisecond))
		shown = append(shown, c.images, old.States.Float32s(), new.States.Float32s())
	}
	return r, t.picture(n, shown)
}

// judge compares recalled images, of which the sign counts, with what was stored.
func (t *task) judge(stored []float32, recalled *tensor.Dense) score {
	s := score{tried: len(stored) / t.pixels()}
	total := 0
	for i := range s.tried {
		wrong := 0
		for j, v := range stored[i*t.pixels() : (i+1)*t.pixels()] {
			if math.Signbit(float64(v)) != math.Signbit(float64(recalled.Float32s()[i*t.pixels()+j])) {
				wrong++
			}
		}
		if wrong == 0 {
			s.exact++
		}
		total += wrong
	}
	s.wrong = float64(total) / float64(s.tried)
	return s
}

// picture draws the first images of each list, a line each: the digits; with noise, and what the classical and the modern network
// make of it; the upper half, and the same.
func (t *task) picture(n int, lists [][]float32) error {
	const perLine, scale = 20, 2
	count := min(perLine, len(lists[0])/t.pixels())
	var rows []float32
	for _, list := range lists {
		for _, v := range list[:count*t.pixels()] {
			rows = append(rows, (v+1)/2)
		}
	}
	path := filepath.Join(t.out, fmt.Sprintf("recall-%d.png", n))
	if err := dataset.WriteGrid(path, rows, t.width, t.height, count, scale); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "%8s  %s\n", "", path)
	return nil
}
