package experiment

import (
	"fmt"
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
	chartWidth  = 6.5 * vg.Inch
	chartHeight = 3.75 * vg.Inch
	resolution  = 192 // dots an inch, twice what screens have
)

// palette tells curves apart also for readers who do not tell red from green.
//
// Source: M. Okabe, K. Ito, "Color Universal Design" (2008); its yellow is left out, which is too light for lines.
var palette = []color.Color{
	color.RGBA{0, 0, 0, 255}, color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255},
	color.RGBA{204, 121, 167, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{86, 180, 233, 255}, color.RGBA{120, 120, 120, 255},
}

// chart is curves with intervals, and a legend beside them.
type chart struct {
	title, x, y string
	legend      string // above the names
	curves      []curve
	low, high   float64 // of y; from the curves where both are 0
	logarithmic bool    // y
	fromZero    bool    // x
	whole       bool    // x has whole numbers
}

// curve is points joined by a line.
type curve struct {
	name   string
	points []point
	// law is a curve that is computed: a dashed line without points.
	law bool
	// loose points are not joined.
	loose bool
	// hue is the number of a colour; 0 means the next one.
	hue int
}

type point struct {
	x float64
	y Estimate
}

func (c *curve) add(x float64, y Estimate) { c.points = append(c.points, point{x, y}) }

// newPlot is an empty plot in the style of this package.
func newPlot() *plot.Plot {
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

// write writes the chart.
func (c *chart) write(what, path string) error {
	p := newPlot()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x, c.y
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	if c.logarithmic = c.logarithmic && c.positive(); c.logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	}
	if c.whole {
		p.X.Tick.Marker = roundTicks{least: 1}
	}
	legend := p.Legend
	legend.Top, legend.Left = true, true
	legend.ThumbnailWidth, legend.Padding = vg.Points(18), vg.Points(2)
	if c.legend != "" {
		legend.Add(c.legend)
	}
	for k, curve := range c.curves {
		if curve.hue == 0 {
			curve.hue = k + 1
		}
		thumbs, err := curve.draw(p, c.logarithmic)
		if err != nil {
			return fmt.Errorf("experiment: %s: Plot %q: %w", what, path, err)
		}
		legend.Add(curve.name, thumbs...)
	}
	if c.low != 0 || c.high != 0 {
		p.Y.Min, p.Y.Max = c.low, c.high
	}
	if c.fromZero {
		p.X.Min = 0
	}
	if c.logarithmic { // whole decades, one or more
		first, last := math.Floor(math.Log10(p.Y.Min)), math.Ceil(math.Log10(p.Y.Max))
		p.Y.Min, p.Y.Max = math.Pow(10, first), math.Pow(10, max(first+1, last))
	}
	return writePNG(what, path, chartWidth, chartHeight, func(canvas draw.Canvas) {
		whole := draw.Crop(canvas, vg.Points(6), -vg.Points(6), vg.Points(6), -vg.Points(6))
		box := legend.Rectangle(whole)
		width := box.Max.X - box.Min.X
		p.Draw(draw.Crop(whole, 0, -width-vg.Points(12), 0, 0))
		legend.Draw(draw.Crop(whole, whole.Max.X-whole.Min.X-width, 0, 0, -vg.Points(24)))
	})
}

// draw adds a curve to a plot, and returns what stands for it in the legend.
func (c *curve) draw(p *plot.Plot, logarithmic bool) ([]plot.Thumbnailer, error) {
	hue := palette[(c.hue-1)%len(palette)]
	var xys plotter.XYs
	var bars plotter.YErrors
	for _, point := range c.points {
		if logarithmic && !(point.y.Value > 0) {
			continue // a logarithm shows no zero
		}
		low := point.y.Low
		if logarithmic && !(low > 0) {
			low = point.y.Value
		}
		xys = append(xys, plotter.XY{X: point.x, Y: point.y.Value})
		bars = append(bars, struct{ Low, High float64 }{point.y.Value - low, point.y.High - point.y.Value})
	}
	if len(xys) == 0 {
		return nil, nil
	}
	line, err := plotter.NewLine(xys)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = hue, vg.Points(1.25)
	if c.law {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(line)
		return []plot.Thumbnailer{line}, nil
	}
	scatter, err := plotter.NewScatter(xys)
	if err != nil {
		return nil, err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: hue, Radius: vg.Points(2.25), Shape: draw.CircleGlyph{}}
	if c.hue > len(palette) {
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
	if c.loose {
		p.Add(errorBars, scatter)
		return []plot.Thumbnailer{scatter}, nil
	}
	p.Add(line, errorBars, scatter)
	return []plot.Thumbnailer{line, scatter}, nil
}

// writePNG draws a picture and writes it: whole, or not at all.
func writePNG(what, path string, width, height vg.Length, drawOn func(draw.Canvas)) error {
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))
	drawOn(draw.New(canvas))
	err := picture.Write(path, func(w io.Writer) error {
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		return encoder.Encode(w, paletted(canvas.Image()))
	})
	if err != nil {
		return fmt.Errorf("experiment: %s: Plot %q: %w", what, path, err)
	}
	return nil
}

// known is a number without an interval.
func known(v float64) Estimate { return Estimate{v, v, v} }

// positive reports whether any point can be shown on a logarithmic axis.
func (c *chart) positive() bool {
	for _, curve := range c.curves {
		for _, point := range curve.points {
			if point.y.Value > 0 {
				return true
			}
		}
	}
	return false
}
