package main

import (
	"bytes"
	"context"
	"image"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/dataset/datasettest"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
)

var lastLine = regexp.MustCompile(`^\d+ digits stored, of \d+ recalled exactly: with noise \d+ classical, \d+ modern; from the upper half \d+ classical, \d+ modern$`)

// blots is pictures whose pixels are black or white at random, in greys.
func blots(t *testing.T) string {
	return datasettest.Pictures{
		Width: 12, Height: 9, Train: 60, Test: 10,
		Label: func(_ *rand.Rand, i int) int { return i % 3 },
		Grey:  func(r *rand.Rand, _, _, _ int) int { return r.IntN(2)*200 + r.IntN(56) },
	}.Write(t)
}

func small(t *testing.T) config {
	return config{data: blots(t), stored: []int{3, 60}, tried: 50, flip: 0.1, beta: 1, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

// Random pictures are what the classical net is made for: it recalls a few of them, and none when they are many; the modern one
// recalls them all.
func TestRunOnOtherPictures(t *testing.T) {
	c := small(t)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout))
	all := programtest.Lines(&stdout)
	require.Equal(t, filepath.Base(c.data)+": 60 training images of 12×9, black and white", all[0])
	require.Regexp(t, `^ +3  noise +3 of   3,    0.0 wrong .* 3 of   3,    0.0 wrong`, all[3])
	require.Regexp(t, `^ +3  the upper half +3 of   3,    0.0 wrong .* 3 of   3,    0.0 wrong`, all[4])
	require.Equal(t, "60 digits stored, of 50 recalled exactly: with noise 0 classical, 50 modern; from the upper half 0 classical, 50 modern", all[len(all)-1])
	require.Equal(t, image.Pt(3*25-1, 7*19-1), programtest.Size(t, filepath.Join(c.out, "recall-3.png")))
	require.Equal(t, image.Pt(20*25-1, 7*19-1), programtest.Size(t, filepath.Join(c.out, "recall-60.png")))
}

func TestRunOnDigits(t *testing.T) {
	var stdout bytes.Buffer
	c := config{stored: []int{1, 20}, tried: 10, flip: 0.25, beta: 1, seed: 1, out: t.TempDir(), quiet: true}
	require.NoError(t, run(t.Context(), c, &stdout))
	require.Equal(t, "20 digits stored, of 10 recalled exactly: with noise 0 classical, 10 modern; from the upper half 0 classical, 10 modern\n", stdout.String())
	require.Equal(t, image.Pt(10*57-1, 7*57-1), programtest.Size(t, filepath.Join(c.out, "recall-20.png")))
}

func TestQuietPrintsTheLastLineAlone(t *testing.T) {
	c := small(t)
	c.quiet, c.flip = true, 0.35
	var first, again, other bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first))
	require.Len(t, programtest.Lines(&first), 1)
	require.Regexp(t, lastLine, programtest.Lines(&first)[0])
	require.NoError(t, run(t.Context(), c, &again))
	require.Equal(t, first.String(), again.String(), "a seed makes a result")
	c.flip = 0.5 // of which nothing can be recalled
	require.NoError(t, run(t.Context(), c, &other))
	require.Contains(t, other.String(), "with noise 0 classical, ")
	require.NotEqual(t, first.String(), other.String())
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, small(t), io.Discard), context.Canceled)
}

func TestParseStored(t *testing.T) {
	var c config
	require.NoError(t, c.parseStored("1, 20,300"))
	require.Equal(t, []int{1, 20, 300}, c.stored)
	for _, bad := range []string{"", ",", "10,", "10 20", "0", "-1", "1e3", "10,10", "20,10", "many"} {
		require.EqualError(t, new(config).parseStored(bad), `-stored "`+bad+`": want ascending numbers joined by commas, like 10,100,1000`)
	}
}

func TestRunRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for name, c := range map[string]struct {
		spoil func(c *config)
		want  error
		text  string
	}{
		"no directory of data":       {func(c *config) { c.data = "/nowhere" }, fs.ErrNotExist, `-data: dataset: Load "/nowhere"`},
		"more digits than there are": {func(c *config) { c.stored = []int{61} }, nil, "-stored 61: there are 60 training images"},
		"an output that is a file":   {func(c *config) { c.out = file }, nil, "-out: "},
		"none tried":                 {func(c *config) { c.tried = 0 }, nil, "-tried 0: want at least 1"},
		"no probability":             {func(c *config) { c.flip = 1.5 }, nil, "-flip 1.5: want a probability"},
		"no β":                       {func(c *config) { c.beta = 0 }, nil, "-beta 0: want a number above 0"},
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
