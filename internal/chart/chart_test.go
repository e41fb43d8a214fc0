package chart

import (
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoundTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		first     string
		last      string
		count     int
	}{
		{0, 100, "0", "100", 11}, {1, 10, "1", "10", 10}, {0, 0.3, "0.00", "0.30", 7}, {-0.05, 1, "0.0", "1.0", 6}, {0, 0.02, "0.000", "0.020", 11}, {2, 7, "2.0", "7.0", 11},
	} {
		ticks := roundTicks{}.Ticks(c.low, c.high)
		require.Len(t, ticks, c.count, "%v to %v", c.low, c.high)
		require.Equal(t, c.first, ticks[0].Label)
		require.Equal(t, c.last, ticks[len(ticks)-1].Label)
	}
	ticks := roundTicks{least: 1}.Ticks(2, 7)
	require.Len(t, ticks, 6)
	require.Equal(t, "2", ticks[0].Label)
}

// Two charts stand one below the other, in one picture twice as high, each with its own colours.
func TestChartsBelowEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "picture.png")
	var one, other Chart
	for k, c := range []*Chart{&one, &other} {
		curve := Curve{Name: "measured", Hue: k + 2}
		curve.Add(1, 2, 1.5, 2.5)
		curve.AddKnown(2, 3)
		c.Title, c.X, c.Y, c.Curves = "title", "x", "y", []Curve{curve}
	}
	require.NoError(t, Write(path, &one, &other))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, 1248, img.Bounds().Dx())
	require.Equal(t, 2*720, img.Bounds().Dy())
	for half := range 2 {
		var seen [2]int
		for y := 720 * half; y < 720*(half+1); y++ {
			for x := range 1248 {
				r, g, b, _ := img.At(x, y).RGBA()
				for k := range seen {
					if wr, wg, wb, _ := Palette[k+1].RGBA(); r == wr && g == wg && b == wb {
						seen[k]++
					}
				}
			}
		}
		require.Greater(t, seen[half], 50)
		require.Zero(t, seen[1-half])
	}
	require.ErrorIs(t, Write(filepath.Join(t.TempDir(), "nowhere", "picture.png"), &one), fs.ErrNotExist)
}
