// Command tabular classifies small tables by a modern Hopfield network that stores the training set: a Lookup whose stored patterns
// are the rows and whose targets are their labels, as it is and after training. It stands beside nearest neighbours, logistic
// regression and the majority class, in cross-validation.
//
//	go run ./examples/tabular
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/harmonium-go/harmonium/internal/program"
)

func main() {
	c := config{folds: 5, innerFolds: 3, epochs: 60}
	flag.StringVar(&c.data, "data", "", "directory with wine_data.csv, breast_cancer.csv and digits.csv.gz, as scikit-learn has them (default: "+debian+", if it is there)")
	flag.IntVar(&c.folds, "folds", c.folds, "folds of the cross-validation")
	flag.IntVar(&c.epochs, "epochs", c.epochs, "epochs of training")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of folds, weights and shuffles")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("tabular", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout, stderr) })
}

// config is what the flags say, and the folds in which settings are chosen.
type config struct {
	data                      string
	folds, innerFolds, epochs int
	seed                      uint64
	quiet                     bool
}

func (c *config) check() error {
	switch {
	case c.folds < 2:
		return fmt.Errorf("-folds %d: want at least 2", c.folds)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	}
	return nil
}
