// Command patterns trains the three modern Hopfield layers on the two tasks that their reference implementation demonstrates them
// on: bags of bit patterns, of which some hold one of eight signals, and latch sequences, which are named by their first symbol.
// It prints what the layers reach at the reference's settings and at better ones, beside what the reference reaches.
//
//	go run ./examples/patterns
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/harmonium-go/harmonium/internal/program"
)

func main() {
	c := config{bags: 2048, sequences: 4096}
	flag.StringVar(&c.task, "task", "all", "bits, latch, or all")
	flag.BoolVar(&c.ours, "ours", false, "leave out the reference's settings, which take longer")
	flag.IntVar(&c.epochs, "epochs", 0, "epochs of training (0: as many as each row of the table says)")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of weights, shuffles and dropout; the data are always the same")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("patterns", func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, c, stdout, stderr) })
}

// config is what the flags say, and how large the data are.
type config struct {
	task            string
	ours, quiet     bool
	epochs          int
	seed            uint64
	bags, sequences int
}

func (c *config) check() error {
	switch {
	case c.task != "all" && c.task != "bits" && c.task != "latch":
		return fmt.Errorf("-task %q: want bits, latch or all", c.task)
	case c.epochs < 0:
		return fmt.Errorf("-epochs %d: want at least 1, or 0 for as many as each row says", c.epochs)
	}
	return nil
}
