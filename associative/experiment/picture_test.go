package experiment

import (
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/chart"
)

// colours counts the colours of a picture.
func colours(img image.Image) map[color.Color]int {
	seen := map[color.Color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			seen[img.At(x, y)]++
		}
	}
	return seen
}

func TestPictures(t *testing.T) {
	type result interface {
		Plot(path string) error
		String() string
	}
	rules := []associative.Rule{associative.Hebb{}, associative.Hebb{KeepDiagonal: true}}
	of := func(r result, err error) result {
		require.NoError(t, err)
		return r
	}
	ctx := t.Context()
	basins, err := Basins(ctx, BasinConfig{Rule: rules[1], Units: 6, Stored: []int{1, 3}, Distance: 2, Sets: 3})
	require.NoError(t, err)
	groups, err := TwoGroups(ctx, TwoGroupConfig{Units: 10, Stored: []int{1, 2, 3}, Sets: 2})
	require.NoError(t, err)
	attraction, err := Attraction(ctx, AttractionConfig{Rules: rules, Units: 6, Stored: []int{1, 3}, Sets: 3})
	require.NoError(t, err)
	spurious, err := Spurious(ctx, SpuriousConfig{Rules: rules, Units: 6, Stored: []int{1, 3}, Sets: 3})
	require.NoError(t, err)
	endings, err := Endings(ctx, EndingConfig{Rules: rules, Units: 6, Stored: []int{1, 3}, Sets: 3, Starts: 4})
	require.NoError(t, err)
	bits, err := BitErrors(ctx, BitErrorConfig{Units: 10, Stored: []int{1, 3}, Sets: 3})
	require.NoError(t, err)
	retrieval, err := Retrieval(ctx, RetrievalConfig{Rules: rules, Units: []int{10}, Loads: []float64{0.1, 0.5}, Sets: 3})
	require.NoError(t, err)
	capacity, err := Capacity(ctx, CapacityConfig{Rules: rules[:1], Units: []int{10, 20}, Sets: 3})
	require.NoError(t, err)
	chartSize := image.Pt(1248, 720)
	for name, c := range map[string]struct {
		result
		size  image.Point
		words string
		hues  []color.Color
	}{
		"basins":     {of(basins, err), chartSize, "Hebb + diagonal, 6 units: % of vectors", chart.Palette[:3]},
		"attraction": {attraction, chartSize, "Hebb + diagonal, 5 steps", chart.Palette[:4]},
		"spurious":   {spurious, chartSize, "Hebb: ghosts", chart.Palette[:2]},
		"endings":    {endings, chartSize, "Hebb + diagonal: restless", chart.Palette[:1]},
		"bits":       {bits, chartSize, "exactly, more than 1 % from m = ", chart.Palette[:1]},
		"retrieval":  {retrieval, chartSize, "Hebb, n = 10: share recalled", chart.Palette[:2]},
		"capacity":   {capacity, chartSize, "n/(4 ln n)", chart.Palette[:1]},
		"groups":     {groups, image.Pt(1066, 826), "   3 patterns: ", []color.Color{ownColour, endColours[EndGhost]}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, c.String(), c.words)
			path := filepath.Join(t.TempDir(), "picture.png")
			require.NoError(t, c.Plot(path))
			f, err := os.Open(path)
			require.NoError(t, err)
			defer f.Close()
			img, err := png.Decode(f)
			require.NoError(t, err)
			require.Equal(t, c.size, img.Bounds().Size())
			seen := map[[3]uint32]int{}
			for colour, n := range colours(img) {
				r, g, b, _ := colour.RGBA()
				seen[[3]uint32{r, g, b}] += n
			}
			require.Less(t, seen[[3]uint32{0xffff, 0xffff, 0xffff}], c.size.X*c.size.Y*97/100, "not blank")
			for _, hue := range c.hues {
				r, g, b, _ := hue.RGBA()
				require.Greater(t, seen[[3]uint32{r, g, b}], 50, "%v is there", hue)
			}
			// The file is whole, or not at all, and an error names it.
			nowhere := filepath.Join(t.TempDir(), "missing", "picture.png")
			err = c.Plot(nowhere)
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.ErrorContains(t, err, nowhere)
			require.ErrorContains(t, err, "experiment: ")
			entries, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing is left beside it")
		})
	}
}

// A single number of patterns, whose numbers are all the same, or none that a logarithm could show.
func TestPicturesOfOnePoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "picture.png")
	hebb := []associative.Rule{associative.Hebb{}}
	spurious, err := Spurious(t.Context(), SpuriousConfig{Rules: hebb, Units: 6, Stored: []int{1}, Sets: 2})
	require.NoError(t, err)
	require.Equal(t, known(1), spurious.Ghosts[0][0])
	require.NoError(t, spurious.Plot(path))
	bits, err := BitErrors(t.Context(), BitErrorConfig{Units: 6, Stored: []int{1}, Sets: 2})
	require.NoError(t, err)
	bits.Gaussian[0] = 0
	require.NoError(t, bits.Plot(path))
	basins, err := Basins(t.Context(), BasinConfig{Rule: hebb[0], Units: 6, Stored: []int{2}, Distance: 1, Sets: 2})
	require.NoError(t, err)
	require.NoError(t, basins.Plot(path))
	retrieval, err := Retrieval(t.Context(), RetrievalConfig{Rules: []associative.Rule{associative.Projection{}}, Units: []int{6}, Loads: []float64{3}, Sets: 2})
	require.NoError(t, err)
	require.Empty(t, retrieval.Curves[0].Stored)
	require.NoError(t, retrieval.Plot(path), "a curve that is refused from the start")
	require.Contains(t, retrieval.String(), "projection, n = 6: overlap")
}
