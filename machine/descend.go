package machine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// descent adds −rate·g to a parameter, g one term of its gradient. The arguments are the parameter and the addition's.
type descent struct {
	addition
	machine *Machine
}

func (w *descent) do(_ *layout, s *step) error {
	p, ok := s.args[0].(*tensor.Dense)
	if !ok || !contiguous(p) {
		return fmt.Errorf("the parameter is a %T, want a contiguous tensor: %w", s.args[0], ErrShape)
	}
	for _, a := range s.args[1:] {
		if w.op != nil && overlap(p, a) {
			return fmt.Errorf("the parameter lies in the memory of what its gradient is computed from: bind it to one node alone: %w", ErrConfig)
		}
	}
	return w.addTo(p, -w.machine.rate, s.args[1:])
}

// term is a term of the gradient of a parameter.
type term struct {
	parameter *G.Node
	addition
	nodes []*G.Node
}

// terms takes the gradients that are descended along apart into the terms of sums that nobody else wants. A term that is
// an adder's goes into the parameter without ever being stored, unless it reads a parameter that another descent may have
// changed by then.
func (b *builder) terms() (terms []term) {
	moves := b.moving()
	var take func(p, n *G.Node)
	take = func(p, n *G.Node) {
		args := b.args[n]
		switch {
		case b.uses[n] == 1 && !b.kept[n] && !b.config.watches() && isSum(n, args):
			b.merged[n] = true
			take(p, args[0])
			take(p, args[1])
		case b.mergeable(n) && !slices.ContainsFunc(args, func(a *G.Node) bool { return moves[a] }):
			b.merged[n] = true
			terms = append(terms, term{p, addition{n.Op().(adder)}, args})
		default:
			terms = append(terms, term{p, addition{}, []*G.Node{n}})
		}
	}
	for _, p := range b.config.Descend {
		take(p, p.Deriv())
	}
	return terms
}

// moving returns the nodes whose memory may be that of a parameter that is descended.
func (b *builder) moving() map[*G.Node]bool {
	moves := make(map[*G.Node]bool)
	for _, p := range b.config.Descend {
		moves[p] = true
	}
	for _, n := range b.order {
		if _, own := n.Op().(ownOp); n.Op() != nil && !own {
			moves[n] = slices.ContainsFunc(b.args[n], func(a *G.Node) bool { return moves[a] })
		}
	}
	return moves
}

// addDescents plans the descents, after everything that reads parameters. A gradient that lies in a parameter is copied before
// any of them moves.
func (b *builder) addDescents(m *Machine, terms []term) {
	moves := b.moving()
	descents := make([]*step, len(terms))
	for i, t := range terms {
		in := b.slotsOf(t.nodes)
		if t.op == nil && moves[t.nodes[0]] {
			in = []int{b.duplicate(t.parameter, in[0])}
		}
		descents[i] = &step{node: t.parameter, work: &descent{t.addition, m}, in: append(b.slotsOf([]*G.Node{t.parameter}), in...), out: none}
	}
	b.descents = len(b.steps)
	for _, s := range descents {
		b.append(s)
	}
}
