// Command hopfield stores digits of MNIST in classical Hopfield networks, spoils them by noise and by erasing their lower half, and has
// each learning rule recall them, by falling straight down in energy and by annealing. It shows what the networks hold besides: the
// parasitic states that nobody stored. It writes pictures.
//
//	go run ./examples/hopfield
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/harmonium-go/harmonium/internal/program"
)

func main() {
	var c config
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.stored, "stored", 100, "how many digits are stored: the first of the training set")
	flag.Float64Var(&c.flip, "flip", 0.3, "probability with which noise flips a pixel")
	flag.IntVar(&c.starts, "starts", 200, "random states from which the networks are searched for parasitic states")
	flag.Float64Var(&c.from, "from", 0.5, "temperature at which annealing begins, as a part of the mean field of a stored pixel")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/hopfield", "directory for pictures")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("hopfield", func(ctx context.Context, stdout, _ io.Writer) error { return run(ctx, c, stdout) })
}

// config is what the flags say.
type config struct {
	data   string
	stored int
	flip   float64
	starts int
	from   float64
	seed   uint64
	out    string
	quiet  bool
}

func (c *config) check() error {
	switch {
	case c.stored < 1:
		return fmt.Errorf("-stored %d: want at least 1", c.stored)
	case !(c.flip >= 0 && c.flip <= 1):
		return fmt.Errorf("-flip %g: want a probability", c.flip)
	case c.starts < 1:
		return fmt.Errorf("-starts %d: want at least 1", c.starts)
	case !(c.from > coldest):
		return fmt.Errorf("-from %g: want a temperature above %g, at which annealing ends", c.from, coldest)
	}
	return nil
}
