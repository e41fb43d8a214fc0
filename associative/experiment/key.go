package experiment

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// keyEntry says what a colour means.
type keyEntry struct {
	colour color.Color
	text   string
}

// drawKey draws entries side by side, each a square and its text.
func drawKey(canvas draw.Canvas, key []keyEntry) {
	style := newPlot().Legend.TextStyle
	style.Font.Size = vg.Points(9)
	size, gap := vg.Points(9), vg.Points(5)
	x, y := canvas.Min.X+4*gap, canvas.Min.Y+2*gap
	for _, entry := range key {
		canvas.FillPolygon(entry.colour, []vg.Point{{X: x, Y: y}, {X: x + size, Y: y}, {X: x + size, Y: y + size}, {X: x, Y: y + size}})
		x += size + gap
		canvas.FillText(style, vg.Point{X: x, Y: y + vg.Points(1)}, entry.text)
		x += style.Width(entry.text) + 4*gap
	}
}
