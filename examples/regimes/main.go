// Command regimes trains a stack of four Hopfield encoder blocks to read MNIST digits as sequences of patches, and prints over how
// many patches each head of each layer averages, before and after training. It ends with the test error.
//
//	go run ./examples/regimes
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
	flag.IntVar(&c.epochs, "epochs", 10, "epochs of training")
	flag.IntVar(&c.rows, "rows", 20000, "use only the first so many training and test digits (0: all)")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/regimes", "directory for the picture and the model")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("regimes", func(ctx context.Context, stdout, stderr io.Writer) error {
		return run(ctx, c, stdout, stderr)
	})
}

// config is what the flags say.
type config struct {
	data         string
	epochs, rows int
	seed         uint64
	out          string
	quiet        bool
}

func (c *config) check() error {
	switch {
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	}
	return nil
}
