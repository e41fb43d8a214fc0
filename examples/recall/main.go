// Command recall stores digits of MNIST in a classical Hopfield net and in a modern one, shows both the digits with noise and with
// the lower half missing, and ends with how many each recalls exactly. It writes pictures.
//
//	go run ./examples/recall
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
	stored := flag.String("stored", "1,10,100,1000,10000", "numbers of stored digits, ascending")
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.tried, "tried", 100, "how many of the stored digits are recalled, at most")
	flag.Float64Var(&c.flip, "flip", 0.25, "probability with which noise flips a pixel")
	flag.Float64Var(&c.beta, "beta", 1, "β of the modern network")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/recall", "directory for pictures")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("recall", func(ctx context.Context, stdout, stderr io.Writer) error {
		if err := c.parseStored(*stored); err != nil {
			return err
		}
		return run(ctx, c, stdout)
	})
}

// config is what the flags say.
type config struct {
	data       string
	stored     []int
	tried      int
	flip, beta float64
	seed       uint64
	out        string
	quiet      bool
}

func (c *config) parseStored(s string) error {
	for _, part := range strings.Split(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || len(c.stored) > 0 && n <= c.stored[len(c.stored)-1] {
			return fmt.Errorf("-stored %q: want ascending numbers joined by commas, like 10,100,1000", s)
		}
		c.stored = append(c.stored, n)
	}
	return nil
}

func (c *config) check() error {
	switch {
	case c.tried < 1:
		return fmt.Errorf("-tried %d: want at least 1", c.tried)
	case !(c.flip >= 0 && c.flip <= 1):
		return fmt.Errorf("-flip %g: want a probability", c.flip)
	case !(c.beta > 0):
		return fmt.Errorf("-beta %g: want a number above 0", c.beta)
	}
	return nil
}
