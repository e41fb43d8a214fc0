package machine

import G "gorgonia.org/gorgonia"

// sum is the built-in sum of two tensors of one shape. Where one of them is made by an adder and goes nowhere else, the adder
// adds it to the other, so that it never lies in memory by itself: the arguments are the other and then the adder's.
type sum struct {
	addition
	nodes []*G.Node
}

// sums decides how each sum is made.
func (b *builder) sums() map[*G.Node]*sum {
	all := make(map[*G.Node]*sum)
	for _, n := range b.order {
		args := b.args[n]
		if b.merged[n] || !isSum(n, args) {
			continue
		}
		x, y := args[0], args[1]
		if !b.mergeable(y) {
			x, y = y, x
		}
		all[n] = &sum{nodes: []*G.Node{x, y}}
		if b.mergeable(y) {
			b.merged[y] = true
			all[n] = &sum{addition{y.Op().(adder)}, append([]*G.Node{x}, b.args[y]...)}
		}
	}
	return all
}

// mergeable reports whether only one other node wants this one, and may add it up itself. Watching, each value is to be seen.
func (b *builder) mergeable(n *G.Node) bool {
	_, isAdder := n.Op().(adder)
	return isAdder && b.uses[n] == 1 && !b.kept[n] && !b.config.watches()
}

func (w *sum) do(l *layout, s *step) error {
	dst := l.values[s.out]
	if dst == nil {
		if w.op != nil {
			dst = l.place(s, s.args[0].Shape(), 0)
		} else {
			dst = l.place(s, s.args[0].Shape(), 0, 1)
		}
	}
	switch l.over[s.out] {
	case 0:
		return w.addTo(dst, 1, s.args[1:])
	case 1:
		return w.addTo(dst, 1, s.args[:1])
	}
	if _, err := G.Copy(dst, s.args[0]); err != nil {
		return err
	}
	return w.addTo(dst, 1, s.args[1:])
}
