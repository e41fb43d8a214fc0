// Package matrix reads the batches that memories store and recall, (rows, columns) in float32 or float64, writes those they return, and finds
// orthonormal bases of their rows.
package matrix

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/fault"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Of returns the numbers of a contiguous tensor (rows, columns), or (columns) for one row, in float64: its own memory if it
// is of that dtype. With columns 0 any number of them is taken. Errors are those of Check.
func Of(t *tensor.Dense, columns int) ([]float64, int, error) {
	columns, err := Check(t, columns)
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

// Spins is Of for numbers that are all −1 or 1. Errors: those of Check, and ErrRange with the first place of another number.
func Spins(t *tensor.Dense, columns int) ([]float64, int, error) {
	return among(t, columns, -1, "−1 or 1")
}

// Bits is Of for numbers that are all 0 or 1. Errors: as for Spins.
func Bits(t *tensor.Dense, columns int) ([]float64, int, error) {
	return among(t, columns, 0, "0 or 1")
}

func among(t *tensor.Dense, columns int, low float64, want string) ([]float64, int, error) {
	x, columns, err := Of(t, columns)
	if err != nil {
		return nil, 0, err
	}
	for i, v := range x {
		if v != 1 && v != low {
			return nil, 0, fmt.Errorf("row %d, column %d is %v, want %s: %w", i/columns, i%columns, v, want, fault.ErrRange)
		}
	}
	return x, columns, nil
}

// Check says what is wrong with a tensor of rows, and how many columns it has. Errors: ErrShape, ErrDtype, ErrNotFinite.
func Check(t *tensor.Dense, columns int) (int, error) {
	if t == nil {
		return 0, fmt.Errorf("no tensor given: %w", fault.ErrShape)
	}
	want := "columns"
	if columns > 0 {
		want = fmt.Sprint(columns)
	}
	shape := t.Shape()
	if t.IsScalar() || len(shape) > 2 || shape.TotalSize() == 0 || columns > 0 && shape[len(shape)-1] != columns {
		return 0, fmt.Errorf("shape %v, want (rows, %s) with at least one row: %w", shape, want, fault.ErrShape)
	}
	if t.RequiresIterator() || !t.DataOrder().IsRowMajor() || t.DataSize() != shape.TotalSize() {
		return 0, fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps (clone it): %w", fault.ErrShape)
	}
	columns = shape[len(shape)-1]
	switch t.Dtype() {
	case tensor.Float32:
		return columns, finite(t.Float32s(), columns)
	case tensor.Float64:
		return columns, finite(t.Float64s(), columns)
	}
	return 0, fmt.Errorf("dtype %v, want float32 or float64: %w", t.Dtype(), fault.ErrDtype)
}

// finite returns an error with the first place of a number that is not finite.
func finite[T kernel.Float](x []T, columns int) error {
	if kernel.AllFinite(x) {
		return nil
	}
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("row %d, column %d is %v, want a finite number: %w", i/columns, i%columns, v, fault.ErrNotFinite)
		}
	}
	return nil
}

// Tensor returns numbers as a matrix of a dtype; in float64 it shares their memory.
func Tensor(dtype tensor.Dtype, numbers []float64, rows, columns int) *tensor.Dense {
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(numbers))
	}
	out := make([]float32, len(numbers))
	kernel.Convert(out, numbers)
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(out))
}
