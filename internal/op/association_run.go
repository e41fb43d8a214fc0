package op

import (
	"fmt"

	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// associationRun is what the forward and the gradient ops of one node share, in one precision.
type associationRun[T kernel.Float] struct {
	op      *associationOp
	engine  *association.Engine[T]
	batch   association.Batch[T]
	settled association.Settled[T]
	dq      []T
	quiet   bool // no dropout
	keep    bool // there is a gradient
}

func newAssociationRun[T kernel.Float](a *associationOp) *associationRun[T] {
	c := a.config
	return &associationRun[T]{
		op:     a,
		engine: association.New[T](association.Config{Heads: c.Heads, Similarity: c.Similarity, Rule: c.Rule, Extra: c.Extra}),
	}
}

// check refuses lengths that are none, and masks over bags of unequal lengths.
func (r *associationRun[T]) check(in []operand[T]) error {
	a := r.op
	if a.queries < 0 {
		return nil
	}
	queries, stored := in[a.queries].data, in[a.stored].data
	if err := checkLengths(queries, in[0].rows()); err != nil {
		return fmt.Errorf("queries: %w", err)
	}
	if err := checkLengths(stored, in[1].rows()); err != nil {
		return fmt.Errorf("stored patterns: %w", err)
	}
	masked := a.forbidden >= 0 || a.added >= 0 || a.what == "AssociationWeights"
	padded := masked || a.ignored >= 0 && len(in[a.ignored].shape) == 2
	for n := range queries {
		switch {
		case masked && queries[n] != queries[0], padded && stored[n] != stored[0]:
			return fmt.Errorf("bag %d has %v queries and %v stored patterns, bag 0 %v and %v, want bags of equal lengths for a mask or a matrix over all: %w",
				n, queries[n], stored[n], queries[0], stored[0], ErrShape)
		case stored[n] < T(a.config.Extra):
			return fmt.Errorf("bag %d has %v stored patterns, want at least %d: %w", n, stored[n], a.config.Extra, ErrShape)
		}
	}
	return nil
}

// bind takes the arguments of the builder.
func (r *associationRun[T]) bind(in []operand[T]) {
	a, b := r.op, &r.batch
	heads := a.config.Heads
	b.Q, b.K, b.V, b.Beta = in[0].data, in[1].data, nil, in[a.beta].data
	b.Depth, b.Width = in[0].cols()/heads, 0
	switch {
	case a.v >= 0:
		b.V, b.Width = in[a.v].data, in[a.v].cols()/heads
	case a.self:
		b.V, b.Width = b.K, b.Depth
	}
	option := func(i int) []T {
		if i < 0 {
			return nil
		}
		return in[i].data
	}
	b.Excess, b.Ignored, b.Forbidden, b.Added = option(a.excess), option(a.ignored), option(a.forbidden), option(a.added)
	b.ForbiddenPerHead = a.forbidden >= 0 && len(in[a.forbidden].shape) == 3
	b.AddedPerHead = a.added >= 0 && len(in[a.added].shape) == 3
	if a.queries >= 0 {
		b.Queries, b.Stored = integers(b.Queries, in[a.queries].data), integers(b.Stored, in[a.stored].data)
	}
	b.Dropout = 0
	if a.what == "Associate" && a.config.Dropout > 0 && !r.quiet {
		b.Dropout, b.Noise, b.Step = a.config.Dropout, a.config.Noise.stream, a.config.Noise.step.Load()
	}
}

func integers[T kernel.Float](dst []int, x []T) []int {
	dst = dst[:0]
	for _, v := range x {
		dst = append(dst, int(v))
	}
	return dst
}

func (r *associationRun[T]) forward(dst operand[T], in []operand[T], _, _ int) {
	r.bind(in)
	switch r.op.what {
	case "Associate":
		r.engine.Retrieve(dst.data, &r.batch)
	case "Settle":
		r.engine.Settle(dst.data, &r.batch, r.op.settling, &r.settled, r.keep)
	case "AssociationConjugate":
		r.engine.Conjugate(dst.data, &r.batch)
	case "AssociationWeights":
		r.engine.Weights(dst.data, &r.batch)
	}
}

// gradients computes the gradient with regard to the keys, into dst, and the others for the methods below to take.
func (r *associationRun[T]) gradients(dst operand[T], in []operand[T], _, _ int) {
	n := len(in) - 2
	r.bind(in[:n])
	r.dq = sized(r.dq, len(r.batch.Q))
	out, g := in[n].data, in[n+1].data
	if r.op.what == "Settle" {
		r.engine.SettleBackward(&r.batch, r.op.settling, &r.settled, out, g, r.dq, dst.data)
		return
	}
	r.engine.Backward(&r.batch, association.Gradients[T]{Out: out, G: g, DQ: r.dq, DK: dst.data, Values: r.op.self})
}

func (r *associationRun[T]) queryGrad(dst operand[T], _ []operand[T], _, _ int) { copy(dst.data, r.dq) }

func (r *associationRun[T]) betaGrad(dst operand[T], _ []operand[T], _, _ int) {
	for h := range dst.data {
		dst.data[h] = r.engine.Slope(h)
	}
}

func (r *associationRun[T]) excessGrad(dst operand[T], _ []operand[T], _, _ int) {
	for h := range dst.data {
		dst.data[h] = r.engine.Bend(h)
	}
}

// valueGrads computes dV = pᵀg.
func (r *associationRun[T]) valueGrads(dst operand[T], in []operand[T], alpha T, accumulate bool) {
	n := len(in) - 2
	r.bind(in[:n])
	r.engine.ValueGrads(&r.batch, dst.data, in[n+1].data, alpha, accumulate)
}
