package op

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"slices"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Errors that callers of the library test for; energy re-exports them.
var (
	ErrShape = errors.New("wrong shape")
	ErrDtype = errors.New("wrong dtype")
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

// kernelFunc computes dst from in. dst is zeroed.
type kernelFunc[T kernel.Float] func(dst operand[T], in []operand[T])

// fused is a Gorgonia op. name identifies the op and all its parameters: two ops of one name are the same function.
type fused struct {
	name  string
	ranks []int // of the inputs
	rank  int   // of the result
	shape func(in []tensor.Shape) (tensor.Shape, error)
	f32   kernelFunc[float32]
	f64   kernelFunc[float64]

	// diff returns the gradient with regard to each input, nil where wrt is false.
	diff func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
	wrt  []bool

	// salt tells this op from one whose node collides with its own in Gorgonia's 32-bit hash.
	salt int
}

var (
	_ G.SDOp            = (*fused)(nil)
	_ G.UsePreallocDoer = (*fused)(nil)
)

// apply adds the op to the graph of its arguments.
func (o *fused) apply(args ...*G.Node) (*G.Node, error) { return o.applyAs(o, args) }

// applyAs adds op, which is o or embeds it.
func (o *fused) applyAs(op G.Op, args G.Nodes) (*G.Node, error) {
	for i, a := range args {
		if a == nil {
			return nil, fmt.Errorf("op: %s: argument %d is nil, want a node of rank %d: %w", o.name, i, o.ranks[i], ErrShape)
		}
		if a.Dims() != o.ranks[i] {
			return nil, fmt.Errorf("op: %s: argument %d has shape %v, want rank %d: %w", o.name, i, a.Shape(), o.ranks[i], ErrShape)
		}
		if dt := a.Dtype(); dt != tensor.Float32 && dt != tensor.Float64 || dt != args[0].Dtype() {
			return nil, fmt.Errorf("op: %s: argument %d has dtype %v, argument 0 %v; want one of float32 and float64: %w",
				o.name, i, dt, args[0].Dtype(), ErrDtype)
		}
	}
	if err := o.makeUnique(args); err != nil {
		return nil, err
	}
	return G.ApplyOp(op, args...)
}

func (o *fused) Arity() int { return len(o.ranks) }

func (o *fused) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.ranks)+1)
	for _, r := range append(o.ranks[:len(o.ranks):len(o.ranks)], o.rank) {
		if r == 0 {
			types = append(types, hm.TypeVariable('a'))
		} else {
			types = append(types, G.TensorType{Dims: r, Of: hm.TypeVariable('a')})
		}
	}
	return hm.NewFnType(types...)
}

func (o *fused) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	return o.checkedShape(shapes)
}

func (o *fused) checkedShape(in []tensor.Shape) (tensor.Shape, error) {
	for i, s := range in {
		if s.Dims() != o.ranks[i] {
			return nil, fmt.Errorf("op: %s: argument %d has shape %v, want rank %d: %w", o.name, i, s, o.ranks[i], ErrShape)
		}
	}
	s, err := o.shape(in)
	if err != nil {
		return nil, fmt.Errorf("op: %s: %w", o.name, err)
	}
	return s, nil
}

func (o *fused) Do(in ...G.Value) (G.Value, error) {
	shapes := make([]tensor.Shape, len(in))
	for i, v := range in {
		shapes[i] = v.Shape()
	}
	shape, err := o.checkedShape(shapes)
	if err != nil {
		return nil, err
	}
	dtype := in[0].Dtype()
	if o.rank == 0 {
		return o.doScalar(dtype, in)
	}
	out := tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	return out, o.run(dtype, out, in)
}

func (o *fused) doScalar(dtype tensor.Dtype, in []G.Value) (G.Value, error) {
	out := tensor.New(tensor.Of(dtype), tensor.WithShape(1))
	if err := o.run(dtype, out, in); err != nil {
		return nil, err
	}
	switch data := out.Data().(type) {
	case []float32:
		return G.NewF32(data[0]), nil
	default:
		return G.NewF64(data.([]float64)[0]), nil
	}
}

// UsePreallocDo writes into a tensor that the machine owns. Scalars are made anew: Gorgonia's are values. Shapes are compared
// number by number, since tensor.Shape.Eq takes (n) and (n, 1) for equal.
func (o *fused) UsePreallocDo(prealloc G.Value, in ...G.Value) (G.Value, error) {
	if o.rank == 0 {
		return o.Do(in...)
	}
	shapes := make([]tensor.Shape, len(in))
	for i, v := range in {
		shapes[i] = v.Shape()
	}
	shape, err := o.checkedShape(shapes)
	if err != nil {
		return nil, err
	}
	out, ok := prealloc.(*tensor.Dense)
	if !ok {
		return nil, fmt.Errorf("op: %s: preallocated result is a %T, want a tensor: %w", o.name, prealloc, ErrShape)
	}
	if out.Dtype() != in[0].Dtype() || !slices.Equal(out.Shape(), shape) || !contiguous(out) {
		return nil, fmt.Errorf("op: %s: preallocated result has shape %v, strides %v and dtype %v, want a contiguous tensor of shape %v and dtype %v: %w",
			o.name, out.Shape(), out.Strides(), out.Dtype(), shape, in[0].Dtype(), ErrShape)
	}
	out.Zero()
	return out, o.run(out.Dtype(), out, in)
}

func (o *fused) run(dtype tensor.Dtype, out *tensor.Dense, in []G.Value) error {
	switch dtype {
	case tensor.Float32:
		return runKernel(o.name, o.f32, out, in)
	case tensor.Float64:
		return runKernel(o.name, o.f64, out, in)
	}
	return fmt.Errorf("op: %s: dtype %v, want float32 or float64: %w", o.name, dtype, ErrDtype)
}

func runKernel[T kernel.Float](name string, f kernelFunc[T], out *tensor.Dense, in []G.Value) error {
	args := make([]operand[T], len(in))
	for i, v := range in {
		data, err := values[T](v)
		if err != nil {
			return fmt.Errorf("op: %s: argument %d: %w", name, i, err)
		}
		args[i] = operand[T]{data, v.Shape()}
	}
	f(operand[T]{out.Data().([]T), out.Shape()}, args)
	return nil
}

// values returns the numbers of a value in row-major order, copied only where the tensor is a view that is not contiguous.
func values[T kernel.Float](v G.Value) ([]T, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		data, ok := v.Data().([]T)
		if !ok {
			return nil, fmt.Errorf("a tensor of %v, want %T: %w", v.Dtype(), data, ErrDtype)
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
	case G.Scalar:
		if x, ok := v.Data().(T); ok {
			return []T{x}, nil
		}
	}
	return nil, fmt.Errorf("a %T of dtype %v: %w", v, v.Dtype(), ErrDtype)
}

// contiguous reports whether a tensor's data lies in row-major order without gaps.
func contiguous(t *tensor.Dense) bool {
	want := t.Shape().CalcStrides()
	got := t.Strides()
	if len(got) != len(want) {
		return len(want) <= 1 && len(got) <= 1
	}
	for i := range want {
		if got[i] != want[i] && t.Shape()[i] != 1 {
			return false
		}
	}
	return t.Shape().TotalSize() == t.DataSize()
}

func (o *fused) DiffWRT(int) []bool { return o.wrt }

func (o *fused) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("op: %s has no gradient", o.name)
	}
	return o.diff(in, out, grad)
}

func (o *fused) ReturnsPtr() bool     { return true }
func (o *fused) CallsExtern() bool    { return false }
func (o *fused) OverwritesInput() int { return -1 }
func (o *fused) String() string       { return o.name }

func (o *fused) WriteHash(h hash.Hash) { fmt.Fprintf(h, "harmonium.%s#%d", o.name, o.salt) }

func (o *fused) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// sameShape is the shape rule of elementwise ops: every argument is shaped like the first.
func sameShape(in []tensor.Shape) (tensor.Shape, error) {
	for i, s := range in {
		if !slices.Equal(s, in[0]) {
			return nil, fmt.Errorf("argument %d has shape %v, argument 0 %v: %w", i, s, in[0], ErrShape)
		}
	}
	return in[0].Clone(), nil
}

// none is the wrt of a gradient op of n inputs.
func none(n int) []bool { return make([]bool, n) }
