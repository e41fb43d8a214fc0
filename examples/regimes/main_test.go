package main

import (
	"bytes"
	"context"
	"image"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/datasettest"
	"github.com/harmonium-go/harmonium/internal/program/programtest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/modernhopfield"
	"github.com/harmonium-go/harmonium/training"
)

// small is a run of seconds on pictures of 3 by 2 patches.
func small(t *testing.T) config {
	return config{data: datasettest.Garments(12, 8).Write(t), epochs: 6, seed: 1, out: filepath.Join(t.TempDir(), "a", "b")}
}

// loaded is a task with its data.
func loaded(t *testing.T, c config) *task {
	k := &task{config: c, words: io.Discard}
	require.NoError(t, k.load(t.Context()))
	return k
}

func TestRunOnDigits(t *testing.T) {
	var stdout, stderr bytes.Buffer
	c := config{epochs: 1, rows: 100, seed: 1, out: t.TempDir()}
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	require.Empty(t, stderr.String(), "no bars where there is no terminal")
	all := programtest.Lines(&stdout)
	require.Len(t, all, 6+(blocks+1)*heads+2)
	require.Equal(t, "MNIST: 100 training and 100 test images of 28×28 in 10 classes, read as 49 patches of 4×4", all[0])
	require.Regexp(t, `^encoder1 +1   0\.250  I +4[3-5]    0\.\d{3}  I`, all[6])
	require.Regexp(t, `^pooling +4   0\.250  I +4[3-5]    0\.\d{3}  I`, all[6+blocks*heads+heads-1])
	require.Regexp(t, `^test error \d+\.\d\d% \(\d+ of 100\); heads of classes I, II, III, IV: \[20 0 0 0\] before training, \[\d+ \d+ \d+ \d+\] after$`, all[len(all)-1])
	require.Equal(t, image.Pt(5*(4*55+1)-1, 5*(4*55+1)-1), programtest.Size(t, filepath.Join(c.out, "associations.png")))
}

// Files of the user's own, of another size: the last line is the error of the model that was saved.
func TestRunOnOtherPictures(t *testing.T) {
	c := small(t)
	c.quiet = true
	var stdout, again, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), c, &stdout, &stderr))
	require.Regexp(t, `^test error 0\.00% \(0 of 60\); .*\n$`, stdout.String())
	require.Empty(t, stderr.String())
	require.Equal(t, image.Pt(5*(4*11+1)-1, 5*(4*5+1)-1), programtest.Size(t, filepath.Join(c.out, "associations.png")))

	path := filepath.Join(c.out, "regimes.safetensors")
	net, err := layers.Load(path)
	require.NoError(t, err)
	k := loaded(t, c)
	outputs, err := training.Predict(t.Context(), net, k.test)
	require.NoError(t, err)
	require.Equal(t, k.testLabels, training.Classes(outputs))

	model, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), c, &again, io.Discard))
	require.Equal(t, stdout.String(), again.String())
	same, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, model, same, "a seed makes a model")
}

// A head whose β is huge is found to retrieve single patterns, and those beside it, and in other layers, are not.
func TestLookTellsHeadsApart(t *testing.T) {
	k := loaded(t, small(t))
	for layer := range blocks + 1 {
		for sharp := range heads {
			net, err := k.network()
			require.NoError(t, err)
			beta := make([]float64, heads)
			beta[sharp] = math.Log(1e6)
			set := false
			for _, p := range net.Layers()[1+layer].Params() {
				if strings.HasSuffix(p.Name(), ".log_beta") {
					require.NoError(t, p.Set(beta))
					set = true
				}
			}
			require.True(t, set)
			found, err := k.look(net)
			require.NoError(t, err)
			require.Len(t, found, (blocks+1)*heads)
			for i, h := range found {
				require.Equal(t, net.Layers()[1+i/heads].Name(), h.layer)
				if i == layer*heads+sharp {
					require.InEpsilon(t, 1e6, h.beta, 1e-5)
					require.Equal(t, modernhopfield.Regime{K: 1, N: 6}, h.regime)
				} else {
					require.True(t, h.regime.Global(), "layer %d, head %d, where head %d of layer %d is sharp: %v", i/heads, i%heads, sharp, layer, h.regime)
				}
				states := 6
				if h.layer == "pooling" {
					states = 1
				}
				regimes, err := modernhopfield.Regimes(tensor.New(tensor.WithShape(states, 6), tensor.WithBacking(h.weights)))
				require.NoError(t, err)
				require.Equal(t, h.regime.Global(), modernhopfield.MedianRegime(regimes).Global(), "the weights are the head's own")
			}
		}
	}
}

func TestSequences(t *testing.T) {
	k := loaded(t, small(t))
	digits, err := dataset.Load(k.data)
	require.NoError(t, err)
	const columns = 16 + 2 + 3
	require.Equal(t, []int{240, 6, columns}, []int(k.train.Shape()))
	for _, digit := range []int{0, 1, 239} {
		for y := range 8 {
			for x := range 12 {
				patch := k.train.Float32s()[(digit*6+y/4*3+x/4)*columns:][:columns]
				require.Equal(t, digits.Train.Pixels[(digit*8+y)*12+x], patch[y%4*4+x%4])
				place := make([]float32, 5)
				place[y/4], place[2+x/4] = 1, 1
				require.Equal(t, place, patch[16:])
			}
		}
	}
	k.rows = 7
	require.NoError(t, k.load(t.Context()))
	require.Equal(t, 7, k.train.Shape()[0])
	require.Equal(t, 7, k.test.Shape()[0])
}

func TestMaps(t *testing.T) {
	k := &task{down: 1, across: 2} // a tile is a line of two maps of two patches, and a line between
	require.Equal(t, []float32{1, 0.25, 0, 0.5, 1}, k.maps([]float32{0.8, 0.2, 0.3, 0.6}))
	require.Equal(t, []float32{0.5, 0.5, 0.5, 1, 1}, k.maps([]float32{0.25, 0.5}), "of one state")
}

// The tile of the digit, of 5 by 11 pixels here, shows every part of it.
func TestDigit(t *testing.T) {
	k := loaded(t, small(t))
	digits, err := dataset.Load(k.data)
	require.NoError(t, err)
	tile := k.digit()
	require.Len(t, tile, 5*11)
	for y := range 5 {
		for x := range 11 {
			require.Equal(t, digits.Test.Pixels[y*8/5*12+x*12/11], tile[y*11+x])
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &programtest.Canceller{Word: "training and", Cancel: cancel}
	c := small(t)
	c.epochs = 1_000_000
	require.ErrorIs(t, run(ctx, c, w, io.Discard), context.Canceled)
	require.Less(t, time.Since(w.At), 5*time.Second, "it would take hours")
	require.NoFileExists(t, filepath.Join(c.out, "regimes.safetensors"))
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
		"images of no whole patches": {func(c *config) { c.data = datasettest.Garments(12, 9).Write(t) }, nil, "-data: images of 12×9, want sides that are multiples of 4"},
		"images with half a patch":   {func(c *config) { c.data = datasettest.Garments(6, 8).Write(t) }, nil, "-data: images of 6×8, want sides that are multiples of 4"},
		"an output that is a file":   {func(c *config) { c.out = file }, nil, "-out: "},
		"no epochs":                  {func(c *config) { c.epochs = 0 }, nil, "-epochs 0: want at least 1"},
		"a negative number of rows":  {func(c *config) { c.rows = -1 }, nil, "-rows -1: want at least 1, or 0 for all"},
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
