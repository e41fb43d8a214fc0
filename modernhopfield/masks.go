package modernhopfield

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
)

// Masks keep states from stored patterns. Each is a node of the layer's dtype, or nil for none, and none gets a gradient. With N
// bags of S stored patterns and L states each, and H heads:
//
//   - Padding, (N, S), or (S) for a single bag and (ΣS) for ragged ones: not 0 where a stored pattern is ignored by all.
//   - Forbidden, (L, S) for every bag and head, or (N·H, L, S) with index n·H + h: not 0 where a state is kept from a pattern.
//   - Added, of the same shapes: numbers that are added to the scores β·similarity.
//
// Bias and null patterns are always there. Where nothing is left a state retrieves zeros. Ragged bags take Padding alone.
type Masks struct{ Padding, Forbidden, Added *G.Node }

func (m Masks) nodes() []*G.Node { return []*G.Node{m.Padding, m.Forbidden, m.Added} }

// check refuses masks that do not fit the bags.
func (m Masks) check(stored, states bags, heads int) error {
	n, l, s := stored.count, states.size, stored.size
	if m.Padding != nil {
		want := []int{n, s}
		switch {
		case s < 0:
			want = []int{stored.rows.Shape()[0]}
		case stored.like == nil:
			want = []int{s}
		}
		if !slices.Equal(m.Padding.Shape(), want) {
			return fmt.Errorf("padding mask has shape %v, want %v: %w", m.Padding.Shape(), text(want), energy.ErrShape)
		}
	}
	for _, mask := range []struct {
		name string
		node *G.Node
	}{{"forbidden", m.Forbidden}, {"added", m.Added}} {
		if mask.node == nil {
			continue
		}
		if s < 0 || l < 0 {
			return fmt.Errorf("%s mask given for ragged bags, which take a padding mask alone: %w", mask.name, energy.ErrConfig)
		}
		each, every := []int{n * heads, l, s}, []int{l, s}
		if shape := mask.node.Shape(); !slices.Equal(shape, each) && !slices.Equal(shape, every) {
			return fmt.Errorf("%s mask has shape %v, want %v or %v: %w", mask.name, shape, text(every), text(each), energy.ErrShape)
		}
	}
	return nil
}

// text writes a shape as Gorgonia does.
func text(shape []int) string {
	out := "("
	for i, d := range shape {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprint(d)
	}
	return out + ")"
}
