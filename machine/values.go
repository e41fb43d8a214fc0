package machine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// sameShape compares number by number: to tensor.Shape.Eq, (n) and (n, 1) are equal.
func sameShape(a, b tensor.Shape) bool { return slices.Equal(a, b) }

// shapes lists the shapes of values.
func shapes(values []G.Value) []tensor.Shape {
	all := make([]tensor.Shape, len(values))
	for i, v := range values {
		all[i] = v.Shape()
	}
	return all
}

// contiguous reports whether a tensor's numbers lie in row-major order without gaps.
func contiguous(t *tensor.Dense) bool {
	shape, strides, want := t.Shape(), t.Strides(), 1
	for i := len(shape) - 1; i >= 0; i-- {
		if i < len(strides) && strides[i] != want && shape[i] != 1 {
			return false
		}
		want *= shape[i]
	}
	return len(strides) == len(shape) || len(shape) == 1
}

// axpy adds alpha·src to dst, a contiguous tensor of the same shape.
func axpy(alpha float64, src, dst G.Value) error {
	from, ok1 := src.(*tensor.Dense)
	to, ok2 := dst.(*tensor.Dense)
	if !ok1 || !ok2 || from.Dtype() != to.Dtype() {
		return fmt.Errorf("a %T of %v is added to a %T of %v, want tensors of one dtype: %w", src, src.Dtype(), dst, dst.Dtype(), ErrDtype)
	}
	if !contiguous(from) {
		from = tensor.New(tensor.Of(from.Dtype()), tensor.WithShape(from.Shape()...))
		if _, err := G.Copy(from, src); err != nil {
			return err
		}
	}
	switch to.Dtype() {
	case tensor.Float32:
		kernel.Axpy(float32(alpha), from.Float32s(), to.Float32s())
	case tensor.Float64:
		kernel.Axpy(alpha, from.Float64s(), to.Float64s())
	}
	return nil
}

// overlap reports whether two values share memory.
func overlap(a, b G.Value) bool {
	if a.MemSize() == 0 || b.MemSize() == 0 {
		return false // and there is no address
	}
	return a.Uintptr() < b.Uintptr()+b.MemSize() && b.Uintptr() < a.Uintptr()+a.MemSize()
}
