package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/evaluate"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
)

var lastLine = regexp.MustCompile(`^mean accuracy of 4 tables: majority \d+\.\d%; neighbours (\d+\.\d)%; logistic (\d+\.\d)%; lookup (\d+\.\d)%; lookup, trained (\d+\.\d)%$`)

// small is a run of seconds on tables of three clouds of points each.
func small(t *testing.T) config {
	dir := t.TempDir()
	for _, file := range []string{"wine_data.csv", "breast_cancer.csv", "digits.csv.gz"} { // a name does not make a file packed
		var b strings.Builder
		r := rand.New(rand.NewPCG(1, 1))
		fmt.Fprintln(&b, "60,3,red,white,rosé")
		for i := range 60 {
			fmt.Fprintf(&b, "%.3f,%.3f,7,%d\n", r.NormFloat64()+4*float64(i%3), r.NormFloat64(), i%3)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(b.String()), 0o644))
	}
	return config{data: dir, folds: 3, innerFolds: 2, epochs: 5, seed: 1}
}

func TestRun(t *testing.T) {
	c := small(t)
	var first, second, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first, &stderr))
	require.Empty(t, stderr.String())
	all := programtest.Lines(&first)
	require.Len(t, all, 9)
	require.Regexp(t, `^iris +150 +4 +3  3\d\.\d \(\d\d\.\d–\d\d\.\d\) `, all[3])
	require.Regexp(t, `^digits 8×8 +60 +3 +3  3\d\.\d `, all[6])
	require.Regexp(t, lastLine, all[8])

	c.quiet = true
	require.NoError(t, run(t.Context(), c, &second, &stderr))
	require.Equal(t, all[8:], programtest.Lines(&second), "a seed makes a table")
}

// Iris is in the module cache: nothing else is needed for it.
func TestOnlyIris(t *testing.T) {
	c := config{folds: 5, innerFolds: 3, epochs: 30, seed: 1}
	sets, missing, err := tables(t.Context(), "")
	require.NoError(t, err)
	if missing != nil {
		require.ErrorContains(t, missing, "install python3-sklearn")
		require.Len(t, sets, 1)
	}
	for i, m := range methods {
		right, err := (&task{c, io.Discard}).crossValidate(t.Context(), sets[0], m)
		require.NoError(t, err)
		if i == 0 {
			require.Equal(t, 50, right, "each class has 50 rows")
		} else {
			require.Greater(t, right, 135, m.name)
		}
	}
}

// With a kernel so wide that all rows vote nearly alike, rows as they are stored say little of a class in the middle of another;
// training moves rows, targets and β until they do.
func TestTrainingImprovesTheLookup(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	ring := &dataset.Table{Width: 2, Classes: []string{"around", "inside"}}
	half, rest := make([]int, 200), make([]int, 200)
	for i := range 400 {
		x, y := 2*r.Float64()-1, 2*r.Float64()-1
		ring.Features = append(ring.Features, float32(x), float32(y))
		ring.Labels = append(ring.Labels, 0)
		if x*x+y*y < 0.5 { // 39 % of the square
			ring.Labels[i] = 1
		}
		half[i%200], rest[i%200] = i%200, 200+i%200
	}
	f := newFold(set{ring, "ring", false}, half, rest, 1)
	l, err := newLookup(f.train, 0.05, true, 1)
	require.NoError(t, err)
	accuracy := func() int {
		got, err := classify(t.Context(), l, f.held)
		require.NoError(t, err)
		return evaluate.Correct(got, f.held.Labels)
	}
	before := accuracy()
	require.NoError(t, trainLookup(t.Context(), l, f.train, 60, 1))
	require.Greater(t, accuracy(), before+20)
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, small(t), io.Discard, io.Discard), context.Canceled)
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(c *config)
		want  error
		text  string
	}{
		"no directory": {func(c *config) { c.data = "/nowhere" }, fs.ErrNotExist, "-data: "},
		"a broken table": {func(c *config) {
			require.NoError(t, os.WriteFile(filepath.Join(c.data, "breast_cancer.csv"), []byte("1,2\n1\n"), 0o644))
		}, nil, "line 2: 1 values"},
		"one fold":  {func(c *config) { c.folds = 1 }, nil, "-folds 1: want at least 2"},
		"no epochs": {func(c *config) { c.epochs = 0 }, nil, "-epochs 0: want at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := small(t)
			c.spoil(&spoilt)
			var stdout bytes.Buffer
			err := run(t.Context(), spoilt, &stdout, io.Discard)
			require.ErrorContains(t, err, c.text)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.Empty(t, stdout.String(), "refused before any work")
		})
	}
}
