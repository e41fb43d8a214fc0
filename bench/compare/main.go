// Command compare sets the library's speed against NumPy, scikit-learn and PyTorch, in one run:
//
//	go run ./bench/compare [-rounds 15] [-rows regexp] [-level avx2] [-python /usr/bin/python3] [-peers numpy,sklearn,torch] [-markdown]
//	go run ./bench/compare -sweep
//
// Every implementation is a process of its own: ours, and each library with one and with two threads. They do the same
// rows of package bench from the same inputs, and first of all it is checked that their results agree. Then, round by round,
// they are measured in turns; who is not measured is stopped. A ratio is the median over the rounds of our time over that of
// the peer whose own median is best.
//
// The lines "ratio NAME VALUE" at the end are for programs. With -sweep it shows instead how our time grows with size.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"

	"github.com/harmonium-go/harmonium/bench"
)

// libraries are the peers that there are.
var libraries = []string{"numpy", "sklearn", "torch"}

type config struct {
	rounds   int
	rows     string
	level    string
	python   string
	peers    string
	markdown bool
	sweep    bool
	serve    bool
}

func main() {
	var c config
	flag.IntVar(&c.rounds, "rounds", 15, "how often each row is measured")
	flag.StringVar(&c.rows, "rows", "", "measure only rows whose name matches this regular expression")
	flag.StringVar(&c.level, "level", "", "avx2 holds everybody to AVX2; empty for the best that everybody has")
	flag.StringVar(&c.python, "python", "/usr/bin/python3", "Python interpreter of the peers")
	flag.StringVar(&c.peers, "peers", strings.Join(libraries, ","), "libraries to compare with")
	flag.BoolVar(&c.markdown, "markdown", false, "also print the table for bench/README.md")
	flag.BoolVar(&c.sweep, "sweep", false, "show how the time grows with size, without peers")
	flag.BoolVar(&c.serve, "serve", false, "answer requests on the standard input: for the program's own use")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := c.run(ctx, os.Stdout, os.Stderr)
	if err != nil && ctx.Err() != nil { // the players were ended, and whatever was asked of one failed
		err = errors.New("compare: interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c config) run(ctx context.Context, stdout, stderr io.Writer) error {
	switch {
	case c.serve:
		return serve(os.Stdin, stdout)
	case c.sweep && (c.rows != "" || c.level != "" || c.markdown):
		return errors.New("compare: -rows, -level and -markdown cannot take effect with -sweep")
	case c.sweep:
		return sweep(ctx, stdout)
	}
	rows, err := c.selected()
	if err != nil {
		return err
	}
	dir, err := unpack()
	defer os.RemoveAll(dir)
	if err != nil {
		return err
	}
	y := python{c.python, dir}
	with := avx2Only
	if c.level == "" {
		if with, err = bestSettings(ctx, stderr, y); err != nil {
			return err
		}
	}
	players, err := c.start(ctx, y, with)
	defer func() {
		for _, p := range players {
			p.end()
		}
	}()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "peers run with %s\n", strings.Join(with.peers, ", "))
	for _, p := range players {
		fmt.Fprintf(stdout, "%v: %s\n", p, p.About)
	}
	all, err := prepare(stderr, rows, players)
	if err != nil {
		return err
	}
	if err := run(ctx, stderr, all, c.rounds); err != nil {
		return err
	}
	peak := peakOf(all)
	fmt.Fprintf(stdout, "peak: %.0f GFLOP/s, the fastest float32 product of anybody in any round\n\n", peak/1e9)
	reached := ratios(all, peak, c.level != "")
	printMedians(stdout, all)
	fmt.Fprintln(stdout)
	if c.markdown {
		printMarkdown(stdout, reached)
		fmt.Fprintln(stdout)
	}
	printRatios(stdout, reached)
	return nil
}

// selected checks the flags and returns the rows that are asked for.
func (c config) selected() ([]bench.Row, error) {
	if c.rounds < 1 {
		return nil, fmt.Errorf("compare: -rounds is %d, want at least 1", c.rounds)
	}
	if c.level != "" && c.level != "avx2" {
		return nil, fmt.Errorf("compare: -level is %q, want avx2 or nothing", c.level)
	}
	wanted, err := regexp.Compile(c.rows)
	if err != nil {
		return nil, fmt.Errorf("compare: -rows: %w", err)
	}
	for library := range strings.SplitSeq(c.peers, ",") {
		if !slices.Contains(libraries, library) {
			return nil, fmt.Errorf("compare: -peers names %q, want some of %s", library, strings.Join(libraries, ","))
		}
	}
	var rows []bench.Row
	for _, r := range bench.Rows() {
		if wanted.MatchString(r.Name) {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("compare: -rows %q matches no row", c.rows)
	}
	return rows, nil
}

// start starts ours, and every library with one and with two threads. It returns those that started, also with an error.
func (c config) start(ctx context.Context, y python, with settings) ([]*player, error) {
	we, err := startOurs(ctx, with.ours...)
	if err != nil {
		return nil, err
	}
	players := []*player{we}
	for library := range strings.SplitSeq(c.peers, ",") {
		for threads := 1; threads <= 2; threads++ {
			p, err := y.start(ctx, library, threads, with.peers...)
			if err != nil {
				return players, err
			}
			players = append(players, p)
		}
	}
	return players, nil
}
