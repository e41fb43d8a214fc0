// Package chart draws curves with intervals, and a legend beside them, as PNG files.
package chart

import (
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/harmonium-go/harmonium/internal/picture"
)

const (
	width      = 6.5 * vg.Inch
	height     = 3.75 * vg.Inch
	resolution = 192 // dots an inch, twice what screens have
)

// Palette tells curves apart also for readers who do not tell red from green.
//
// Source: M. Okabe, K. Ito, "Color Universal Design" (2008); its yellow is left out, which is too light for lines.
var Palette = []color.Color{
	color.RGBA{0, 0, 0, 255}, color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255},
	color.RGBA{204, 121, 167, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{86, 180, 233, 255}, color.RGBA{120, 120, 120, 255},
}

// Chart is curves with intervals, and a legend beside them.
type Chart struct {
	Title, X, Y string
	Legend      string // above the names
	Curves      []Curve
	Low, High   float64 // of y; from the curves where both are 0
	Logarithmic bool    // y
	FromZero    bool    // x
	Whole       bool    // x has whole numbers
}

// Curve is points joined by a line.
type Curve struct {
	Name   string
	Points []Point
	// Law is a curve that is computed: a dashed line without points.
	Law bool
	// Loose points are not joined.
	Loose bool
	// Hue is the number of a colour; 0 means the next one.
	Hue int
}

// Point is a number at x with its interval.
type Point struct{ X, Value, Low, High float64 }

// Add adds a number with its interval.
func (c *Curve) Add(x, value, low, high float64) {
	c.Points = append(c.Points, Point{x, value, low, high})
}

// AddKnown adds a number without an interval.
func (c *Curve) AddKnown(x, value float64) { c.Add(x, value, value, value) }

// NewPlot is an empty plot in the style of this package.
func NewPlot() *plot.Plot {
	p := plot.New()
	for _, style := range []*draw.TextStyle{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant, style.Font.Size = "Sans", vg.Points(10)
	}
	p.Title.TextStyle.Font.Size, p.Title.Padding = vg.Points(11), vg.Points(6)
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks{}, roundTicks{}
	return p
}

// roundTicks are five to eleven ticks, all with a label, at multiples of 1, 2 or 5 times a power of ten.
type roundTicks struct {
	least float64 // distance of two ticks
}

// Ticks satisfies plot.Ticker.
func (r roundTicks) Ticks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Ceil(math.Log10((high-low)/10)-1e-9))
	for _, part := range []float64{5, 2} {
		if step/part >= (high-low)/10*(1-1e-9) {
			step /= part
			break
		}
	}
	step = max(step, r.least)
	digits := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step; k++ {
		value := k*step + 0 // not −0
		ticks = append(ticks, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'f', digits, 64)})
	}
	return ticks
}

// decades are ticks at the powers of ten.
type decades struct{}

// Ticks satisfies plot.Ticker.
func (decades) Ticks(low, high float64) []plot.Tick {
	if !(low > 0) {
		return nil // there is no lowest power
	}
	var ticks []plot.Tick
	for k := math.Ceil(math.Log10(low) - 1e-9); k <= math.Log10(high)+1e-9; k++ {
		ticks = append(ticks, plot.Tick{Value: math.Pow(10, k), Label: strconv.FormatFloat(math.Pow(10, k), 'g', -1, 64)})
	}
	return ticks
}

// Write writes charts of one size, one below the other, as a PNG file: whole, or not at all.
func Write(path string, charts ...*Chart) error {
	var failed error
	err := WritePNG(path, width, vg.Length(len(charts))*height, func(canvas draw.Canvas) {
		for k, c := range charts {
			top := vg.Length(len(charts) - k)
			failed = errors.Join(failed, c.draw(draw.Crop(canvas, 0, 0, (top-1)*height, -vg.Length(k)*height)))
		}
	})
	return errors.Join(failed, err)
}

// draw draws the chart.
func (c *Chart) draw(canvas draw.Canvas) error {
	p := NewPlot()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	if c.Logarithmic = c.Logarithmic && c.positive(); c.Logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	}
	if c.Whole {
		p.X.Tick.Marker = roundTicks{least: 1}
	}
	legend := p.Legend
	legend.Top, legend.Left = true, true
	legend.ThumbnailWidth, legend.Padding = vg.Points(18), vg.Points(2)
	if c.Legend != "" {
		legend.Add(c.Legend)
	}
	for k, curve := range c.Curves {
		if curve.Hue == 0 {
			curve.Hue = k + 1
		}
		thumbs, err := curve.draw(p, c.Logarithmic)
		if err != nil {
			return err
		}
		legend.Add(curve.Name, thumbs...)
	}
	if c.Low != 0 || c.High != 0 {
		p.Y.Min, p.Y.Max = c.Low, c.High
	}
	if c.FromZero {
		p.X.Min = 0
	}
	if c.Logarithmic { // whole decades, one or more
		first, last := math.Floor(math.Log10(p.Y.Min)), math.Ceil(math.Log10(p.Y.Max))
		p.Y.Min, p.Y.Max = math.Pow(10, first), math.Pow(10, max(first+1, last))
	}
	whole := draw.Crop(canvas, vg.Points(6), -vg.Points(6), vg.Points(6), -vg.Points(6))
	box := legend.Rectangle(whole)
	beside := box.Max.X - box.Min.X
	p.Draw(draw.Crop(whole, 0, -beside-vg.Points(12), 0, 0))
	legend.Draw(draw.Crop(whole, whole.Max.X-whole.Min.X-beside, 0, 0, -vg.Points(24)))
	return nil
}

// draw adds a curve to a plot, and returns what stands for it in the legend.
func (c *Curve) draw(p *plot.Plot, logarithmic bool) ([]plot.Thumbnailer, error) {
	hue := Palette[(c.Hue-1)%len(Palette)]
	var xys plotter.XYs
	var bars plotter.YErrors
	for _, point := range c.Points {
		if logarithmic && !(point.Value > 0) {
			continue // a logarithm shows no zero
		}
		low := point.Low
		if logarithmic && !(low > 0) {
			low = point.Value
		}
		xys = append(xys, plotter.XY{X: point.X, Y: point.Value})
		bars = append(bars, struct{ Low, High float64 }{point.Value - low, point.High - point.Value})
	}
	if len(xys) == 0 {
		return nil, nil
	}
	line, err := plotter.NewLine(xys)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = hue, vg.Points(1.25)
	if c.Law {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(line)
		return []plot.Thumbnailer{line}, nil
	}
	scatter, err := plotter.NewScatter(xys)
	if err != nil {
		return nil, err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: hue, Radius: vg.Points(2.25), Shape: draw.CircleGlyph{}}
	if c.Hue > len(Palette) {
		scatter.GlyphStyle.Shape = draw.RingGlyph{} // the second of this colour
	}
	errorBars, err := plotter.NewYErrorBars(struct {
		plotter.XYer
		plotter.YErrorer
	}{xys, bars})
	if err != nil {
		return nil, err
	}
	errorBars.Color, errorBars.Width, errorBars.CapWidth = hue, vg.Points(1), vg.Points(5)
	if c.Loose {
		p.Add(errorBars, scatter)
		return []plot.Thumbnailer{scatter}, nil
	}
	p.Add(line, errorBars, scatter)
	return []plot.Thumbnailer{line, scatter}, nil
}

// WritePNG draws a picture and writes it: whole, or not at all.
func WritePNG(path string, width, height vg.Length, drawOn func(draw.Canvas)) error {
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))
	drawOn(draw.New(canvas))
	return picture.Write(path, func(w io.Writer) error {
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		return encoder.Encode(w, paletted(canvas.Image()))
	})
}

// positive reports whether any point can be shown on a logarithmic axis.
func (c *Chart) positive() bool {
	for _, curve := range c.Curves {
		for _, point := range curve.Points {
			if point.Value > 0 {
				return true
			}
		}
	}
	return false
}
