package op

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// addFunc computes dst = alpha·op(in), or dst += alpha·op(in) where accumulate is set.
type addFunc[T kernel.Float] func(dst operand[T], in []operand[T], alpha T, accumulate bool)

// accumulating is an op that can add its result to numbers that are there already, for sums of gradients and for steps along
// a gradient. Memory that is added to must not be an argument's.
type accumulating struct {
	fused
	alpha float64 // of the running AddTo
	add32 kernelFunc[float32]
	add64 kernelFunc[float64]
}

var _ G.IncrDoer = (*accumulating)(nil)

func accumulator(o fused, f32 addFunc[float32], f64 addFunc[float64]) *accumulating {
	a := &accumulating{fused: o}
	a.f32, a.add32 = kernels(a, f32)
	a.f64, a.add64 = kernels(a, f64)
	return a
}

// kernels returns the kernel of the op and that of AddTo.
func kernels[T kernel.Float](o *accumulating, f addFunc[T]) (set, add kernelFunc[T]) {
	return func(dst operand[T], in []operand[T], _, _ int) { f(dst, in, 1, false) },
		func(dst operand[T], in []operand[T], _, _ int) { f(dst, in, T(o.alpha), true) }
}

// IncrDo adds the result to a tensor. It satisfies gorgonia.IncrDoer.
func (o *accumulating) IncrDo(to G.Value, in ...G.Value) error { return o.AddTo(to, 1, in...) }

// AddTo adds alpha times the result to a contiguous tensor. It allocates no more than UsePreallocDo does.
func (o *accumulating) AddTo(to G.Value, alpha float64, in ...G.Value) error {
	if err := o.fitValues(in); err != nil {
		return err
	}
	if err := o.accept(to, in[0].Dtype()); err != nil {
		return err
	}
	o.alpha = alpha
	return o.run(to, in, o.add32, o.add64)
}

func (o *accumulating) apply(args ...*G.Node) (*G.Node, error) { return o.applyAs(o, args) }
