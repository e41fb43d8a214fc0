// Command bags learns from bags of MNIST digits that are labelled as bags only, whether a nine is in them: the task on which
// attention-based multiple-instance learning is measured. A modern Hopfield network pools each bag, once over features learned
// from the bags alone and once over those of a deep belief network that has seen unlabelled digits. It draws what the
// pooling looks at and ends with the accuracy on bags of test digits.
//
//	go run ./examples/bags
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/harmonium-go/harmonium/internal/program"
)

func main() {
	c := config{hidden: 500}
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.bags, "bags", 200, "bags to train on")
	flag.IntVar(&c.held, "held", 1000, "bags of test digits to measure on")
	flag.IntVar(&c.target, "target", 9, "the digit that makes a bag positive")
	flag.IntVar(&c.epochs, "epochs", 20, "epochs of training on bags, each of at least 4,000")
	flag.IntVar(&c.pretrainEpochs, "pretrain", 5, "epochs of pretraining a layer on unlabelled digits")
	flag.IntVar(&c.rows, "rows", 0, "use only the first so many training and test digits (0: all)")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/bags", "directory for the picture and the model")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("bags", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout, stderr) })
}

// config is what the flags say, and how many units each layer of features has.
type config struct {
	data                   string
	bags, held, target     int
	epochs, pretrainEpochs int
	rows, hidden           int
	seed                   uint64
	out                    string
	quiet                  bool
}

func (c *config) check() error {
	switch {
	case c.bags < 2:
		return fmt.Errorf("-bags %d: want at least 2", c.bags)
	case c.held < 1:
		return fmt.Errorf("-held %d: want at least 1", c.held)
	case c.target < 0 || c.target > 9:
		return fmt.Errorf("-target %d: want 0 to 9", c.target)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	case c.pretrainEpochs < 1:
		return fmt.Errorf("-pretrain %d: want at least 1", c.pretrainEpochs)
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	}
	return nil
}
