package chart

import (
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPaletted(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for x := range 40 {
		for y := range 20 {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 0, 255}) // 800 colours, once each
		}
	}
	for x := range 40 {
		img.Set(x, 0, color.RGBA{200, 100, 50, 255})
		img.Set(x, 1, color.RGBA{201, 100, 50, 255})
	}
	got := paletted(img)
	require.Len(t, got.Palette, 256)
	require.Equal(t, color.RGBA{200, 100, 50, 255}, got.At(7, 0), "what is frequent stays as it is")
	require.Equal(t, color.RGBA{201, 100, 50, 255}, got.At(7, 1))
	few := image.NewRGBA(image.Rect(0, 0, 3, 1))
	few.Set(1, 0, color.RGBA{9, 8, 7, 255})
	require.Equal(t, few.At(1, 0), paletted(few).At(1, 0))
	require.Equal(t, few.At(0, 0), paletted(few).At(0, 0))
}
