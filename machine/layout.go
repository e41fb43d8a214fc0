package machine

import (
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// layout is where all values of a plan lie, for one set of shapes of its inputs. The first run lays them out, in the order in
// which they are made; later runs find them.
type layout struct {
	memory *memory
	shapes []tensor.Shape // of the inputs
	laid   bool           // a whole run has succeeded

	// By slot.
	values []G.Value
	held   []buffer // what a value lies in, while it is laid out; 0 where that is not the machine's or is to be kept
	over   []int    // the argument that it is written over, or none

	bindings []binding // of the plan's bound nodes and gradients
}

const none = -1

func newLayout(p *plan, memory *memory, inputs []G.Value) *layout {
	memory.reset()
	l := &layout{
		memory: memory,
		values: make([]G.Value, p.slots), held: make([]buffer, p.slots), over: make([]int, p.slots),
		bindings: make([]binding, len(p.bound)+len(p.gradients)),
	}
	for _, v := range inputs {
		l.shapes = append(l.shapes, v.Shape().Clone())
	}
	return l
}

// fits reports whether the layout is for inputs like these.
func (l *layout) fits(inputs []G.Value) bool {
	for i, v := range inputs {
		if !sameShape(v.Shape(), l.shapes[i]) {
			return false
		}
	}
	return true
}

// place gives the result of a step its place, which it keeps for all runs: over one of the listed arguments, where nobody
// will read that again, or in memory of its own.
func (l *layout) place(s *step, shape tensor.Shape, candidates ...int) G.Value {
	dtype := s.node.Dtype()
	l.over[s.out] = none
	var v G.Value
	switch {
	case len(shape) == 0 && dtype == tensor.Float32:
		v = G.NewF32(0)
	case len(shape) == 0:
		v = G.NewF64(0)
	case s.constant: // computed once, and never moved: other layouts take the shared memory in between
		v = tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	default:
		for _, k := range candidates {
			if l.mayOverwrite(s, k, shape) {
				from := s.in[k]
				l.held[s.out], l.held[from] = l.held[from], 0
				l.over[s.out] = k
				break
			}
		}
		if l.over[s.out] == none {
			l.held[s.out] = l.memory.take(dtype, shape.TotalSize())
		}
		v = l.memory.tensor(dtype, l.held[s.out], shape)
	}
	l.values[s.out] = v
	return v
}

// mayOverwrite reports whether a step is the last to read its argument k, lying in memory of the machine that holds just such
// a shape and no other argument of the step.
func (l *layout) mayOverwrite(s *step, k int, shape tensor.Shape) bool {
	slot := s.in[k]
	if l.held[slot] == 0 || !slices.Contains(s.last, slot) || s.args[k].Shape().TotalSize() != shape.TotalSize() {
		return false
	}
	for j, a := range s.args {
		if j != k && overlap(a, s.args[k]) {
			return false
		}
	}
	return true
}

// release frees the memory that a step was the last to read.
func (l *layout) release(s *step) {
	for _, slot := range s.last {
		if l.held[slot] != 0 {
			l.memory.release(l.values[slot].Dtype(), l.held[slot])
			l.held[slot] = 0
		}
	}
}
