// Command mil classifies bags of image segments, Tiger and Elephant, by a modern Hopfield network that pools each bag: the
// multiple-instance benchmarks on which the pooling was first measured. It ends with the area under the curve in nested
// ten-fold cross-validation, beside what is published.
//
//	go run ./examples/mil -data DIR
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/harmonium-go/harmonium/internal/program"
)

func main() {
	c := config{inner: 3}
	flag.StringVar(&c.data, "data", "", "directory with mil_tiger.csv.gz and mil_elephant.csv.gz, lines of bag,label,features (needed)")
	flag.IntVar(&c.folds, "folds", 10, "folds of the cross-validation")
	flag.IntVar(&c.repeats, "repeats", 5, "how often the bags are dealt anew")
	flag.IntVar(&c.epochs, "epochs", 40, "epochs of training")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of folds, weights, shuffles and dropout")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("mil", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout) })
}

// config is what the flags say, and the folds in which settings are chosen.
type config struct {
	data                          string
	folds, inner, repeats, epochs int
	seed                          uint64
	quiet                         bool
}

func (c *config) check() error {
	switch {
	case c.data == "":
		return errors.New("-data: want a directory with mil_tiger.csv.gz and mil_elephant.csv.gz, which cannot be shipped: their licence is not known")
	case c.folds < 2:
		return fmt.Errorf("-folds %d: want at least 2", c.folds)
	case c.repeats < 1:
		return fmt.Errorf("-repeats %d: want at least 1", c.repeats)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	}
	return nil
}
