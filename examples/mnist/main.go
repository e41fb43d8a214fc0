// Command mnist trains a deep belief network on the real MNIST digits: greedy layer-wise pretraining by contrastive
// divergence, then fine-tuning by backpropagation through the same layers. It writes pictures and ends with the test error.
//
//	go run ./examples/mnist
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/harmonium-go/harmonium/internal/program"
)

func main() {
	var c config
	layers := flag.String("layers", "500,500,1000", "sizes of the hidden layers")
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.pretrainEpochs, "epochs", 5, "epochs of pretraining a layer")
	flag.IntVar(&c.fineTuneEpochs, "finetune", 15, "epochs of fine-tuning")
	flag.IntVar(&c.rows, "rows", 0, "use only the first so many training and test digits (0: all)")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/mnist", "directory for pictures and the model")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	flag.BoolVar(&c.compare, "compare", false, "also train from random weights, and on 1,000 labels, and print all four errors")
	program.Main("mnist", func(ctx context.Context, stdout, stderr io.Writer) error {
		if err := c.parseLayers(*layers); err != nil {
			return err
		}
		return run(ctx, c, stdout, stderr)
	})
}

// config is what the flags say.
type config struct {
	data                           string
	layers                         []int
	pretrainEpochs, fineTuneEpochs int
	rows                           int
	seed                           uint64
	out                            string
	quiet, compare                 bool
}

func (c *config) parseLayers(s string) error {
	for _, part := range strings.Split(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return fmt.Errorf("-layers %q: want positive sizes joined by commas, like 500,500,1000", s)
		}
		c.layers = append(c.layers, n)
	}
	return nil
}

func (c *config) check() error {
	switch {
	case c.pretrainEpochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.pretrainEpochs)
	case c.fineTuneEpochs < 1:
		return fmt.Errorf("-finetune %d: want at least 1", c.fineTuneEpochs)
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	}
	return nil
}
