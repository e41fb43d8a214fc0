package main

import (
	"bytes"
	"context"
	"image"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/program/programtest"
)

const lastLine = `^5 patterns of 10 units, \d+ sets: \d+\.\d \(\d+\.\d to \d+\.\d\) % are stable with the diagonal kept, exactly 94\.47, and \d+\.\d \(\d+\.\d to \d+\.\d\) without, exactly 46\.88; index of attraction \d\.\d\d in one step, \d\.\d\d in five$`

func small(t *testing.T) config {
	return config{sets: 10, largest: 30, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

func TestRun(t *testing.T) {
	c := small(t)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout))
	all := programtest.Lines(&stdout)
	require.Equal(t, "Hebb + diagonal, 10 units: % of vectors that are the stored pattern in one step (10 sets, all vectors, ties Keep)", all[0])
	require.Equal(t, " H\\m      1      2      3      4      5      6      7      8      9     10", all[1])
	require.Contains(t, stdout.String(), "Hebb + diagonal, 10 units: % of vectors that are the stored pattern after 5 steps")
	require.Contains(t, stdout.String(), "projection + diagonal, 10 units: % of vectors that are the stored pattern in one step")
	require.Regexp(t, lastLine, all[len(all)-1])
	for _, name := range []string{"onestep", "fivesteps", "projection", "cleared", "attraction", "spurious", "endings", "hidden", "bits"} {
		require.Equal(t, image.Pt(1248, 720), programtest.Size(t, filepath.Join(c.out, name+".png")), name)
	}
	require.Equal(t, image.Pt(1421, 826), programtest.Size(t, filepath.Join(c.out, "twogroups.png")))
	entries, err := os.ReadDir(c.out)
	require.NoError(t, err)
	require.Len(t, entries, 10)
}

// All curves take minutes; the first is enough to see that they are made, and that a run of them can be ended.
func TestRunWithCapacity(t *testing.T) {
	c := small(t)
	c.capacity = true
	ctx, cancel := context.WithCancel(t.Context())
	stdout := programtest.Canceller{Word: "retrieval.png", Cancel: cancel}
	require.ErrorIs(t, run(ctx, c, &stdout), context.Canceled)
	require.Equal(t, image.Pt(1248, 720), programtest.Size(t, filepath.Join(c.out, "retrieval.png")))
}

func TestQuietPrintsTheLastLineAlone(t *testing.T) {
	c := small(t)
	c.quiet = true
	var first, again, other bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first))
	require.Len(t, programtest.Lines(&first), 1)
	require.Regexp(t, lastLine, programtest.Lines(&first)[0])
	require.NoError(t, run(t.Context(), c, &again))
	require.Equal(t, first.String(), again.String(), "a seed makes a result")
	c.seed = 2
	require.NoError(t, run(t.Context(), c, &other))
	require.NotEqual(t, first.String(), other.String())
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, small(t), io.Discard), context.Canceled)
	ctx, cancel = context.WithCancel(t.Context())
	stdout := programtest.Canceller{Word: "fivesteps.png", Cancel: cancel}
	require.ErrorIs(t, run(ctx, small(t), &stdout), context.Canceled)
}

func TestRunRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for name, c := range map[string]struct {
		spoil func(c *config)
		text  string
	}{
		"an output that is a file": {func(c *config) { c.out = file }, "-out: "},
		"few sets":                 {func(c *config) { c.sets = 9 }, "-sets 9: want at least 10"},
		"small networks":           {func(c *config) { c.largest = 19 }, "-largest 19: want 20 to 16000"},
		"large networks":           {func(c *config) { c.largest = 16001 }, "-largest 16001: want 20 to 16000"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := small(t)
			c.spoil(&spoilt)
			var stdout bytes.Buffer
			require.ErrorContains(t, run(t.Context(), spoilt, &stdout), c.text)
			require.Empty(t, stdout.String(), "refused before any work")
		})
	}
}
