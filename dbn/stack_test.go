package dbn_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/mnist"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/training"
)

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// must is for what a test takes for granted.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// matrix is the rows as a tensor.
func matrix(dtype tensor.Dtype, rows [][]float64) *tensor.Dense {
	t := tensor.New(tensor.Of(dtype), tensor.WithShape(len(rows), len(rows[0])))
	for i, row := range rows {
		for j, x := range row {
			if dtype == tensor.Float32 {
				t.Float32s()[i*len(row)+j] = float32(x)
			} else {
				t.Float64s()[i*len(row)+j] = x
			}
		}
	}
	return t
}

// numbers copies the numbers of a tensor.
func numbers(t *tensor.Dense) []float64 {
	out := make([]float64, t.Shape().TotalSize())
	for i := range out {
		if t.Dtype() == tensor.Float32 {
			out[i] = float64(t.Float32s()[i])
		} else {
			out[i] = t.Float64s()[i]
		}
	}
	return out
}

const (
	bar    = 0
	stripe = 1
)

// bars returns the 30 patterns of 4×4 bars and stripes and the class of each; the two that are both count as bars.
func bars(dtype tensor.Dtype) (*tensor.Dense, []int) {
	rows := dataset.BarsAndStripes(4, false)
	labels := make([]int, len(rows))
	for i := range labels {
		if i >= 16 {
			labels[i] = stripe
		}
	}
	return matrix(dtype, rows), labels
}

// grey returns rows of grey values that are all different.
func grey(dtype tensor.Dtype, rows, columns int) *tensor.Dense {
	x := make([][]float64, rows)
	for i := range x {
		x[i] = make([]float64, columns)
		for j := range x[i] {
			x[i][j] = 0.5 + 0.5*math.Sin(float64(1+i*columns+j)*1.7)
		}
	}
	return matrix(dtype, x)
}

// digits are the real ones, read once.
var digits = sync.OnceValues(func() (*dataset.Digits, error) { return mnist.Load(context.Background()) })

// someDigits returns rows lo … hi−1 of the training digits.
func someDigits(t testing.TB, lo, hi int) (*tensor.Dense, []int) {
	if testing.Short() {
		t.Skip("reads all of MNIST")
	}
	d, err := digits()
	require.NoError(t, err)
	n := d.Train.Rows * d.Train.Cols
	return tensor.New(tensor.WithShape(hi-lo, n), tensor.WithBacking(d.Train.Pixels[lo*n:hi*n])), d.TrainLabels[lo:hi]
}

// weights copies all parameters by name.
func weights(ls ...layers.Layer) map[string][]float64 {
	all := map[string][]float64{}
	for _, l := range ls {
		for _, p := range l.Params() {
			all[p.Name()] = p.Float64s()
		}
	}
	return all
}

// scale gives the weights a size at which nothing is nearly linear, and the biases and offsets values other than 0.
func scale(l layers.Layer) {
	for k, p := range l.Params() {
		x := p.Float64s()
		for i := range x {
			x[i] = 40*x[i] + 0.3*math.Cos(float64(i+k))
		}
		if err := p.Set(x); err != nil {
			panic(err)
		}
	}
}

func wrong(got, want []int) int {
	n := 0
	for i := range got {
		if got[i] != want[i] {
			n++
		}
	}
	return n
}

// history is a report without the clock's part.
func history(r *training.Report) string {
	s := fmt.Sprint(r.Steps, r.Convention)
	for _, e := range r.Epochs {
		e.Elapsed = 0
		s += fmt.Sprintf("; %+v", e)
	}
	return s
}

func newStack(config dbn.Config) *dbn.DBN { return must(dbn.New("net", config)) }
