package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/harmonium-go/harmonium/internal/evaluate"
)

// task is where the words go.
type task struct {
	config
	words io.Writer
}

func run(ctx context.Context, c config, stdout, stderr io.Writer) error {
	t := &task{config: c, words: stdout}
	if c.quiet {
		t.words = io.Discard
	}
	if err := c.check(); err != nil {
		return err
	}
	sets, missing, err := tables(ctx, c.data)
	if err != nil {
		return err
	}
	if missing != nil {
		fmt.Fprintf(stderr, "tabular: %v\n", missing)
	}
	fmt.Fprintf(t.words, "accuracy in %% over %d folds, with a 95%% interval; settings are chosen in %d folds of the training rows\n\n", c.folds, c.innerFolds)
	fmt.Fprintf(t.words, "%-14s %5s %8s %8s", "table", "rows", "columns", "classes")
	for _, m := range methods {
		fmt.Fprintf(t.words, "  %-18s", m.name)
	}
	fmt.Fprintln(t.words)
	mean := make([]float64, len(methods))
	for _, s := range sets {
		fmt.Fprintf(t.words, "%s%5d %8d %8d", padded(s.name, 15), s.Len(), s.Width, len(s.Classes))
		started := time.Now()
		for i, m := range methods {
			right, err := t.crossValidate(ctx, s, m)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", s.name, m.name, err)
			}
			low, high := evaluate.Wilson(right, s.Len())
			share := 100 * float64(right) / float64(s.Len())
			mean[i] += share / float64(len(sets))
			fmt.Fprintf(t.words, "  %-18s", fmt.Sprintf("%.1f (%.1f–%.1f)", share, 100*low, 100*high))
		}
		fmt.Fprintf(t.words, "  %s\n", time.Since(started).Round(100*time.Millisecond))
	}
	fmt.Fprintln(t.words)
	var said []string
	for i, m := range methods {
		said = append(said, fmt.Sprintf("%s %.1f%%", m.name, mean[i]))
	}
	fmt.Fprintf(stdout, "mean accuracy of %d tables: %s\n", len(sets), strings.Join(said, "; "))
	return nil
}

// padded is text with spaces to n characters, of which a × is one.
func padded(text string, n int) string {
	return text + strings.Repeat(" ", max(0, n-len([]rune(text))))
}

// crossValidate counts the rows that a method classifies rightly when each fold is held out once.
func (t *task) crossValidate(ctx context.Context, s set, m method) (right int, err error) {
	folds, err := evaluate.Folds(s.Labels, t.folds, t.seed)
	if err != nil {
		return 0, err
	}
	for i, held := range folds {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		f := newFold(s, evaluate.Others(folds, i), held, t.seed+uint64(i))
		got, err := m.classify(ctx, t, f)
		if err != nil {
			return 0, err
		}
		right += evaluate.Correct(got, f.held.Labels)
	}
	return right, nil
}
