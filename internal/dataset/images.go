package dataset

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"github.com/harmonium-go/harmonium/internal/picture"
)

// gap is the colour between tiles, one that stands out from black, from white
// and from both ends of the filter scale.
var gap = color.Gray{Y: 0x60}

// mosaic is the layout of tiles of width×height pixels in lines of perLine,
// each pixel drawn scale×scale large, with one pixel of gap between tiles.
type mosaic struct{ width, height, perLine, scale int }

// WriteGrid writes pictures as a PNG of grey tiles, perLine in a line with one
// pixel of gap between them and each of their pixels drawn scale×scale large.
//
// rows holds the pictures one after the other, width·height values each, row by
// row; 0 is black and 1 white, and values outside [0, 1] are clamped. The file
// appears whole or not at all. WriteGrid returns an error when rows is empty or
// no whole number of pictures, when a value is not finite, when a size is not
// positive, and when the file cannot be written.
func WriteGrid(path string, rows []float32, width, height, perLine, scale int) error {
	m := mosaic{width, height, perLine, scale}
	if err := m.check(); err != nil {
		return fmt.Errorf("dataset: WriteGrid %q: %w", path, err)
	}
	size := width * height
	if len(rows) == 0 || len(rows)%size != 0 {
		return fmt.Errorf("dataset: WriteGrid %q: rows has %d values, want a positive multiple of %d·%d", path, len(rows), width, height)
	}
	if err := finite(rows); err != nil {
		return fmt.Errorf("dataset: WriteGrid %q: rows: %w", path, err)
	}
	n := len(rows) / size
	img := image.NewGray(m.bounds(n))
	m.draw(img, n, func(tile, pixel int) color.Color {
		return color.Gray{Y: level(min(max(rows[tile*size+pixel], 0), 1))}
	})
	if err := picture.Write(path, func(w io.Writer) error { return png.Encode(w, img) }); err != nil {
		return fmt.Errorf("dataset: WriteGrid %q: %w", path, err)
	}
	return nil
}

// WriteFilters writes the incoming weights of the first count hidden units as a
// PNG of tiles laid out as in WriteGrid: blue is negative, white zero and red
// positive. Every tile has its own scale, on which its largest |w| has the full
// colour; a tile without weights is white.
//
// weights has shape (visible, hidden), row by row, with visible = width·height.
// WriteFilters returns an error when weights has another size, when count is not
// in 1 to hidden, when a weight is not finite, when a size is not positive, and
// when the file cannot be written.
func WriteFilters(path string, weights []float32, width, height, hidden, count, perLine, scale int) error {
	m := mosaic{width, height, perLine, scale}
	if err := m.check(); err != nil {
		return fmt.Errorf("dataset: WriteFilters %q: %w", path, err)
	}
	if count < 1 || count > hidden {
		return fmt.Errorf("dataset: WriteFilters %q: count is %d, want 1 to %d hidden units", path, count, hidden)
	}
	if len(weights) != width*height*hidden {
		return fmt.Errorf("dataset: WriteFilters %q: weights has %d values, want %d·%d·%d", path, len(weights), width, height, hidden)
	}
	if err := finite(weights); err != nil {
		return fmt.Errorf("dataset: WriteFilters %q: weights: %w", path, err)
	}
	largest := make([]float32, count)
	for visible := range width * height {
		for unit, w := range weights[visible*hidden : visible*hidden+count] {
			largest[unit] = max(largest[unit], w, -w)
		}
	}
	img := image.NewRGBA(m.bounds(count))
	m.draw(img, count, func(unit, visible int) color.Color {
		if largest[unit] == 0 {
			return diverging(0)
		}
		return diverging(weights[visible*hidden+unit] / largest[unit])
	})
	if err := picture.Write(path, func(w io.Writer) error { return png.Encode(w, img) }); err != nil {
		return fmt.Errorf("dataset: WriteFilters %q: %w", path, err)
	}
	return nil
}

// diverging is the colour of t in [−1, 1]: blue, through white at 0, to red.
func diverging(t float32) color.RGBA {
	if t < 0 {
		fade := level(1 + t)
		return color.RGBA{R: fade, G: fade, B: 0xff, A: 0xff}
	}
	fade := level(1 - t)
	return color.RGBA{R: 0xff, G: fade, B: fade, A: 0xff}
}

// level rounds t in [0, 1] to a byte.
func level(t float32) uint8 { return uint8(255*t + 0.5) }

func finite(values []float32) error {
	for i, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("value %d is %v, want finite values", i, v)
		}
	}
	return nil
}

func (m mosaic) check() error {
	if m.width < 1 || m.height < 1 || m.perLine < 1 || m.scale < 1 {
		return fmt.Errorf("width %d, height %d, perLine %d, scale %d: want all at least 1", m.width, m.height, m.perLine, m.scale)
	}
	return nil
}

// bounds returns the rectangle that holds n tiles.
func (m mosaic) bounds(n int) image.Rectangle {
	columns, lines := min(n, m.perLine), (n+m.perLine-1)/m.perLine
	return image.Rect(0, 0, columns*(m.width*m.scale+1)-1, lines*(m.height*m.scale+1)-1)
}

// draw fills img, which has bounds(n), with n tiles; at gives the colour of a
// tile's pixel, counted row by row.
func (m mosaic) draw(img draw.Image, n int, at func(tile, pixel int) color.Color) {
	draw.Draw(img, img.Bounds(), image.NewUniform(gap), image.Point{}, draw.Src)
	for tile := range n {
		left := tile % m.perLine * (m.width*m.scale + 1)
		top := tile / m.perLine * (m.height*m.scale + 1)
		for pixel := range m.width * m.height {
			x, y := left+pixel%m.width*m.scale, top+pixel/m.width*m.scale
			draw.Draw(img, image.Rect(x, y, x+m.scale, y+m.scale), image.NewUniform(at(tile, pixel)), image.Point{}, draw.Src)
		}
	}
}
