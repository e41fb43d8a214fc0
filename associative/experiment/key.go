package experiment

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/harmonium-go/harmonium/internal/chart"
)

// keyEntry says what a colour means.
type keyEntry struct {
	colour color.Color
	text   string
}

const (
	keySize = vg.Length(9) // of squares and text
	keyGap  = vg.Length(5)
)

// drawKey draws entries side by side, each a square and its text.
func drawKey(canvas draw.Canvas, key []keyEntry) {
	style := keyStyle()
	x, y := canvas.Min.X+4*keyGap, canvas.Min.Y+2*keyGap
	for _, entry := range key {
		canvas.FillPolygon(entry.colour, []vg.Point{{X: x, Y: y}, {X: x + keySize, Y: y}, {X: x + keySize, Y: y + keySize}, {X: x, Y: y + keySize}})
		x += keySize + keyGap
		canvas.FillText(style, vg.Point{X: x, Y: y + 1}, entry.text)
		x += style.Width(entry.text) + 4*keyGap
	}
}

// keyWidth is what drawKey takes.
func keyWidth(key []keyEntry) vg.Length {
	style, width := keyStyle(), 4*keyGap
	for _, entry := range key {
		width += keySize + 5*keyGap + style.Width(entry.text)
	}
	return width
}

func keyStyle() draw.TextStyle {
	style := chart.NewPlot().Legend.TextStyle
	style.Font.Size = keySize
	return style
}
