package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// bags are patterns as rows, one bag behind the other.
type bags struct {
	rows    *G.Node // (R, F)
	lengths *G.Node // (N) rows of each bag; nil for a single bag of all rows
	like    *G.Node // (N, T, F) whose rows they are, or nil
	count   int     // N
	size    int     // T, the rows of every bag, or -1 where they differ
}

// tensorBags takes a batch of equal bags, (N, T, F), or a single one, (T, F), of the given width, 0 for any.
func (b *builder) tensorBags(what string, x *G.Node, width int) bags {
	if b.err != nil {
		return bags{}
	}
	if d := x.Dims(); d != 2 && d != 3 || width != 0 && x.Shape()[d-1] != width {
		b.err = fmt.Errorf("%s has shape %v, want (batch, patterns, %s) or (patterns, %[3]s): %w", what, x.Shape(), columns(width), energy.ErrShape)
		return bags{}
	}
	if x.Shape().TotalSize() == 0 {
		b.err = fmt.Errorf("%s has shape %v, want at least one pattern: %w", what, x.Shape(), energy.ErrShape)
		return bags{}
	}
	if x.Dims() == 2 {
		return bags{rows: x, count: 1, size: x.Shape()[0]}
	}
	return bags{rows: b.do(op.Flatten(x)), lengths: b.do(op.Lengths(x)), like: x, count: x.Shape()[0], size: x.Shape()[1]}
}

// raggedBags takes rows, (R, F), and the lengths of the bags, (N).
func (b *builder) raggedBags(what string, x, lengths *G.Node, width int) bags {
	if b.err != nil {
		return bags{}
	}
	if x.Dims() != 2 || width != 0 && x.Shape()[1] != width {
		b.err = fmt.Errorf("%s has shape %v, want (rows, %s): %w", what, x.Shape(), columns(width), energy.ErrShape)
		return bags{}
	}
	if lengths.Dims() != 1 {
		b.err = fmt.Errorf("the lengths of %s have shape %v, want (bags): %w", what, lengths.Shape(), energy.ErrShape)
		return bags{}
	}
	return bags{rows: x, lengths: lengths, count: lengths.Shape()[0], size: -1}
}

func columns(width int) string {
	if width == 0 {
		return "columns"
	}
	return fmt.Sprint(width)
}

// measured is the bags with their lengths, also of a single bag.
func (b *builder) measured(x bags) bags {
	if x.lengths == nil {
		x.lengths = b.do(op.RowCount(x.rows))
	}
	return x
}

// constantLengths is size for each of the bags that lengths has.
func (b *builder) constantLengths(lengths *G.Node, size int) *G.Node {
	zero := b.do(op.Combine([]float64{0}, lengths))
	return b.do(op.AddConstant(zero, float64(size)))
}

// fit refuses two batches of other numbers of bags.
func (b *builder) fit(what string, x bags, other string, y bags) {
	if b.err == nil && (x.count != y.count || (x.like == nil) != (y.like == nil) && x.size >= 0) {
		b.err = fmt.Errorf("%s are %s, %s %s, want as many bags: %w", what, x.text(), other, y.text(), energy.ErrShape)
	}
}

// text says what came.
func (x bags) text() string {
	if x.size < 0 {
		return fmt.Sprintf("%d bags of %d rows together", x.count, x.rows.Shape()[0])
	}
	if x.like == nil {
		return fmt.Sprintf("one bag of shape %v", x.rows.Shape())
	}
	return fmt.Sprintf("of shape %v", x.like.Shape())
}

// fold gives rows, (R, F), the form in which x came.
func (b *builder) fold(rows *G.Node, x bags) *G.Node {
	if x.like == nil {
		return rows
	}
	return b.do(op.Fold(rows, x.like))
}

// graph starts to build in the graph of the nodes, which must be of one graph and of the dtype. Optional nodes may be nil.
func graph(dtype tensor.Dtype, what []string, nodes []*G.Node, optional ...*G.Node) *builder {
	b := &builder{}
	for i, n := range nodes {
		if n == nil {
			b.err = fmt.Errorf("%s is nil, want a node: %w", what[i], energy.ErrShape)
			return b
		}
	}
	b.g = nodes[0].Graph()
	for i, n := range append(nodes[:len(nodes):len(nodes)], optional...) {
		if n == nil {
			continue
		}
		name := "a mask"
		if i < len(nodes) {
			name = what[i]
		}
		if n.Graph() != b.g {
			b.err = fmt.Errorf("%s is in another graph than %s: %w", name, what[0], energy.ErrConfig)
			return b
		}
		if n.Dtype() != dtype {
			b.err = fmt.Errorf("%s has dtype %v, want the layer's %v: %w", name, n.Dtype(), dtype, energy.ErrDtype)
			return b
		}
	}
	return b
}
