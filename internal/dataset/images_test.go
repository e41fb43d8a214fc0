package dataset

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func readPNG(t *testing.T, path string) image.Image {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	return img
}

// requirePixels compares a picture, colour by colour, with one letter a pixel.
func requirePixels(t *testing.T, img image.Image, palette map[rune]color.Color, want ...string) {
	t.Helper()
	require.Equal(t, image.Rect(0, 0, len(want[0]), len(want)), img.Bounds())
	for y, line := range want {
		for x, letter := range line {
			wr, wg, wb, wa := palette[letter].RGBA()
			r, g, b, a := img.At(x, y).RGBA()
			require.Equal(t, []uint32{wr, wg, wb, wa}, []uint32{r, g, b, a}, "pixel (%d, %d)", x, y)
		}
	}
}

func TestWriteGrid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grid.png")
	grey := map[rune]color.Color{'.': color.Gray{0}, '#': color.Gray{255}, 'h': color.Gray{128}, '|': gap}

	// Three tiles of 2×1 pixels, two in a line.
	rows := []float32{0, 1, 0.5, -3, 7, 0}
	require.NoError(t, WriteGrid(path, rows, 2, 1, 2, 1))
	requirePixels(t, readPNG(t, path), grey,
		".#|h.",
		"|||||",
		"#.|||")

	// Twice as large, over the old picture; the gap stays one pixel.
	require.NoError(t, WriteGrid(path, rows[:4], 2, 1, 5, 2))
	requirePixels(t, readPNG(t, path), grey,
		"..##|hh..",
		"..##|hh..")

	// Tiles are row by row.
	require.NoError(t, WriteGrid(path, []float32{0, 1, 0.5, 0, 0, 0}, 3, 2, 1, 1))
	requirePixels(t, readPNG(t, path), grey, ".#h", "...")
	require.Equal(t, []float32{0, 1, 0.5, -3, 7, 0}, rows, "values are not clamped in place")
}

func TestWriteFilters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "filters.png")
	colours := map[rune]color.Color{
		'B': color.RGBA{0, 0, 255, 255}, 'b': color.RGBA{128, 128, 255, 255}, 'w': color.RGBA{255, 255, 255, 255},
		'r': color.RGBA{255, 128, 128, 255}, 'R': color.RGBA{255, 0, 0, 255}, '|': gap,
	}
	// Two visible units on top of each other, four hidden units: each column is a
	// filter with its own scale.
	weights := []float32{
		-8, 0.25, 0, 100,
		4, -0.5, 0, 100,
	}
	require.NoError(t, WriteFilters(path, weights, 1, 2, 4, 3, 3, 1))
	requirePixels(t, readPNG(t, path), colours,
		"B|r|w",
		"r|B|w")
	require.NoError(t, WriteFilters(path, weights, 2, 1, 4, 4, 2, 1))
	requirePixels(t, readPNG(t, path), colours,
		"Br|rB",
		"|||||",
		"ww|RR")
	require.NoError(t, WriteFilters(path, []float32{1, -0.5}, 2, 1, 1, 1, 1, 1))
	requirePixels(t, readPNG(t, path), colours, "Rb")
}

func TestWriteIsAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "grid.png")
	require.NoError(t, WriteGrid(path, []float32{1}, 1, 1, 1, 1))
	require.NoError(t, WriteGrid(path, []float32{0}, 1, 1, 1, 1))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm())

	// A folder cannot be replaced by a file: the temporary file must not remain.
	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.Mkdir(taken, 0o700))
	require.ErrorContains(t, WriteGrid(taken, []float32{1}, 1, 1, 1, 1), taken)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)

	absent := filepath.Join(dir, "absent", "grid.png")
	require.ErrorContains(t, WriteGrid(absent, []float32{1}, 1, 1, 1, 1), absent)
	require.ErrorIs(t, WriteFilters(absent, []float32{1}, 1, 1, 1, 1, 1, 1), os.ErrNotExist)
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.png")
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for want, err := range map[string]error{
		"width 0":                   WriteGrid(path, []float32{1}, 0, 1, 1, 1),
		"height -1":                 WriteGrid(path, []float32{1}, 1, -1, 1, 1),
		"perLine 0":                 WriteGrid(path, []float32{1}, 1, 1, 0, 1),
		"scale 0":                   WriteGrid(path, []float32{1}, 1, 1, 1, 0),
		"rows has 0 values":         WriteGrid(path, nil, 1, 1, 1, 1),
		"rows has 3 values":         WriteGrid(path, make([]float32, 3), 2, 1, 1, 1),
		"rows: value 1 is NaN":      WriteGrid(path, []float32{1, nan}, 1, 1, 1, 1),
		"weights: value 0 is -Inf":  WriteFilters(path, []float32{inf}, 1, 1, 1, 1, 1, 1),
		"width 1, height 0":         WriteFilters(path, []float32{1}, 1, 0, 1, 1, 1, 1),
		"count is 3, want 1 to 2":   WriteFilters(path, make([]float32, 2), 1, 1, 2, 3, 1, 1),
		"count is 0":                WriteFilters(path, make([]float32, 2), 1, 1, 2, 0, 1, 1),
		"weights has 5 values":      WriteFilters(path, make([]float32, 5), 1, 2, 2, 1, 1, 1),
		"want 1 to -1 hidden units": WriteFilters(path, nil, 1, 1, -1, 1, 1, 1),
	} {
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
