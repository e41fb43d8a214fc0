// Command regimes trains a stack of four Hopfield encoder blocks to read MNIST digits as sequences of patches, and prints over how
// many patches each head of each layer averages, before and after training. It ends with the test error.
//
//	go run ./examples/regimes
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	var c config
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.epochs, "epochs", 10, "epochs of training")
	flag.IntVar(&c.rows, "rows", 20000, "use only the first so many training and test digits (0: all)")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/regimes", "directory for the picture and the model")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	var err error
	if flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	} else {
		err = run(ctx, c, os.Stdout, os.Stderr)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(os.Stderr, "regimes: interrupted: %v\n", err)
		os.Exit(130)
	case err != nil:
		fmt.Fprintf(os.Stderr, "regimes: %v\n", err)
		os.Exit(1)
	}
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
