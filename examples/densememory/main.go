// Command densememory trains dense associative memories of several degrees to classify the MNIST digits, writes their memories as
// pictures, and ends with their test errors beside those of the paper.
//
//	go run ./examples/densememory
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
	degrees := flag.String("degrees", "2,3,20", "degrees n of the interaction max(x, 0)ⁿ")
	flag.StringVar(&c.data, "data", "", "directory with the four idx files (default: MNIST, from the Go module cache)")
	flag.IntVar(&c.memories, "memories", 2000, "memories of each classifier")
	flag.IntVar(&c.epochs, "epochs", 30, "epochs of training each")
	flag.IntVar(&c.rows, "rows", 0, "use only the first so many training and test digits (0: all)")
	flag.Uint64Var(&c.seed, "seed", 1, "seed of everything random")
	flag.StringVar(&c.out, "out", "out/densememory", "directory for pictures and models")
	flag.BoolVar(&c.quiet, "quiet", false, "print only the last line")
	program.Main("densememory", func(ctx context.Context, stdout, stderr io.Writer) error {
		if err := c.parseDegrees(*degrees); err != nil {
			return err
		}
		return run(ctx, c, stdout, stderr)
	})
}

// config is what the flags say.
type config struct {
	data                   string
	degrees                []int
	memories, epochs, rows int
	seed                   uint64
	out                    string
	quiet                  bool
}

func (c *config) parseDegrees(s string) error {
	for _, part := range strings.Split(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 2 || n > 30 {
			return fmt.Errorf("-degrees %q: want numbers from 2 to 30 joined by commas, like 2,3,20", s)
		}
		c.degrees = append(c.degrees, n)
	}
	return nil
}

func (c *config) check() error {
	switch {
	case c.memories < 1:
		return fmt.Errorf("-memories %d: want at least 1", c.memories)
	case c.epochs < 1:
		return fmt.Errorf("-epochs %d: want at least 1", c.epochs)
	case c.rows < 0:
		return fmt.Errorf("-rows %d: want at least 1, or 0 for all", c.rows)
	}
	return nil
}
