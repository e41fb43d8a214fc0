package op

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// operand is one input or output of a kernel: contiguous, row major.
type operand[T kernel.Float] struct {
	data  []T
	shape tensor.Shape
}

func (o operand[T]) rows() int { return o.shape[0] }
func (o operand[T]) cols() int { return o.shape[1] }
func (o operand[T]) row(i int) []T {
	n := o.shape[1]
	return o.data[i*n : (i+1)*n]
}

// span is the numbers of rows lo to hi, or the number of a scalar.
func (o operand[T]) span(lo, hi int) []T {
	if len(o.shape) == 0 {
		return o.data
	}
	n := len(o.data) / o.shape[0]
	return o.data[lo*n : hi*n]
}

// kernelFunc computes rows lo to hi of dst from in. dst holds anything before, or one of in where the op works in place.
// Without a grain the kernel is called once, for all rows.
type kernelFunc[T kernel.Float] func(dst operand[T], in []operand[T], lo, hi int)

// runner is what an op keeps between its runs, so that a run allocates nothing.
type runner struct {
	shapes []tensor.Shape // of the inputs
	out    tensor.Shape   // of the result
	call32 call[float32]
	call64 call[float64]
}

// call is the running kernel with its operands.
type call[T kernel.Float] struct {
	kernel  kernelFunc[T]
	dst     operand[T]
	in      []operand[T]
	scalars []T // of the inputs and the result, which Gorgonia holds as numbers of other types
	part    func(lo, hi int)
}

// Do allocates its result.
func (o *fused) Do(in ...G.Value) (G.Value, error) {
	if err := o.fitValues(in); err != nil {
		return nil, err
	}
	var out G.Value
	switch dtype := in[0].Dtype(); {
	case o.rank > 0:
		out = tensor.New(tensor.Of(dtype), tensor.WithShape(o.out.Clone()...))
	case dtype == tensor.Float32:
		out = new(G.F32)
	default:
		out = new(G.F64)
	}
	return out, o.run(out, in, o.f32, o.f64)
}

// UsePreallocDo writes into a value that the machine owns: a contiguous tensor, or a *gorgonia.F32 or *gorgonia.F64 for a
// scalar. It allocates nothing but for the first time, and for copies of arguments that are not contiguous.
func (o *fused) UsePreallocDo(prealloc G.Value, in ...G.Value) (G.Value, error) {
	if err := o.fitValues(in); err != nil {
		return nil, err
	}
	if err := o.accept(prealloc, in[0].Dtype()); err != nil {
		return nil, err
	}
	return prealloc, o.run(prealloc, in, o.f32, o.f64)
}

// fitValues checks the shapes of the inputs and leaves that of the result in o.out.
func (o *fused) fitValues(in []G.Value) error {
	if o.shapes == nil {
		o.shapes, o.out = make([]tensor.Shape, len(o.ranks)), make(tensor.Shape, o.rank)
	}
	for i, v := range in {
		o.shapes[i] = v.Shape()
	}
	return o.fit(o.out, o.shapes)
}

// accept checks what a result is to be written into. Shapes are compared number by number, since tensor.Shape.Eq takes (n)
// and (n, 1) for equal.
func (o *fused) accept(out G.Value, dtype tensor.Dtype) error {
	switch out := out.(type) {
	case *tensor.Dense:
		if o.rank > 0 && out.Dtype() == dtype && slices.Equal(out.Shape(), o.out) && contiguous(out) {
			return nil
		}
		return fmt.Errorf("op: %s: preallocated result has shape %v, strides %v and dtype %v, want a contiguous tensor of shape %v and dtype %v: %w",
			o.name, out.Shape(), out.Strides(), out.Dtype(), o.out, dtype, ErrShape)
	case *G.F32:
		if o.rank == 0 && dtype == tensor.Float32 {
			return nil
		}
	case *G.F64:
		if o.rank == 0 && dtype == tensor.Float64 {
			return nil
		}
	}
	return fmt.Errorf("op: %s: preallocated result is a %T, want one of shape %v and dtype %v: %w", o.name, out, o.out, dtype, ErrShape)
}

// run runs one of two kernels. The shapes have been checked.
func (o *fused) run(out G.Value, in []G.Value, f32 kernelFunc[float32], f64 kernelFunc[float64]) error {
	var err error
	switch dtype := in[0].Dtype(); dtype {
	case tensor.Float32:
		err = o.call32.run(f32, o.check32, out, in, o.grain)
	case tensor.Float64:
		err = o.call64.run(f64, o.check64, out, in, o.grain)
	default:
		err = fmt.Errorf("dtype %v, want float32 or float64: %w", dtype, ErrDtype)
	}
	if err != nil {
		return fmt.Errorf("op: %s: %w", o.name, err)
	}
	return nil
}

func (c *call[T]) run(f kernelFunc[T], check func([]operand[T]) error, out G.Value, in []G.Value, grain int) error {
	if err := c.bind(out, in); err != nil {
		return err
	}
	if check != nil {
		if err := check(c.in); err != nil {
			return err
		}
	}
	rows := 1
	if len(c.dst.shape) > 0 {
		rows = c.dst.rows()
	}
	if grain == 0 {
		f(c.dst, c.in, 0, rows)
	} else {
		c.kernel = f
		width := max(len(c.dst.data), len(c.in[0].data)) / max(1, rows)
		kernel.Parallel(rows, grain/max(1, width), c.part)
	}
	switch out := out.(type) {
	case *G.F32:
		*out = G.F32(c.dst.data[0])
	case *G.F64:
		*out = G.F64(c.dst.data[0])
	}
	return nil
}

// bind makes operands of values.
func (c *call[T]) bind(out G.Value, in []G.Value) error {
	if c.in == nil {
		c.in, c.scalars = make([]operand[T], len(in)), make([]T, len(in)+1)
		c.part = func(lo, hi int) { c.kernel(c.dst, c.in, lo, hi) }
	}
	for i, v := range in {
		data, err := values(v, c.scalars[i:i+1])
		if err != nil {
			return fmt.Errorf("argument %d: %w", i, err)
		}
		c.in[i] = operand[T]{data, v.Shape()}
	}
	c.dst = operand[T]{c.scalars[len(in):], out.Shape()}
	if d, ok := out.(*tensor.Dense); ok {
		c.dst.data = Numbers[T](d)
	}
	return nil
}

// sized returns a slice of n elements with arbitrary contents, s itself where it is long enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// values returns the numbers of a value in row-major order, copied only where the tensor is a view that is not contiguous
// and where it is a scalar, which goes into the slice given for it.
func values[T kernel.Float](v G.Value, scalar []T) ([]T, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		data := Numbers[T](v)
		if data == nil {
			break
		}
		if contiguous(v) {
			return data, nil
		}
		ordered := make([]T, 0, v.Shape().TotalSize())
		it := v.Iterator()
		for i, err := it.Start(); err == nil; i, err = it.Next() {
			ordered = append(ordered, data[i])
		}
		return ordered, nil
	case *G.F32:
		if _, ok := any(scalar).([]float32); ok {
			scalar[0] = T(*v)
			return scalar, nil
		}
	case *G.F64:
		if _, ok := any(scalar).([]float64); ok {
			scalar[0] = T(*v)
			return scalar, nil
		}
	}
	return nil, fmt.Errorf("a %T of dtype %v, want %T: %w", v, v.Dtype(), scalar[0], ErrDtype)
}

// Numbers returns the memory of a tensor, nil where it is of another dtype. Its own Data allocates.
func Numbers[T kernel.Float](d *tensor.Dense) (data []T) {
	switch data := any(&data).(type) {
	case *[]float32:
		if d.Dtype() == tensor.Float32 {
			*data = d.Float32s()
		}
	case *[]float64:
		if d.Dtype() == tensor.Float64 {
			*data = d.Float64s()
		}
	}
	return data
}

// contiguous reports whether a tensor's data lies in row-major order without gaps.
func contiguous(t *tensor.Dense) bool {
	shape, strides := t.Shape(), t.Strides()
	if len(shape) == 0 {
		return true
	}
	if len(strides) != len(shape) {
		return len(shape) == 1 && len(strides) == 0
	}
	want := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if strides[i] != want && shape[i] != 1 {
			return false
		}
		want *= shape[i]
	}
	return t.DataSize() == want
}
