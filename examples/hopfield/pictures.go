package main

import (
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/picture"
)

// shown is how many digits are drawn.
const shown = 20

// recallPicture draws the first digits of each list, a line each: the digits; with noise, fallen, annealed; halved, fallen, annealed.
func (t *task) recallPicture(rule associative.Rule, noise, half []float32, r *result) error {
	const scale = 2
	count := min(shown, t.stored)
	var rows []float32
	for _, list := range [][]float32{
		t.digits, noise, r.noise.States.Float32s(), r.annealedNoise.States.Float32s(), half, r.half.States.Float32s(), r.annealedHalf.States.Float32s(),
	} {
		for _, v := range list[:count*t.pixels()] {
			rows = append(rows, (v+1)/2)
		}
	}
	path := filepath.Join(t.out, file("recall", rule))
	if err := dataset.WriteGrid(path, rows, t.width, t.height, count, scale); err != nil {
		return err
	}
	fmt.Fprintf(t.words, "  wrote %s\n", path)
	return nil
}

var (
	fallingColor   = color.NRGBA{R: 0xd5, G: 0x5e, A: 0x90}
	annealingColor = color.NRGBA{G: 0x72, B: 0xb2, A: 0x90}
	storedColor    = color.NRGBA{A: 0xff}
)

// energyPicture draws the energy of the first digits with noise after every sweep.
func (t *task) energyPicture(r *result) error {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("Recall of digits with noise, %v", r.rule)
	p.X.Label.Text, p.Y.Label.Text = "sweep", "energy (−1: mean of the stored digits)"
	p.Legend.Top, p.Legend.YOffs, p.Legend.Padding, p.X.Min = true, vg.Points(-6), vg.Points(2), 0
	longest := 0
	for _, c := range []struct {
		name   string
		color  color.Color
		traces [][]float64
	}{{"annealing", annealingColor, r.annealedNoise.Trace}, {"falling", fallingColor, r.noise.Trace}} {
		for k, trace := range c.traces[:min(shown, t.stored)] {
			longest = max(longest, len(trace)-1)
			line := energyLine(trace, -r.energy, c.color)
			p.Add(line)
			if k == 0 {
				p.Legend.Add(c.name, line)
			}
		}
	}
	stored := energyLine([]float64{-1, -1}, 1, storedColor)
	stored.XYs[1].X = float64(longest)
	stored.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(stored)
	p.X.Max = 1.02 * float64(longest)
	p.Legend.Add("mean of the stored digits", stored)
	path := filepath.Join(t.out, file("energy", r.rule))
	canvas := vgimg.NewWith(vgimg.UseWH(6*vg.Inch, 3.75*vg.Inch), vgimg.UseDPI(192))
	p.Draw(draw.New(canvas))
	err := picture.Write(path, func(w io.Writer) error {
		_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.words, "  wrote %s\n", path)
	return nil
}

func energyLine(trace []float64, unit float64, c color.Color) *plotter.Line {
	points := make(plotter.XYs, len(trace))
	for s, e := range trace {
		points[s] = plotter.XY{X: float64(s), Y: e / unit}
	}
	style := plotter.DefaultLineStyle
	style.Color, style.Width = c, vg.Points(0.75)
	return &plotter.Line{XYs: points, LineStyle: style}
}

// file names a picture of a rule.
func file(what string, rule associative.Rule) string {
	return what + "-" + strings.ReplaceAll(rule.String(), " ", "-") + ".png"
}
