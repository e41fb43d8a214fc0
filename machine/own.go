package machine

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// An ownOp is one of this library's: UsePreallocDo writes into what it is given, of the shape that InferShape says, and
// InPlace lists the arguments that the result may be written over.
type ownOp interface {
	G.Op
	G.UsePreallocDoer
	InPlace() []int
}

// ownWork runs an own op.
type ownWork struct {
	op      ownOp
	inPlace []int
}

func (w *ownWork) do(l *layout, s *step) error {
	dst := l.values[s.out]
	if dst == nil {
		shape, err := w.op.InferShape(G.ShapesToDimSizers(shapes(s.args))...)
		if err != nil {
			return err
		}
		dst = l.place(s, shape, w.inPlace...)
	}
	_, err := w.op.UsePreallocDo(dst, s.args...)
	return err
}

// An adder is an own op that can add alpha times its result to a tensor.
type adder interface {
	ownOp
	AddTo(to G.Value, alpha float64, in ...G.Value) error
}

// addition adds alpha times something to a tensor: what an adder makes of the arguments or, without one, the only argument.
type addition struct {
	op adder
}

func (a addition) addTo(dst G.Value, alpha float64, args []G.Value) error {
	if a.op != nil {
		return a.op.AddTo(dst, alpha, args...)
	}
	if !sameShape(dst.Shape(), args[0].Shape()) {
		return fmt.Errorf("shape %v is added to %v, want equal ones: %w", args[0].Shape(), dst.Shape(), ErrShape)
	}
	return axpy(alpha, args[0], dst)
}
