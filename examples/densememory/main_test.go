package main

import (
	"bytes"
	"context"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/dataset/datasettest"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// small is a run of seconds on those pictures.
func small(t *testing.T) config {
	return config{data: datasettest.Garments(12, 9).Write(t), degrees: []int{2, 20}, memories: 30, epochs: 10, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

func TestRunOnDigits(t *testing.T) {
	var stdout, stderr bytes.Buffer
	c := config{degrees: []int{2, 3, 20, 7}, memories: 210, epochs: 4, rows: 600, seed: 1, out: t.TempDir()}
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	all := programtest.Lines(&stdout)
	require.Equal(t, "MNIST: 600 training and 600 test images of 28×28 in 10 classes", all[0])
	require.Regexp(t, `^test error n=2 \d+\.\d\d% \(\d+ of 600, published 1\.51%\); n=3 .* 1\.44%\); n=20 .* 1\.61%\); n=7 \d+\.\d\d% \(\d+ of 600\)$`, all[len(all)-1])
	require.Empty(t, stderr.String(), "no bars where there is no terminal")
	for _, degree := range []string{"n2", "n3", "n7", "n20"} {
		require.Equal(t, image.Pt(20*57-1, 10*57-1), programtest.Size(t, filepath.Join(c.out, degree+".png")))
	}
}

// Files of the user's own, of another size.
func TestRunOnOtherPictures(t *testing.T) {
	c := small(t)
	c.quiet = true
	var stdout, again, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	require.Equal(t, "test error n=2 0.00% (0 of 60, published 1.51%); n=20 0.00% (0 of 60, published 1.61%)\n", stdout.String())
	require.Empty(t, stderr.String())
	require.Equal(t, image.Pt(20*25-1, 2*19-1), programtest.Size(t, filepath.Join(c.out, "n20.png")))
	l, err := layers.Load(filepath.Join(c.out, "n20.safetensors"))
	require.NoError(t, err)
	require.Equal(t, energy.RectifiedPower(20), l.(*modernhopfield.DenseClassifier).Config().Interaction)

	model, err := os.ReadFile(filepath.Join(c.out, "n2.safetensors"))
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), c, &again, io.Discard))
	require.Equal(t, stdout.String(), again.String())
	same, err := os.ReadFile(filepath.Join(c.out, "n2.safetensors"))
	require.NoError(t, err)
	require.Equal(t, model, same, "a seed makes a model")
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &programtest.Canceller{Word: "training and", Cancel: cancel}
	c := small(t)
	c.epochs = 1_000_000
	require.ErrorIs(t, run(ctx, c, w, io.Discard), context.Canceled)
	require.Less(t, time.Since(w.At), 5*time.Second, "it would take hours")
}

func TestParseDegrees(t *testing.T) {
	var c config
	require.NoError(t, c.parseDegrees("2, 30"))
	require.Equal(t, []int{2, 30}, c.degrees)
	for _, bad := range []string{"", "1", "31", "2,", "2 3", "many"} {
		require.EqualError(t, new(config).parseDegrees(bad), `-degrees "`+bad+`": want numbers from 2 to 30 joined by commas, like 2,3,20`)
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
		"no directory of data":      {func(c *config) { c.data = "/nowhere" }, fs.ErrNotExist, `-data: dataset: Load "/nowhere"`},
		"an output that is a file":  {func(c *config) { c.out = file }, nil, "-out: "},
		"no epochs":                 {func(c *config) { c.epochs = 0 }, nil, "-epochs 0: want at least 1"},
		"no memories":               {func(c *config) { c.memories = 0 }, nil, "-memories 0: want at least 1"},
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
