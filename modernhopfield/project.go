package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// projection is x·W + b, x·W where b is nil, and x where W is nil.
type projection struct{ w, b *layers.Param }

func newProjection(m *maker, name string, bias bool, in, out int) (p projection) {
	p.w = m.normal("W_"+name, in, out)
	if bias {
		p.b = m.param("b_"+name, true, nil, out)
	}
	return p
}

// build builds the projection of x, (R, in): (R, out).
func (p projection) build(b *builder, x *G.Node) *G.Node {
	switch {
	case p.w == nil:
		return x
	case p.b == nil:
		return b.do(op.Gemm(x, b.param(p.w), false, false))
	}
	return b.do(op.Affine(x, b.param(p.w), b.param(p.b), false))
}

// headed projects normalised rows, or repeats those of a static input for every head: (R, H·D).
func (a *associator) headed(b *builder, p projection, x *G.Node) *G.Node {
	if p.w == nil && a.plan.Heads > 1 {
		return b.do(op.Tile(x, a.plan.Heads))
	}
	return p.build(b, x)
}

// spaced normalises rows of the Hopfield space within each head.
func (a *associator) spaced(b *builder, x *G.Node) *G.Node {
	if a.spaceNorm.norm == NoNorm {
		return x
	}
	split := a.spaceNorm.build(b, b.do(op.SplitRows(x, a.plan.Heads)))
	return b.do(op.JoinRows(split, a.plan.Heads))
}

// queries brings states, (R, Input), into the Hopfield space: (R, H·D).
func (a *associator) queries(b *builder, states *G.Node) *G.Node {
	return a.spaced(b, a.headed(b, a.query, a.stateNorm.build(b, states)))
}

// keys brings stored patterns, (R, Stored), into the Hopfield space: (R, H·D).
func (a *associator) keys(b *builder, stored *G.Node) *G.Node {
	return a.spaced(b, a.headed(b, a.stored, a.storedNorm.build(b, stored)))
}

// values projects what is read out, (R, Projection): (R, H·P).
func (a *associator) values(b *builder, projection *G.Node) *G.Node {
	x := a.projectionNorm.build(b, projection)
	if !a.plan.ProjectionConnected {
		return a.headed(b, a.value, x)
	}
	return a.value.build(b, a.stored.build(b, x))
}

// memory is what states associate with: keys and values of bags, bias and null patterns included.
type memory struct {
	k, v    *G.Node // (ΣS, H·D), (ΣS, H·P); v is nil where it is not wanted
	lengths *G.Node // (N), nil for a single bag
	bags    bags    // of the stored patterns
}

// remember projects stored patterns, and what is read out in their places unless it is nil.
func (a *associator) remember(b *builder, stored bags, projection *bags) memory {
	m := memory{k: a.keys(b, stored.rows), lengths: stored.lengths, bags: stored}
	if projection != nil {
		m.v = a.values(b, projection.rows)
	}
	if a.extra() == 0 {
		return m
	}
	single := m.lengths == nil
	m.lengths = b.measured(stored).lengths
	if a.biasStored != nil {
		m = a.append(b, m, b.param(a.biasStored), b.param(a.biasValue))
	}
	if a.plan.NullPattern {
		m = a.append(b, m, nil, nil)
	}
	if single {
		m.lengths = nil
	}
	return m
}

// append puts a pattern at the end of every bag; nil is zeros.
func (a *associator) append(b *builder, m memory, key, value *G.Node) memory {
	m.k = b.do(op.AppendRow(m.k, key, m.lengths))
	if m.v != nil {
		m.v = b.do(op.AppendRow(m.v, value, m.lengths))
	}
	m.lengths = b.do(op.AddConstant(m.lengths, 1))
	return m
}

// extra is the number of patterns that the layer adds to every bag.
func (a *associator) extra() (n int) {
	if a.biasStored != nil {
		n++
	}
	if a.plan.NullPattern {
		n++
	}
	return n
}

// checkWidths refuses nodes of widths that do not fit each other, where the configuration leaves them open.
func (a *associator) checkWidths(b *builder, stored, states bags) {
	if b.err == nil && a.plan.Hidden == 0 && stored.rows.Shape()[1] != states.rows.Shape()[1] {
		b.err = fmt.Errorf("stored patterns have %d columns, states %d, want as many: %w", stored.rows.Shape()[1], states.rows.Shape()[1], energy.ErrShape)
	}
}
