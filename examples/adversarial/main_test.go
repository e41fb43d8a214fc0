package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/program/programtest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// small is a run of seconds on MNIST.
func small(t *testing.T) config {
	return config{memories: 150, epochs: 6, rows: 3000, attacks: 60, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

func TestRun(t *testing.T) {
	c := small(t)
	var stdout, stderr, again bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	all := programtest.Lines(&stdout)
	require.Equal(t, "MNIST: 3000 training and 3000 test images of 28×28 in 10 classes", all[0])
	last := all[len(all)-1]
	require.Regexp(t, `^\d+\.\d% \(\d+ of \d+\) of the images at the boundary of n=2 fool n=20, \d+\.\d% \(\d+ of \d+\) of the images at the boundary of n=20 fool n=2$`, last)
	require.Empty(t, stderr.String(), "no bars where there is no terminal")
	f, err := os.Open(filepath.Join(c.out, "boundaries.png"))
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, 3*(4*28+1)-1, img.Bounds().Dy())
	require.IsType(t, &image.Gray{}, img)

	// the models of that run, loaded, give the same
	c.models, c.quiet, c.out = c.out, true, t.TempDir()
	require.NoError(t, run(t.Context(), c, &again, &stderr))
	require.Equal(t, last+"\n", again.String())
}

// toy is a classifier of degree 2 or 20 and the rows it was trained on.
func toy(t *testing.T, degree int) (*modernhopfield.DenseClassifier, []float32, []int) {
	const rows, inputs, classes = 90, 48, 3
	var labels []int
	x := make([]float32, rows*inputs)
	for i := range rows {
		labels = append(labels, i%classes)
		for j := range inputs {
			x[i*inputs+j] = -0.9
			if j*classes/inputs == i%classes {
				x[i*inputs+j] = 0.2 + 0.1*float32((i*7+j*3)%8)
			}
		}
	}
	net, _, err := modernhopfield.DenseFit{Degree: degree, Memories: 20, Epochs: 20, Batch: 10, Seed: 1}.Fit(
		t.Context(), "toy", tensor.New(tensor.WithShape(rows, inputs), tensor.WithBacking(x)), labels, classes)
	require.NoError(t, err)
	return net, x, labels
}

// An attack fools the classifier it is made for, every time, with what is an image still; the path back is short; noise does not.
func TestAttackFoolsItsOwn(t *testing.T) {
	for _, degree := range degrees {
		net, x, labels := toy(t, degree)
		before, err := margins(net, x, labels)
		require.NoError(t, err)
		o, err := attack(t.Context(), net, x, labels)
		require.NoError(t, err)
		after, err := margins(net, o.images, labels)
		require.NoError(t, err)
		noised, err := margins(net, noise(x, o.distance, 1), labels)
		require.NoError(t, err)
		outputs, err := training.Predict(t.Context(), net, tensor.New(tensor.WithShape(len(labels), 48), tensor.WithBacking(o.images)))
		require.NoError(t, err)
		for i, class := range training.Classes(outputs) {
			require.Greater(t, before[i], 0.0)
			require.True(t, o.crossed[i])
			require.NotEqual(t, labels[i], class)
			require.Less(t, after[i], 0.0)
			require.Greater(t, noised[i], 0.0, "noise of the same length")
			moved := 0.0
			for j := range 48 {
				require.LessOrEqual(t, math.Abs(float64(o.images[i*48+j])), 1.0)
				d := float64(o.images[i*48+j]-x[i*48+j]) / 2
				moved += d * d
			}
			require.InDelta(t, math.Sqrt(moved), o.distance[i], 1e-9)
			require.Greater(t, o.distance[i], 0.0)
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	net, x, labels := toy(t, 2)
	_, err := attack(ctx, net, x, labels)
	require.ErrorIs(t, err, context.Canceled)
	started := time.Now()
	c := small(t)
	c.epochs = 1_000_000
	require.ErrorIs(t, run(ctx, c, io.Discard, io.Discard), context.Canceled)
	require.Less(t, time.Since(started), 10*time.Second)
}

func TestRunRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	linear, err := layers.NewLinear("n2", layers.LinearConfig{In: 784, Out: 10})
	require.NoError(t, err)
	other := t.TempDir()
	require.NoError(t, layers.Save(filepath.Join(other, "n2.safetensors"), linear))
	wrongSize, err := modernhopfield.NewDenseClassifier("n2", modernhopfield.DenseClassifierConfig{Inputs: 10, Classes: 10, Memories: 3})
	require.NoError(t, err)
	ten := t.TempDir()
	require.NoError(t, layers.Save(filepath.Join(ten, "n2.safetensors"), wrongSize))
	for name, c := range map[string]struct {
		spoil func(c *config)
		text  string
	}{
		"no directory of data":      {func(c *config) { c.data = "/nowhere" }, `-data: dataset: Load "/nowhere"`},
		"no models":                 {func(c *config) { c.models = "/nowhere" }, "-models: "},
		"another model":             {func(c *config) { c.models = other }, "want a dense classifier"},
		"a model of other images":   {func(c *config) { c.models = ten }, "n2.safetensors is for 10 pixels and 10 classes"},
		"an output that is a file":  {func(c *config) { c.out = file }, "-out: "},
		"no epochs":                 {func(c *config) { c.epochs = 0 }, "-epochs 0: want at least 1"},
		"no memories":               {func(c *config) { c.memories = 0 }, "-memories 0: want at least 1"},
		"a negative number of rows": {func(c *config) { c.rows = -1 }, "-rows -1: want at least 1, or 0 for all"},
		"no attacks":                {func(c *config) { c.attacks = 0 }, "-attacks 0: want at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := small(t)
			c.spoil(&spoilt)
			require.ErrorContains(t, run(t.Context(), spoilt, io.Discard, io.Discard), c.text)
		})
	}
}
