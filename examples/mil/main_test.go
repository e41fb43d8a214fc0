package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var lastLine = regexp.MustCompile(`^area under the curve in %: Tiger (\d+\.\d) ± \d+\.\d over 2 repeats of 2 folds \(published: 91\.3 ± 0\.5\); ` +
	`Elephant (\d+\.\d) ± \d+\.\d over 2 repeats of 2 folds \(published: 94\.9 ± 0\.3\)$`)

// small is a run of seconds on 36 bags of 1 to 5 instances, which are positive if one instance lies apart.
func small(t *testing.T) config {
	dir := t.TempDir()
	for i, s := range sets {
		var b strings.Builder
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for bag := range 36 {
			n := 1 + r.IntN(5)
			special := r.IntN(n)
			for k := range n {
				x := r.NormFloat64()
				if bag%2 == 1 && k == special {
					x += 5
				}
				fmt.Fprintf(&b, "%d,%d,%.4f,%.4f,0.5\n", bag, bag%2, x, r.NormFloat64())
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, s.file), []byte(b.String()), 0o644))
	}
	return config{data: dir, folds: 2, inner: 2, repeats: 2, epochs: 15, seed: 1}
}

func TestRun(t *testing.T) {
	c := small(t)
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first))
	all := strings.Split(strings.TrimSuffix(first.String(), "\n"), "\n")
	require.Len(t, all, 7)
	require.Regexp(t, `^Tiger: 36 bags, 18 of them positive, of \d\.\d instances with 3 features, 2 of which vary$`, all[0])
	require.Regexp(t, lastLine, all[6])
	for _, area := range lastLine.FindStringSubmatch(all[6])[1:] {
		x, err := strconv.ParseFloat(area, 64)
		require.NoError(t, err)
		require.Greater(t, x, 85.0)
	}

	c.quiet = true
	require.NoError(t, run(t.Context(), c, &second))
	require.Equal(t, all[6]+"\n", second.String(), "a seed makes a number")
}

func TestOneRepeat(t *testing.T) {
	c := small(t)
	c.repeats, c.epochs, c.quiet = 1, 1, true
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout))
	require.Regexp(t, `Tiger \d+\.\d with a standard error of \d+\.\d over 2 folds`, stdout.String())
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, small(t), new(bytes.Buffer)), context.Canceled)
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(c *config)
		want  error
		text  string
	}{
		"no data":      {func(c *config) { c.data = "" }, nil, "-data: want a directory"},
		"no directory": {func(c *config) { c.data = "/nowhere" }, fs.ErrNotExist, "-data: "},
		"a broken file": {func(c *config) {
			require.NoError(t, os.WriteFile(filepath.Join(c.data, "mil_elephant.csv.gz"), []byte("1,2,3\n"), 0o644))
		}, nil, `label "2", want 0 or 1`},
		"one fold":   {func(c *config) { c.folds = 1 }, nil, "-folds 1: want at least 2"},
		"no repeats": {func(c *config) { c.repeats = 0 }, nil, "-repeats 0: want at least 1"},
		"no epochs":  {func(c *config) { c.epochs = 0 }, nil, "-epochs 0: want at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := small(t)
			c.spoil(&spoilt)
			var stdout bytes.Buffer
			err := run(t.Context(), spoilt, &stdout)
			require.ErrorContains(t, err, c.text)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.Empty(t, stdout.String(), "refused before any work")
		})
	}
}
