// Command completion trains a Boltzmann machine and a restricted one on small black and white MNIST digits with their classes among the visible
// units, and asks each for what is missing: the class of a digit, and the lower half of one together with its class.
//
//	go run ./examples/completion
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
	flag.IntVar(&c.rows, "rows", 0, "use only the first so many training and test digits (0: all)")
	flag.IntVar(&c.hidden, "hidden", 300, "hidden units of each machine")
	flag.IntVar(&c.epochs, "epochs", 15, "epochs of training each")
	flag.Float64Var(&c.rate, "rate", 5e-3, "learning rate at the start")
	flag.IntVar(&c.holes, "holes", 500, "test digits to complete")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/completion", "directory for the models and pictures")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("completion", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout, stderr) })
}

// config is what the flags say.
type config struct {
	data, out                   string
	rows, hidden, epochs, holes int
	rate                        float64
	seed                        uint64
	quiet                       bool
}

func (c *config) check() error {
	switch {
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	case c.hidden < 1:
		return fmt.Errorf("-hidden %d: want at least 1", c.hidden)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	case !(c.rate > 0) || c.rate > 1:
		return fmt.Errorf("-rate %g: want more than 0 and at most 1", c.rate)
	case c.holes < 1:
		return fmt.Errorf("-holes %d: want at least 1", c.holes)
	}
	return nil
}
