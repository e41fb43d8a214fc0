package dataset

import (
	"fmt"
	"math"
)

// Scaling brings every column to mean 0 and variance 1, as measured on the rows that it was made from: those of training, so
// that nothing of the rows held back leaks into it.
type Scaling struct {
	mean, factor []float64
}

// NewScaling measures the columns of rows, width values each: mean and deviation (over n, not n − 1). A column that is the
// same in all rows tells nothing, and Apply sets it to 0 wherever it is applied. It panics unless rows is a positive multiple
// of width.
func NewScaling(rows []float32, width int) *Scaling {
	if width < 1 || len(rows) == 0 || len(rows)%width != 0 {
		panic(fmt.Sprintf("dataset: NewScaling: %d values, want a positive multiple of width %d", len(rows), width))
	}
	s := &Scaling{make([]float64, width), make([]float64, width)}
	n := float64(len(rows) / width)
	for i, x := range rows {
		s.mean[i%width] += float64(x) / n
	}
	variance := make([]float64, width)
	constant := make([]bool, width)
	for j := range constant {
		constant[j] = true
	}
	for i, x := range rows {
		j := i % width
		variance[j] += (float64(x) - s.mean[j]) * (float64(x) - s.mean[j]) / n
		constant[j] = constant[j] && x == rows[j]
	}
	for j, v := range variance {
		if !constant[j] && v > 0 { // a variance below the smallest number counts as none
			s.factor[j] = 1 / math.Sqrt(v)
		}
	}
	return s
}

// Apply scales rows in place.
func (s *Scaling) Apply(rows []float32) {
	width := len(s.mean)
	for i, x := range rows {
		rows[i] = float32((float64(x) - s.mean[i%width]) * s.factor[i%width])
	}
}

// Varying is the number of columns that Apply does not set to 0.
func (s *Scaling) Varying() int {
	n := 0
	for _, f := range s.factor {
		if f != 0 {
			n++
		}
	}
	return n
}
