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

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
	"github.com/harmonium-go/harmonium/layers"
)

// small is a run of seconds on MNIST.
func small(t *testing.T) config {
	return config{rows: 1000, hidden: 20, epochs: 2, rate: 5e-3, holes: 30, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

func TestRun(t *testing.T) {
	c := small(t)
	var stdout, stderr, again bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	all := programtest.Lines(&stdout)
	require.Equal(t, "MNIST: 1000 training and 1000 test digits, of 14×14 pixels in black and white", all[0])
	last := all[len(all)-1]
	require.Regexp(t, `^\d+\.\d\d% of 1000 digits misclassified by the Boltzmann machine, \d+\.\d\d% by the RBM; \d+\.\d% and \d+\.\d% of the pixels of 30 lower halves wrong$`, last)
	require.Empty(t, stderr.String(), "no bars where there is no terminal")
	require.Equal(t, image.Pt(20*(3*14+1)-1, 3*(3*14+1)-1), programtest.Size(t, filepath.Join(c.out, "completed.png")))
	for _, name := range []string{"boltzmann", "rbm"} {
		_, err := layers.Load(filepath.Join(c.out, name+".safetensors"))
		require.NoError(t, err)
	}
	c.quiet, c.out = true, t.TempDir()
	require.NoError(t, run(t.Context(), c, &again, &stderr))
	require.Equal(t, last+"\n", again.String())
}

// A pixel stands for four of the picture: white where more than half of their grey is; what is odd at the border is left out.
func TestHalved(t *testing.T) {
	d := halved(&dataset.Images{N: 2, Rows: 3, Cols: 4, Pixels: []float32{
		1, 1, 0, 0.5,
		1, 0, 0.5, 1,
		9, 9, 9, 9,
		0, 0, 1, 1,
		0, 0, 1, 0.1,
		9, 9, 9, 9,
	}}, []int{1, 0})
	require.Equal(t, []float32{1, 0, 0, 1}, d.pixels)
	require.Equal(t, []float32{1, 0, 0, 1, 0, 1, 1, 0}, d.rows(2).Float32s())
	require.Equal(t, []int{2, 2}, []int(d.features().Shape()))
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := small(t)
	c.epochs = 1_000_000
	require.ErrorIs(t, run(ctx, c, io.Discard, io.Discard), context.Canceled)
}

func TestRunRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for name, c := range map[string]struct {
		spoil func(c *config)
		text  string
	}{
		"no directory of data":      {func(c *config) { c.data = "/nowhere" }, `-data: dataset: Load "/nowhere"`},
		"an output that is a file":  {func(c *config) { c.out = file }, "-out: "},
		"no epochs":                 {func(c *config) { c.epochs = 0 }, "-epochs 0: want at least 1"},
		"no hidden units":           {func(c *config) { c.hidden = 0 }, "-hidden 0: want at least 1"},
		"a negative number of rows": {func(c *config) { c.rows = -1 }, "-rows -1: want at least 1, or 0 for all"},
		"a rate of 0":               {func(c *config) { c.rate = 0 }, "-rate 0: want more than 0 and at most 1"},
		"no holes":                  {func(c *config) { c.holes = 0 }, "-holes 0: want at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := small(t)
			c.spoil(&spoilt)
			require.ErrorContains(t, run(t.Context(), spoilt, io.Discard, io.Discard), c.text)
		})
	}
}
