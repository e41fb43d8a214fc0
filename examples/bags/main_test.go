package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/dataset/datasettest"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
	"github.com/harmonium-go/harmonium/layers"
)

var lastLine = regexp.MustCompile(`^held-out accuracy (\d+\.\d)% \(\d+ of 60 bags, 95% interval \d+\.\d to \d+\.\d%\)$`)

// bars is pictures of ten classes: noise with a bright bar at the height that the label says.
func bars(t *testing.T) string {
	return datasettest.Pictures{
		Width: 12, Height: 10, Train: 600, Test: 300,
		Label: func(r *rand.Rand, _ int) int { return r.IntN(10) },
		Grey: func(r *rand.Rand, label, _, y int) int {
			value := r.IntN(60)
			if y == label {
				value += 180
			}
			return value
		},
	}.Write(t)
}

// small is a run of seconds on those pictures.
func small(t *testing.T) config {
	return config{
		data: bars(t), bags: 50, held: 60, target: 4, epochs: 2, pretrainEpochs: 2, hidden: 30, seed: 1, out: filepath.Join(t.TempDir(), "a", "b"),
	}
}

func TestRun(t *testing.T) {
	c := small(t)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, io.Discard))
	all := programtest.Lines(&stdout)
	require.Regexp(t, `: 50 bags of \d+\.\d training digits on average, \d+ of them with a 4; 60 bags of test digits, \d+ of them with a 4$`, all[0])
	require.Regexp(t, lastLine, all[len(all)-1])
	require.Contains(t, stdout.String(), "features learned from the bags alone: cost ")

	f, err := os.Open(filepath.Join(c.out, "bags.png"))
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, 12*(2*(10+barHeight+1)+1)-1, img.Bounds().Dy())
	// White bars show weights: each bag's are about a digit's width together, each pixel of which is drawn 2×2.
	white := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if img.(*image.Gray).GrayAt(x, y).Y == 255 {
				white++
			}
		}
	}
	require.InDelta(t, 12*12*barHeight*4, white, 12*12*barHeight*4/4)

	back, err := layers.Load(filepath.Join(c.out, "bags.safetensors"))
	require.NoError(t, err)
	require.Equal(t, "bags", back.Name())
}

func TestQuietPrintsTheLastLineAlone(t *testing.T) {
	c := small(t)
	c.quiet, c.epochs, c.pretrainEpochs = true, 1, 1
	var first, second, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), c, &first, &stderr))
	require.Len(t, programtest.Lines(&first), 1)
	require.Regexp(t, lastLine, programtest.Lines(&first)[0])
	require.Empty(t, stderr.String())
	require.NoError(t, run(t.Context(), c, &second, &stderr))
	require.Equal(t, first.String(), second.String(), "a seed makes a model")
}

func TestShift(t *testing.T) {
	picture := []float32{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		right, down int
		want        []float32
	}{
		{0, 0, []float32{1, 2, 3, 4, 5, 6}}, {1, 0, []float32{0, 1, 2, 0, 4, 5}}, {-1, 0, []float32{2, 3, 0, 5, 6, 0}},
		{0, 1, []float32{0, 0, 0, 1, 2, 3}}, {1, -1, []float32{0, 4, 5, 0, 0, 0}},
	} {
		got := make([]float32, 6)
		shift(got, picture, 3, 2, c.right, c.down)
		require.Equal(t, c.want, got)
	}
}

func TestInterrupt(t *testing.T) {
	for _, word := range []string{"training digits", "the bags alone", "without labels"} {
		ctx, cancel := context.WithCancel(t.Context())
		w := &programtest.Canceller{Word: word, Cancel: cancel}
		c := small(t)
		err := run(ctx, c, w, io.Discard)
		require.ErrorIs(t, err, context.Canceled, word)
		require.Less(t, time.Since(w.At), 5*time.Second)
		require.NoFileExists(t, filepath.Join(c.out, "bags.safetensors"))
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
		"no directory of data":      {func(c *config) { c.data = "/nowhere" }, fs.ErrNotExist, "-data: dataset: Load"},
		"an output that is a file":  {func(c *config) { c.out = file }, nil, "-out: "},
		"one bag":                   {func(c *config) { c.bags = 1 }, nil, "-bags 1: want at least 2"},
		"nothing held out":          {func(c *config) { c.held = 0 }, nil, "-held 0: want at least 1"},
		"a target that is no digit": {func(c *config) { c.target = 10 }, nil, "-target 10: want 0 to 9"},
		"no epochs":                 {func(c *config) { c.epochs = 0 }, nil, "-epochs 0: want at least 1"},
		"no pretraining":            {func(c *config) { c.pretrainEpochs = 0 }, nil, "-pretrain 0: want at least 1"},
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
