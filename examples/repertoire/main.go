// Command repertoire finds needles in haystacks: bags of 300,000 patterns, the size of an immune repertoire, of which one in ten thousand
// tells the class. A Hopfield pooling layer reads each bag whole, forward and backward, and holds no matrix of its scores. It ends with
// how well it tells bags apart that it has not seen.
//
//	go run ./examples/repertoire
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
	flag.IntVar(&c.instances, "instances", 300_000, "patterns in a bag")
	flag.Float64Var(&c.witnesses, "witnesses", 0.0001, "share of them that tells, in a positive bag")
	flag.IntVar(&c.bags, "bags", 16, "bags to train on")
	flag.IntVar(&c.held, "held", 100, "bags held out")
	flag.IntVar(&c.epochs, "epochs", 20, "passes over the training bags")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("repertoire", func(ctx context.Context, stdout, stderr io.Writer) error {
		return run(ctx, c, stdout, stderr)
	})
}

// config is what the flags say.
type config struct {
	instances  int
	witnesses  float64
	bags, held int
	epochs     int
	seed       uint64
	quiet      bool
}

func (c *config) check() error {
	switch {
	case c.instances < 1 || c.instances > 100_000_000:
		return fmt.Errorf("-instances %d: want 1 to 100,000,000", c.instances)
	case !(c.witnesses >= 0 && c.witnesses <= 1):
		return fmt.Errorf("-witnesses %g: want a share of 0 to 1", c.witnesses)
	case c.bags < 2 || c.held < 2:
		return fmt.Errorf("-bags %d -held %d: want at least 2 of each, one a class", c.bags, c.held)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	}
	return nil
}
