package machine

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// addGradient plans where the gradient of a parameter lies: where it is computed, if that is the machine's memory and nobody
// else's value, and in a copy otherwise, since solvers write into gradients.
func (b *builder) addGradient(p *G.Node, others []*G.Node) {
	d := p.Deriv()
	slot := b.slot[d]
	shared := false
	for _, other := range others {
		shared = shared || other.Deriv() == d
	}
	if shared || !b.owns(slot) || !sameShape(p.Shape(), d.Shape()) {
		slot = b.duplicate(p, slot)
	}
	b.gradients = append(b.gradients, shown{p, slot})
}

// owns reports whether a value is made anew in each run, in memory of the machine.
func (b *builder) owns(slot int) bool {
	for _, s := range b.steps {
		if s.out == slot {
			_, isForeign := s.work.(*foreign)
			return !isForeign && !s.constant
		}
	}
	return false
}

// duplicate copies a gradient into a value shaped like its parameter.
type duplicate struct{ shape tensor.Shape }

func (b *builder) duplicate(p *G.Node, slot int) int {
	s := &step{node: p, work: duplicate{p.Shape()}, in: []int{slot}, out: b.newSlot(false)}
	b.append(s)
	return s.out
}

func (w duplicate) do(l *layout, s *step) error {
	if got := s.args[0].Shape(); got.TotalSize() != w.shape.TotalSize() {
		return fmt.Errorf("the gradient has shape %v, want %v: %w", got, w.shape, ErrShape)
	}
	if l.values[s.out] == nil {
		l.place(s, w.shape)
	}
	_, err := G.Copy(l.values[s.out], s.args[0])
	return err
}

// binding ties a value to a node. It is kept, since making one allocates.
type binding struct {
	value G.Value
	tie   G.NodeConsOpt
}

func (b *binding) bind(n *G.Node, v G.Value, option func(any) G.NodeConsOpt) error {
	_, err := guarded(func() (G.Value, error) {
		if b.value != v {
			b.value, b.tie = v, option(v)
		}
		b.tie(n)
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("machine: %s cannot hold a value of shape %v: %w", describe(n), v.Shape(), err)
	}
	return nil
}

// bind shows the values of the last run on the nodes.
func (l *layout) bind(p *plan) error {
	for i, o := range p.bound {
		if v := l.values[o.slot]; o.node.Value() != v {
			if err := l.bindings[i].bind(o.node, v, G.WithValue); err != nil {
				return err
			}
		}
	}
	for i, o := range p.gradients {
		v := l.values[o.slot]
		if d, err := o.node.Grad(); err != nil || d != v {
			if err := l.bindings[len(p.bound)+i].bind(o.node, v, G.WithGrad); err != nil {
				return err
			}
		}
	}
	return nil
}
