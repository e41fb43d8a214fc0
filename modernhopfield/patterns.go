package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// patterns are stored patterns in float64, in which the theory is computed whatever the precision of the memory.
type patterns struct {
	n, d    int
	x       []float64 // (n, d)
	largest float64   // M = max |x_i|
}

// newPatterns reads a contiguous (N, d) tensor of finite float32 or float64 numbers.
func newPatterns(t *tensor.Dense) (*patterns, error) {
	x, d, err := rowsOf(t, 0)
	if err != nil {
		return nil, fmt.Errorf("patterns: %w", err)
	}
	p := &patterns{n: len(x) / d, d: d, x: x}
	for i := range p.n {
		p.largest = max(p.largest, norm(p.row(i)))
	}
	return p, nil
}

func (p *patterns) row(i int) []float64 { return p.x[i*p.d : (i+1)*p.d] }

// rowsOf returns the numbers of a contiguous tensor (rows, columns), or (columns) for one row, in float64: its own memory if it
// is of that dtype. With columns 0 any number of them is taken.
func rowsOf(t *tensor.Dense, columns int) ([]float64, int, error) {
	columns, err := checkRows(t, columns)
	if err != nil {
		return nil, 0, err
	}
	if t.Dtype() == tensor.Float64 {
		return t.Float64s(), columns, nil
	}
	x := make([]float64, t.DataSize())
	kernel.Convert(x, t.Float32s())
	return x, columns, nil
}

// checkRows says what is wrong with a tensor of rows, and how many columns it has.
func checkRows(t *tensor.Dense, columns int) (int, error) {
	if t == nil {
		return 0, fmt.Errorf("no tensor given: %w", energy.ErrShape)
	}
	want := "columns"
	if columns > 0 {
		want = fmt.Sprint(columns)
	}
	shape := t.Shape()
	if t.IsScalar() || len(shape) > 2 || shape.TotalSize() == 0 || columns > 0 && shape[len(shape)-1] != columns {
		return 0, fmt.Errorf("shape %v, want (rows, %s) with at least one row: %w", shape, want, energy.ErrShape)
	}
	if t.RequiresIterator() || !t.DataOrder().IsRowMajor() || t.DataSize() != shape.TotalSize() {
		return 0, fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps (clone it): %w", energy.ErrShape)
	}
	columns = shape[len(shape)-1]
	switch t.Dtype() {
	case tensor.Float32:
		return columns, finite(t.Float32s(), columns)
	case tensor.Float64:
		return columns, finite(t.Float64s(), columns)
	}
	return 0, fmt.Errorf("dtype %v, want float32 or float64: %w", t.Dtype(), energy.ErrDtype)
}

// finite returns an error with the first place of a number that is not finite.
func finite[T kernel.Float](x []T, columns int) error {
	if kernel.AllFinite(x) {
		return nil
	}
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("row %d, column %d is %v, want a finite number: %w", i/columns, i%columns, v, energy.ErrNotFinite)
		}
	}
	return nil
}

// checkBeta says what is wrong with an inverse temperature.
func checkBeta(beta float64) error {
	if !(beta > 0) || math.IsInf(beta, 0) {
		return fmt.Errorf("β is %g, want a number above 0: %w", beta, energy.ErrConfig)
	}
	return nil
}

func norm(x []float64) float64 { return math.Sqrt(kernel.Dot(x, x)) }

// distance is |x − y|, from the differences themselves: the squares of close patterns would cancel.
func distance[T, S kernel.Float](x []T, y []S) float64 {
	var sum float64
	for i, v := range x {
		d := float64(v) - float64(y[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
