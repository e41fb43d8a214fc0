package dbn

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
)

// passRows is how many rows go through a layer at once, off the graph.
const passRows = 1000

// inDtype returns x, or a copy of it in the other precision.
func inDtype(x *tensor.Dense, dtype tensor.Dtype) *tensor.Dense {
	if x.Dtype() == dtype {
		return x
	}
	out := tensor.New(tensor.Of(dtype), tensor.WithShape(x.Shape()...))
	switch from := x.Data().(type) {
	case []float32:
		kernel.Convert(out.Data().([]float64), from)
	case []float64:
		kernel.Convert(out.Data().([]float32), from)
	}
	return out
}

// hiddenMeans returns E[h|v] of all rows.
func hiddenMeans(r *layers.RBM, x *tensor.Dense) *tensor.Dense { return pass(r, x, true) }

// visibleMeans returns E[v|h] of all rows.
func visibleMeans(r *layers.RBM, h *tensor.Dense) *tensor.Dense { return pass(r, h, false) }

func pass(r *layers.RBM, x *tensor.Dense, up bool) *tensor.Dense {
	if r.Dtype() == tensor.Float32 {
		return passIn[float32](r, x, up)
	}
	return passIn[float64](r, x, up)
}

func passIn[T kernel.Float](r *layers.RBM, x *tensor.Dense, up bool) *tensor.Dense {
	p := plain[T](r)
	from, to, through := p.VisibleLen, p.HiddenLen, p.HiddenMean
	if !up {
		from, to, through = p.HiddenLen, p.VisibleLen, p.VisibleMean
	}
	rows := x.Shape()[0]
	in, out := x.Data().([]T), make([]T, rows*to)
	for lo := 0; lo < rows; lo += passRows {
		hi := min(lo+passRows, rows)
		through(out[lo*to:hi*to], in[lo*from:hi*from], hi-lo)
	}
	return tensor.New(tensor.WithShape(rows, to), tensor.WithBacking(out))
}

// plain reads a machine whose dtype the caller has looked at.
func plain[T kernel.Float](r *layers.RBM) layers.Plain[T] {
	p, err := layers.PlainOf[T](r)
	if err != nil {
		panic(fmt.Sprintf("dbn: %v", err))
	}
	return p
}

// widen returns the rows of x with extra columns behind, filled by a function where it is not nil.
func widen(x *tensor.Dense, extra int, fill func(row, column int) float64) *tensor.Dense {
	rows, n := x.Shape()[0], x.Shape()[1]
	out := tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(rows, n+extra))
	switch from := x.Data().(type) {
	case []float32:
		widenInto(out.Data().([]float32), from, n, extra, fill)
	case []float64:
		widenInto(out.Data().([]float64), from, n, extra, fill)
	}
	return out
}

func widenInto[T kernel.Float](dst, src []T, n, extra int, fill func(row, column int) float64) {
	for i := 0; i*n < len(src); i++ {
		row := dst[i*(n+extra) : (i+1)*(n+extra)]
		copy(row, src[i*n:(i+1)*n])
		for j := range extra {
			if fill != nil {
				row[n+j] = T(fill(i, j))
			}
		}
	}
}

// withLabels returns the rows with one-hot classes behind.
func withLabels(x *tensor.Dense, labels []int, classes int) *tensor.Dense {
	return widen(x, classes, func(i, j int) float64 {
		if labels[i] == j {
			return 1
		}
		return 0
	})
}

// narrow returns the rows without their last columns.
func narrow(x *tensor.Dense, n int) *tensor.Dense {
	rows, width := x.Shape()[0], x.Shape()[1]
	out := tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(rows, n))
	for i := range rows {
		switch from := x.Data().(type) {
		case []float32:
			copy(out.Data().([]float32)[i*n:(i+1)*n], from[i*width:])
		case []float64:
			copy(out.Data().([]float64)[i*n:(i+1)*n], from[i*width:])
		}
	}
	return out
}
