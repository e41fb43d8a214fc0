package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/evaluate"
)

// task is where the words go.
type task struct {
	config
	words io.Writer
}

// sets are the files with the areas under the curve, in percent, that are published for them: Ramsauer et al., ICLR 2021, table 2.
var sets = []struct{ name, file, published string }{
	{"Tiger", "mil_tiger.csv.gz", "91.3 ± 0.5"},
	{"Elephant", "mil_elephant.csv.gz", "94.9 ± 0.3"},
}

func run(ctx context.Context, c config, stdout io.Writer) error {
	t := &task{config: c, words: stdout}
	if c.quiet {
		t.words = io.Discard
	}
	if err := c.check(); err != nil {
		return err
	}
	var all []*dataset.Bags
	for _, s := range sets { // told now and not after minutes of training
		bags, err := dataset.ReadBags(filepath.Join(c.data, s.file))
		if err != nil {
			return fmt.Errorf("-data: %w", err)
		}
		all = append(all, bags)
	}
	var said []string
	for i, s := range sets {
		line, err := t.measure(ctx, s.name, all[i])
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		said = append(said, fmt.Sprintf("%s %s (published: %s)", s.name, line, s.published))
	}
	fmt.Fprintf(stdout, "area under the curve in %%: %s\n", strings.Join(said, "; "))
	return nil
}

// measure returns the mean of the areas under the curve of all folds of all repeats, and the deviation of the means of the repeats
// or, where there is one repeat, the standard error that the folds tell.
func (t *task) measure(ctx context.Context, name string, bags *dataset.Bags) (string, error) {
	positive := 0
	for _, label := range bags.Labels {
		positive += label
	}
	fmt.Fprintf(t.words, "%s: %d bags, %d of them positive, of %.1f instances with %d features, %d of which vary\n", name, bags.Len(), positive, bags.MeanLength(),
		bags.Width, dataset.NewScaling(bags.Instances, bags.Width).Varying())
	var means, areas []float64
	for repeat := range t.repeats {
		started := time.Now()
		seed := t.seed + uint64(1000*repeat)
		folds, err := evaluate.Folds(bags.Labels, t.folds, seed)
		if err != nil {
			return "", err
		}
		chosen := map[settings]int{}
		var its []float64
		for i, fold := range folds {
			train, held := bags.Select(evaluate.Others(folds, i)), bags.Select(fold)
			s, err := t.choose(ctx, train, seed+uint64(i))
			if err != nil {
				return "", err
			}
			chosen[s]++
			scores, err := t.fit(ctx, train, held, s, seed+uint64(i))
			if err != nil {
				return "", err
			}
			its = append(its, 100*evaluate.AUC(scores, held.Labels))
		}
		mean, deviation := evaluate.MeanDeviation(its)
		means, areas = append(means, mean), append(areas, its...)
		most := candidates[0]
		for _, s := range candidates {
			if chosen[s] > chosen[most] {
				most = s
			}
		}
		fmt.Fprintf(t.words, "  repeat %d: %.1f, deviation of the folds %.1f; most often chosen: %v; %s\n", repeat+1, mean, deviation, most, time.Since(started).Round(time.Second))
	}
	mean, deviation := evaluate.MeanDeviation(areas)
	if t.repeats == 1 {
		return fmt.Sprintf("%.1f with a standard error of %.1f over %d folds", mean, deviation/math.Sqrt(float64(len(areas))), len(areas)), nil
	}
	_, between := evaluate.MeanDeviation(means)
	return fmt.Sprintf("%.1f ± %.1f over %d repeats of %d folds", mean, between, t.repeats, t.folds), nil
}
