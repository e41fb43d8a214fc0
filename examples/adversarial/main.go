// Command adversarial moves MNIST digits just across the decision boundary of one dense associative memory and asks another one what
// they are: with degree n = 2 the memory is an ordinary network of rectified linear units, with n = 20 it matches prototypes.
//
//	go run ./examples/adversarial
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
	flag.StringVar(&c.models, "models", "", "directory with n2.safetensors and n20.safetensors, as examples/densememory writes them (default: train them)")
	flag.IntVar(&c.memories, "memories", 1000, "memories of each classifier that is trained")
	flag.IntVar(&c.epochs, "epochs", 15, "epochs of training each")
	flag.IntVar(&c.rows, "rows", 0, "use only the first so many training and test digits (0: all)")
	flag.IntVar(&c.attacks, "attacks", 500, "test digits to attack")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/adversarial", "directory for pictures and models")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("adversarial", func(ctx context.Context, stdout, stderr io.Writer) error {
		return run(ctx, c, stdout, stderr)
	})
}

// config is what the flags say.
type config struct {
	data, models                    string
	memories, epochs, rows, attacks int
	seed                            uint64
	out                             string
	quiet                           bool
}

func (c *config) check() error {
	switch {
	case c.memories < 1:
		return fmt.Errorf("-memories %d: want at least 1", c.memories)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	case c.attacks < 1:
		return fmt.Errorf("-attacks %d: want at least 1", c.attacks)
	}
	return nil
}
