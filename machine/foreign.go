package machine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// foreign runs the Do of an op that is not ours.
type foreign struct {
	op G.Op

	// wants are the shapes that the arguments had when the graph was built, for an op that holds shapes of its own and so may
	// be silently wrong about others; nil for ops that see to the shapes of what they are given.
	wants []tensor.Shape
}

// shapeless are Gorgonia's ops that work at any shape.
var shapeless = []string{"elemBinOp", "elemUnaryOp", "linAlgBinOp", "tensordotOp", "sumOp", "maxOp", "sizeOp", "repeatOp", "transposeOp", "concatOp", "Iop"}

func newForeign(n *G.Node, args []*G.Node) *foreign {
	w := &foreign{op: n.Op()}
	if gorgonias(w.op) && !slices.Contains(shapeless, typeOf(w.op).Name()) {
		for _, a := range args {
			w.wants = append(w.wants, a.Shape())
		}
	}
	return w
}

func (w *foreign) do(l *layout, s *step) error {
	for k, want := range w.wants {
		if !sameShape(s.args[k].Shape(), want) {
			return fmt.Errorf("the op was built for argument %d of shape %v, and shape %v came; Gorgonia fixes it when the graph is built: %w",
				k, want, s.args[k].Shape(), ErrShape)
		}
	}
	v, err := guarded(func() (G.Value, error) { return w.op.Do(s.args...) })
	switch {
	case err != nil:
		return fmt.Errorf("arguments of shapes %v: %w", shapes(s.args), err)
	case v == nil:
		return fmt.Errorf("the op gave no value: %w", ErrConfig)
	}
	l.values[s.out] = v
	return nil
}

// guarded calls what is not ours, and makes an error of a panic.
func guarded(f func() (G.Value, error)) (v G.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}
