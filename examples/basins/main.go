// Command basins makes the classical tables and pictures of how associative memories attract: recall in one step and in several, the index
// of attraction, states at rest that are no pattern, basins in two directions. It ends with shares that can be checked against exact ones.
//
//	go run ./examples/basins
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
	flag.IntVar(&c.sets, "sets", 1000, "sets of random patterns, over which tables of 10 units are taken")
	flag.BoolVar(&c.capacity, "capacity", false, "measure retrieval and capacity curves too, which takes longer")
	flag.IntVar(&c.largest, "largest", 2000, "most units of the networks of the -capacity curves, at least 20")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/basins", "directory for pictures")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("basins", func(ctx context.Context, stdout, stderr io.Writer) error {
		return run(ctx, c, stdout)
	})
}

// config is what the flags say.
type config struct {
	sets     int
	capacity bool
	largest  int
	seed     uint64
	out      string
	quiet    bool
}

func (c *config) check() error {
	switch {
	case c.sets < 10:
		return fmt.Errorf("-sets %d: want at least 10", c.sets)
	case c.largest < 20 || c.largest > 16000:
		return fmt.Errorf("-largest %d: want 20 to 16000", c.largest)
	}
	return nil
}
