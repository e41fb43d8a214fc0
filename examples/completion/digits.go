package main

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/dataset"
)

// digits are small black and white pictures with their classes.
type digits struct {
	pixels []float32 // 0 and 1
	labels []int
}

// halved gives a pixel to each square of four, 1 where their mean is above one half.
func halved(im *dataset.Images, labels []int) digits {
	d := digits{labels: labels}
	for i := range im.N {
		picture := im.Pixels[i*im.Rows*im.Cols:]
		for y := 0; y+1 < im.Rows; y += 2 {
			for x := 0; x+1 < im.Cols; x += 2 {
				at := y*im.Cols + x
				pixel := float32(0)
				if picture[at]+picture[at+1]+picture[at+im.Cols]+picture[at+im.Cols+1] > 2 {
					pixel = 1
				}
				d.pixels = append(d.pixels, pixel)
			}
		}
	}
	return d
}

func (d digits) len() int { return len(d.labels) }

// features are the pixels, (digits, pixels).
func (d digits) features() *tensor.Dense {
	return tensor.New(tensor.WithShape(d.len(), len(d.pixels)/d.len()), tensor.WithBacking(d.pixels))
}

// rows are the pixels and behind them a one-hot class, (digits, pixels + classes).
func (d digits) rows(classes int) *tensor.Dense {
	n := len(d.pixels) / d.len()
	x := make([]float32, 0, d.len()*(n+classes))
	for i, label := range d.labels {
		x = append(append(x, d.pixels[i*n:(i+1)*n]...), make([]float32, classes)...)
		x[len(x)-classes+label] = 1
	}
	return tensor.New(tensor.WithShape(d.len(), n+classes), tensor.WithBacking(x))
}

// withHoles is rows without the lower halves of the pictures and without their classes.
func (t *task) withHoles(rows []float32) *tensor.Dense {
	x, n := append([]float32(nil), rows...), t.visible.Len()
	for i := range x {
		if i%n >= t.pixels/2 {
			x[i] = float32(math.NaN())
		}
	}
	return tensor.New(tensor.WithShape(len(x)/n, n), tensor.WithBacking(x))
}

// meanPicture is the share of wrong pixels of a completion that knows the pixels' means only.
func (t *task) meanPicture() (share float64) {
	means := make([]float64, t.pixels)
	for i, x := range t.train.pixels {
		means[i%t.pixels] += float64(x) / float64(t.train.len())
	}
	for i, x := range t.test.pixels[:t.holes*t.pixels] {
		if j := i % t.pixels; j >= t.pixels/2 && (means[j] > 0.5) != (x > 0.5) {
			share += 1 / float64(t.holes*(t.pixels-t.pixels/2))
		}
	}
	return share
}

// wrong is the share of classes that are not the labels.
func wrong(classes, labels []int) (share float64) {
	for i, class := range classes {
		if class != labels[i] {
			share += 1 / float64(len(labels))
		}
	}
	return share
}
