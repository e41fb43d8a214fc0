package main

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/datasettest"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
)

var (
	lastLine    = regexp.MustCompile(`^test error \d+\.\d\d% \(\d+ of \d+\)$`)
	compareLine = regexp.MustCompile(`^ *\d+ labels: \d+\.\d\d% pretrained, \d+\.\d\d% from random weights$`)
)

// small is a run of seconds on those pictures.
func small(t *testing.T) config {
	return config{
		data: datasettest.Garments(12, 9).Write(t), layers: []int{30, 20}, pretrainEpochs: 2, fineTuneEpochs: 20, seed: 1, out: filepath.Join(t.TempDir(), "a", "b"),
	}
}

// picture reads a PNG of columns×lines tiles of width×height pixels at scale 2 and sees that it has the size and that the tiles,
// the lines between them left out, are not blank.
func picture(t *testing.T, path string, columns, lines, width, height int) {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, image.Pt(columns*(2*width+1)-1, lines*(2*height+1)-1), img.Bounds().Size(), path)
	var n, sum, squares float64
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if x%(2*width+1) == 2*width || y%(2*height+1) == 2*height {
				continue
			}
			v := float64(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
			n, sum, squares = n+1, sum+v, squares+v*v
		}
	}
	require.Greater(t, squares/n-sum/n*sum/n, 20.0, "variance of the grey levels of %s", path)
}

func TestRunOnDigits(t *testing.T) {
	var stdout, stderr bytes.Buffer
	c := config{layers: []int{40, 60}, pretrainEpochs: 1, fineTuneEpochs: 8, rows: 300, seed: 1, out: t.TempDir()}
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	all := programtest.Lines(&stdout)
	require.Equal(t, "MNIST: 300 training and 300 test images of 28×28 in 10 classes, grey values as they are", all[0])
	require.Regexp(t, lastLine, all[len(all)-1])
	require.Contains(t, all[len(all)-1], "of 300)")
	require.Empty(t, stderr.String(), "no bars where there is no terminal")

	picture(t, filepath.Join(c.out, "filters.png"), 20, 2, 28, 28)
	picture(t, filepath.Join(c.out, "reconstructions.png"), 20, 8, 28, 28)
	picture(t, filepath.Join(c.out, "generated.png"), 20, 5, 28, 28)
	for _, name := range []string{"pretrained.safetensors", "dbn.safetensors"} {
		_, err := dbn.Load(filepath.Join(c.out, name))
		require.NoError(t, err)
	}
}

// Files of the user's own, of another size: the last line is the error of the model that was saved.
func TestRunOnOtherPictures(t *testing.T) {
	c := small(t)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, io.Discard))
	all := programtest.Lines(&stdout)
	require.Equal(t, filepath.Base(c.data)+": 240 training and 60 test images of 12×9 in 3 classes, grey values as they are", all[0])
	require.Equal(t, "test error 0.00% (0 of 60)", all[len(all)-1])
	picture(t, filepath.Join(c.out, "filters.png"), 20, 2, 12, 9)
	picture(t, filepath.Join(c.out, "reconstructions.png"), 20, 6, 12, 9)
	picture(t, filepath.Join(c.out, "generated.png"), 20, 3, 12, 9)

	net, err := dbn.Load(filepath.Join(c.out, "dbn.safetensors"))
	require.NoError(t, err)
	d, err := dataset.Load(c.data)
	require.NoError(t, err)
	got, err := net.Classify(d.Test.Tensor())
	require.NoError(t, err)
	require.Equal(t, d.TestLabels, got)

	untuned, err := dbn.Load(filepath.Join(c.out, "pretrained.safetensors"))
	require.NoError(t, err)
	require.Zero(t, untuned.Classes())
}

func TestQuietPrintsTheLastLineAlone(t *testing.T) {
	c := small(t)
	c.quiet, c.fineTuneEpochs = true, 2
	var first, second, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first, &stderr))
	require.Len(t, programtest.Lines(&first), 1)
	require.Regexp(t, lastLine, programtest.Lines(&first)[0])
	require.Empty(t, stderr.String())

	model, err := os.ReadFile(filepath.Join(c.out, "dbn.safetensors"))
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), c, &second, &stderr))
	require.Equal(t, first.String(), second.String())
	again, err := os.ReadFile(filepath.Join(c.out, "dbn.safetensors"))
	require.NoError(t, err)
	require.Equal(t, model, again, "a seed makes a model")

	c.seed = 2
	require.NoError(t, run(t.Context(), c, &second, &stderr))
	again, err = os.ReadFile(filepath.Join(c.out, "dbn.safetensors"))
	require.NoError(t, err)
	require.NotEqual(t, model, again)
}

func TestCompare(t *testing.T) {
	c := small(t)
	c.quiet, c.compare = true, true
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, io.Discard))
	require.Len(t, programtest.Lines(&stdout), 2, "there are no 1,000 labels, so all of them are compared, once")
	require.Regexp(t, compareLine, programtest.Lines(&stdout)[0])
	require.Contains(t, programtest.Lines(&stdout)[0], "240 labels")
	require.Regexp(t, lastLine, programtest.Lines(&stdout)[1])
	require.NotEqual(t, "test error 100.00% (60 of 60)", programtest.Lines(&stdout)[1])
}

func TestCompareOnMoreThanFewLabels(t *testing.T) {
	if testing.Short() {
		t.Skip("reads MNIST")
	}
	var stdout bytes.Buffer
	c := config{layers: []int{20}, pretrainEpochs: 1, fineTuneEpochs: 1, rows: fewLabels + 100, seed: 1, out: t.TempDir(), quiet: true, compare: true}
	require.NoError(t, run(t.Context(), c, &stdout, io.Discard))
	require.Len(t, programtest.Lines(&stdout), 3)
	require.Regexp(t, compareLine, programtest.Lines(&stdout)[0])
	require.Regexp(t, compareLine, programtest.Lines(&stdout)[1])
	require.Contains(t, programtest.Lines(&stdout)[0], "1100 labels")
	require.Contains(t, programtest.Lines(&stdout)[1], "1000 labels")
	require.Regexp(t, lastLine, programtest.Lines(&stdout)[2])
	share := strings.Fields(programtest.Lines(&stdout)[2])[2] // test error 12.34% …
	require.Contains(t, programtest.Lines(&stdout)[0], share+" pretrained", "the last line is of all labels")
}

// One picture, or a line of them that is not full, is drawn too.
func TestFewPictures(t *testing.T) {
	for _, rows := range []int{1, 7, 33} {
		c := small(t)
		c.rows, c.quiet, c.layers, c.fineTuneEpochs = rows, true, []int{5}, 1
		var stdout bytes.Buffer
		require.NoError(t, run(t.Context(), c, &stdout, io.Discard))
		require.Regexp(t, lastLine, programtest.Lines(&stdout)[0])
		columns := min(rows, 20)
		picture(t, filepath.Join(c.out, "filters.png"), 5, 1, 12, 9)
		picture(t, filepath.Join(c.out, "reconstructions.png"), columns, 2, 12, 9)
	}
}

func TestInterrupt(t *testing.T) {
	for _, word := range []string{"training and", "layer 1", "layer 2", "pictures:"} {
		ctx, cancel := context.WithCancel(t.Context())
		w := &programtest.Canceller{Word: word, Cancel: cancel}
		c := small(t)
		c.pretrainEpochs, c.fineTuneEpochs = 3, 1_000_000
		err := run(ctx, c, w, io.Discard)
		require.ErrorIs(t, err, context.Canceled, word)
		require.Less(t, time.Since(w.At), 5*time.Second, "it would take hours")
		require.NoFileExists(t, filepath.Join(c.out, "dbn.safetensors"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, config{layers: []int{5}, pretrainEpochs: 1, fineTuneEpochs: 1, out: t.TempDir()}, io.Discard, io.Discard), context.Canceled)
}

func TestParseLayers(t *testing.T) {
	var c config
	require.NoError(t, c.parseLayers("500, 20,1"))
	require.Equal(t, []int{500, 20, 1}, c.layers)
	for _, bad := range []string{"", ",", "500,", "500 20", "0", "-1", "1e3", "many"} {
		require.EqualError(t, new(config).parseLayers(bad), `-layers "`+bad+`": want positive sizes joined by commas, like 500,500,1000`)
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
		"no directory of data": {func(c *config) { c.data = "/nowhere" }, fs.ErrNotExist, `-data: dataset: Load "/nowhere": no file train-images-idx3-ubyte, plain or .gz`},
		"data that lacks a file": {func(c *config) {
			require.NoError(t, os.Remove(filepath.Join(c.data, "t10k-labels-idx1-ubyte")))
		}, fs.ErrNotExist, "no file t10k-labels-idx1-ubyte"},
		"an output that is a file":  {func(c *config) { c.out = file }, nil, "-out: "},
		"an output below a file":    {func(c *config) { c.out = filepath.Join(file, "out") }, nil, "-out: "},
		"no epochs":                 {func(c *config) { c.pretrainEpochs = 0 }, nil, "-epochs 0: want at least 1"},
		"no epochs of fine-tuning":  {func(c *config) { c.fineTuneEpochs = 0 }, nil, "-finetune 0: want at least 1"},
		"a negative number of rows": {func(c *config) { c.rows = -1 }, nil, "-rows -1: want at least 1, or 0 for all"},
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
