package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/associative/experiment"
	"github.com/harmonium-go/harmonium/internal/program"
)

// task is the settings and where the words go.
type task struct {
	config
	words io.Writer
}

// The rules of the classical tables keep the diagonal, as linear associators do.
var (
	hebb, hebbKept = associative.Hebb{}, associative.Hebb{KeepDiagonal: true}
	projectionKept = associative.Projection{KeepDiagonal: true}
)

func run(ctx context.Context, c config, stdout io.Writer) error {
	t := &task{config: c, words: stdout}
	if c.quiet {
		t.words = io.Discard
	}
	if err := c.check(); err != nil {
		return err
	}
	if err := program.Writable(c.out); err != nil {
		return err
	}
	last, err := t.tables(ctx)
	if err != nil {
		return err
	}
	if err := t.larger(ctx); err != nil {
		return err
	}
	if c.capacity {
		if err := t.curves(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, last)
	return nil
}

// result is what an experiment gives.
type result interface {
	String() string
	Plot(path string) error
}

// show prints a result and writes its picture.
func show[R result](t *task, name string, measure func() (R, error)) (R, error) {
	started := time.Now()
	r, err := measure()
	if err != nil {
		return r, err
	}
	path := filepath.Join(t.out, name+".png")
	if err := r.Plot(path); err != nil {
		return r, err
	}
	fmt.Fprintf(t.words, "%s\n%s, %s\n\n", r, path, time.Since(started).Round(100*time.Millisecond))
	return r, nil
}

// tables makes the classical tables of 10 units, and the last line.
func (t *task) tables(ctx context.Context) (string, error) {
	basins := func(name string, c experiment.BasinConfig) (*experiment.BasinTable, error) {
		c.Sets, c.Seed = t.sets, t.seed
		return show(t, name, func() (*experiment.BasinTable, error) { return experiment.Basins(ctx, c) })
	}
	kept, err := basins("onestep", experiment.BasinConfig{Rule: hebbKept, Stored: upTo(10)})
	if err != nil {
		return "", err
	}
	if _, err := basins("fivesteps", experiment.BasinConfig{Rule: hebbKept, Stored: upTo(7), Steps: 5}); err != nil {
		return "", err
	}
	if _, err := basins("projection", experiment.BasinConfig{Rule: projectionKept, Stored: upTo(7)}); err != nil {
		return "", err
	}
	cleared, err := basins("cleared", experiment.BasinConfig{Rule: hebb, Stored: upTo(10)})
	if err != nil {
		return "", err
	}
	attraction, err := show(t, "attraction", func() (*experiment.AttractionTable, error) {
		return experiment.Attraction(ctx, experiment.AttractionConfig{
			Rules: []associative.Rule{hebbKept, projectionKept}, Stored: upTo(7), Sets: t.sets, Seed: t.seed,
		})
	})
	if err != nil {
		return "", err
	}
	_, err = show(t, "spurious", func() (*experiment.SpuriousTable, error) {
		return experiment.Spurious(ctx, experiment.SpuriousConfig{
			Rules: []associative.Rule{hebb, hebbKept, associative.Projection{}, projectionKept}, Sets: t.sets, Seed: t.seed,
		})
	})
	const five = 4 // the index of 5 patterns
	return fmt.Sprintf("5 patterns of 10 units, %d sets: %s %% are stable with the diagonal kept, exactly 94.47, and %s without, exactly 46.88; "+
		"index of attraction %.2f in one step, %.2f in five",
		t.sets, percent(kept.Shares[five][0]), percent(cleared.Shares[five][0]), attraction.Once[0][five].Value, attraction.Fed[0][five].Value), err
}

// larger makes what takes more units: basins in two directions, ends of random starts, hidden units, and unstable bits.
func (t *task) larger(ctx context.Context) error {
	_, err := show(t, "twogroups", func() (*experiment.TwoGroupTable, error) {
		return experiment.TwoGroups(ctx, experiment.TwoGroupConfig{Sets: min(t.sets, 50), Seed: t.seed})
	})
	if err != nil {
		return err
	}
	_, err = show(t, "endings", func() (*experiment.EndingTable, error) {
		return experiment.Endings(ctx, experiment.EndingConfig{
			Rules: []associative.Rule{hebb, associative.Projection{}}, Sets: min(t.sets, 100), Seed: t.seed,
		})
	})
	if err != nil {
		return err
	}
	_, err = show(t, "hidden", func() (*experiment.HiddenTable, error) {
		return experiment.HiddenUnits(ctx, experiment.HiddenConfig{Rule: hebb, Sets: min(t.sets, 50), Seed: t.seed})
	})
	if err != nil {
		return err
	}
	_, err = show(t, "bits", func() (*experiment.BitErrorTable, error) {
		return experiment.BitErrors(ctx, experiment.BitErrorConfig{Sets: min(t.sets, 500), Seed: t.seed})
	})
	return err
}

// curves makes the curves of -capacity: where recall breaks down, and how many patterns each rule holds.
func (t *task) curves(ctx context.Context) error {
	sizes := t.sizes()
	_, err := show(t, "retrieval", func() (*experiment.RetrievalTable, error) {
		return experiment.Retrieval(ctx, experiment.RetrievalConfig{
			Rules: []associative.Rule{hebb}, Units: sizes,
			Loads: []float64{0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.2},
			Sets:  min(t.sets, 20), Seed: t.seed,
		})
	})
	if err != nil {
		return err
	}
	_, err = show(t, "rules", func() (*experiment.RetrievalTable, error) {
		return experiment.Retrieval(ctx, experiment.RetrievalConfig{
			Rules: []associative.Rule{
				hebb, associative.Unlearning{Seed: t.seed}, associative.Storkey{}, associative.Projection{}, associative.Perceptron{}, associative.MPF{}, associative.MinOverlap{},
			},
			Units: []int{min(t.largest, 100)}, Loads: []float64{0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9},
			Noise: 0.1, Sets: min(t.sets, 10), Seed: t.seed,
		})
	})
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		experiment.CapacityConfig
	}{
		{"transition", experiment.CapacityConfig{
			Rules: []associative.Rule{hebb}, Units: sizes, Criterion: experiment.Recalled, Scaling: experiment.InverseRoot, Sets: 20,
		}},
		{"errorfree", experiment.CapacityConfig{Rules: []associative.Rule{hebb}, Units: sizes, Sets: 40}},
		{"capacity", experiment.CapacityConfig{
			Rules: []associative.Rule{
				hebb, associative.Unlearning{Seed: t.seed}, associative.Storkey{}, associative.Unrolled{Seed: t.seed}, associative.Projection{},
				associative.Valleys{From: associative.Targets, Seed: t.seed}, associative.Perceptron{}, associative.MPF{},
				associative.Perceptron{PerUnit: true}, associative.MinOverlap{},
			},
			Units: t.within(20, 40, 60), Sets: 20,
		}},
		{"limits", experiment.CapacityConfig{
			Rules: []associative.Rule{
				associative.Unlearning{Seed: t.seed}, associative.Projection{}, associative.Perceptron{}, associative.MPF{},
				associative.Perceptron{PerUnit: true}, associative.MinOverlap{},
			},
			Units: t.within(30, 60, 120), Scaling: experiment.InverseUnits, Sets: 12,
		}},
		{"fromnoise", experiment.CapacityConfig{
			Rules: []associative.Rule{
				hebb, associative.Storkey{}, associative.Projection{}, associative.Unlearning{Seed: t.seed}, associative.MPF{}, associative.MinOverlap{},
			},
			Units: t.within(50, 100, 200), Criterion: experiment.Recalled, Noise: 0.1, Scaling: experiment.InverseRoot, Sets: 12,
		}},
	} {
		c.Seed, c.Sets = t.seed, min(t.sets, c.Sets)
		if _, err := show(t, c.name, func() (*experiment.CapacityTable, error) { return experiment.Capacity(ctx, c.CapacityConfig) }); err != nil {
			return err
		}
	}
	return nil
}

// sizes are the largest, its half and so on: five at most, and none below 10.
func (t *task) sizes() []int {
	var sizes []int
	for n := t.largest; n >= 10 && len(sizes) < 5; n /= 2 {
		sizes = append([]int{n}, sizes...)
	}
	return sizes
}

// within are the sizes up to the largest, or this one.
func (t *task) within(sizes ...int) []int {
	for k, n := range sizes {
		if n > t.largest {
			if k == 0 {
				return []int{t.largest}
			}
			return sizes[:k]
		}
	}
	return sizes
}

// upTo lists 1 to m.
func upTo(m int) []int {
	list := make([]int, m)
	for k := range list {
		list[k] = k + 1
	}
	return list
}

func percent(e experiment.Estimate) string {
	return fmt.Sprintf("%.1f (%.1f to %.1f)", 100*e.Value, 100*e.Low, 100*e.High)
}
