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

var lastLine = regexp.MustCompile(`^\d+ digits stored, recalled exactly from noise and from the upper half: Hebb \d+ and \d+ \(annealed \d+ and \d+\); Storkey .*; projection .*; perceptron .*; minimal overlap `)

// blots is pictures whose pixels are black or white at random, in greys.
func blots(t *testing.T) string {
	return datasettest.Pictures{
		Width: 12, Height: 9, Train: 30, Test: 10,
		Label: func(_ *rand.Rand, i int) int { return i % 3 },
		Grey:  func(r *rand.Rand, _, _, _ int) int { return r.IntN(2)*200 + r.IntN(56) },
	}.Write(t)
}

func small(t *testing.T) config {
	return config{data: blots(t), stored: 4, flip: 0.1, starts: 20, from: 0.5, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

// Four random pictures are few enough for every rule, and random states end in parasitic ones as well.
func TestRunOnRandomPictures(t *testing.T) {
	c := small(t)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout))
	all := programtest.Lines(&stdout)
	require.Equal(t, filepath.Base(c.data)+": 4 training images of 12×9, black and white", all[0])
	require.Regexp(t, `^Hebb: learned in .*; 4 of 4 digits are stable$`, all[2])
	require.Regexp(t, `^  digits with noise   falling       4 of 4 +0\.0   1\.000$`, all[4])
	require.Regexp(t, `^  20 random states    falling     \d+ end in digits, \d+ in negatives, \d+ in \d+ parasitic states; depth 0\.\d+$`, all[10])
	require.Regexp(t, lastLine, all[len(all)-1])
	for _, rule := range []string{"Hebb", "Storkey", "projection", "perceptron", "minimal-overlap"} {
		require.Equal(t, image.Pt(4*25-1, 7*19-1), programtest.Size(t, filepath.Join(c.out, "recall-"+rule+".png")))
		require.Equal(t, image.Pt(1152, 720), programtest.Size(t, filepath.Join(c.out, "energy-"+rule+".png")))
	}
	require.Equal(t, 18, programtest.Size(t, filepath.Join(c.out, "parasitic-Hebb.png")).Y%19, "whole tiles")
}

func TestQuietPrintsTheLastLineAlone(t *testing.T) {
	c := small(t)
	c.quiet, c.flip = true, 0.35
	var first, again, other bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first))
	require.Len(t, programtest.Lines(&first), 1)
	require.NoError(t, run(t.Context(), c, &again))
	require.Equal(t, first.String(), again.String(), "a seed makes a result")
	c.flip = 0.5 // of which nothing can be recalled
	require.NoError(t, run(t.Context(), c, &other))
	require.NotEqual(t, first.String(), other.String())
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, small(t), io.Discard), context.Canceled)
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
		"more digits than there are": {func(c *config) { c.stored = 31 }, nil, "-stored 31: there are 30 training images"},
		"an output that is a file":   {func(c *config) { c.out = file }, nil, "-out: "},
		"none stored":                {func(c *config) { c.stored = 0 }, nil, "-stored 0: want at least 1"},
		"no probability":             {func(c *config) { c.flip = 1.5 }, nil, "-flip 1.5: want a probability"},
		"no starts":                  {func(c *config) { c.starts = 0 }, nil, "-starts 0: want at least 1"},
		"cold":                       {func(c *config) { c.from = 0.05 }, nil, "-from 0.05: want a temperature above 0.05"},
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
