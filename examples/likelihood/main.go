// Command likelihood trains a restricted Boltzmann machine on MNIST, certifies what log-likelihood it gives the test digits, and
// ends with that number. It writes the model, its filters and its samples.
//
//	go run ./examples/likelihood
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/harmonium-go/harmonium/internal/program"
	"github.com/harmonium-go/harmonium/likelihood"
)

func main() {
	var c config
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.rows, "rows", 0, "use only the first so many training and test digits (0: all)")
	flag.StringVar(&c.grey, "grey", "stochastic", "what grey pixels are taken for: stochastic, threshold or real")
	flag.IntVar(&c.hidden, "hidden", 500, "hidden units; up to 20 the log-likelihood is exact")
	flag.BoolVar(&c.plain, "plain", false, "the plain gradient instead of the centered one")
	flag.IntVar(&c.steps, "steps", 5, "Gibbs steps between updates (PCD-k)")
	flag.IntVar(&c.epochs, "epochs", 25, "epochs of training")
	flag.Float64Var(&c.rate, "rate", 0.05, "learning rate at the start")
	flag.Float64Var(&c.half, "half", 100, "epochs after which the learning rate is a half")
	flag.IntVar(&c.decay, "decay", 10, "epochs at the end in which the learning rate goes to 0")
	flag.Float64Var(&c.tolerance, "tolerance", 1, "nats that the two bounds may lie apart for a certificate")
	flag.IntVar(&c.temperatures, "temperatures", 64_000, "temperatures of the longest ladder that is tried")
	flag.StringVar(&c.load, "load", "", "certify the machine of this file instead of training one")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/likelihood", "directory for the model, its checkpoint and pictures")
	flag.BoolVar(&c.resume, "resume", false, "go on from the checkpoint in -out")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("likelihood", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout, stderr) })
}

// config is what the flags say.
type config struct {
	data, grey, load, out       string
	rows, hidden, steps         int
	epochs, decay, temperatures int
	rate, half, tolerance       float64
	plain, resume, quiet        bool
	seed                        uint64
}

var conventions = map[string]likelihood.Convention{
	"stochastic": likelihood.Stochastic, "threshold": likelihood.Threshold, "real": likelihood.AsIs,
}

func (c *config) check() error {
	_, known := conventions[c.grey]
	switch {
	case !known:
		return fmt.Errorf("-grey %q: want stochastic, threshold or real", c.grey)
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	case slices.Min([]int{c.hidden, c.steps, c.epochs}) < 1:
		return fmt.Errorf("-hidden %d, -steps %d, -epochs %d: want at least 1", c.hidden, c.steps, c.epochs)
	case c.decay < 0 || c.decay > c.epochs:
		return fmt.Errorf("-decay %d: want 0 to the number of epochs, %d", c.decay, c.epochs)
	case !(c.rate > 0) || !(c.half > 0):
		return fmt.Errorf("-rate %g, -half %g: want numbers above 0", c.rate, c.half)
	case c.load != "" && c.resume:
		return fmt.Errorf("-resume and -load %s: want one of them", c.load)
	}
	return nil
}
