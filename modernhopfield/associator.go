package modernhopfield

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// associator is the network that every layer of the package is made of: projections into the Hopfield space, the association
// there, and the projection out of it.
type associator struct {
	owner
	plan plan

	storedNorm, stateNorm, projectionNorm, spaceNorm normalisation
	query, stored, value, output                     projection
	biasStored, biasValue                            *layers.Param // nil without BiasPattern

	beta, logBeta *layers.Param // one of them is nil
	logExcess     *layers.Param // log(α−1), nil unless α is learned

	noise *op.Noise // of dropout; nil for none
}

// newAssociator makes the parameters of a network.
func newAssociator(kind, name string, p plan, m *maker) associator {
	a := associator{owner: owner{kind: kind, name: name}, plan: p}
	a.storedNorm = newNormalisation(m, "stored", p.StoredNorm, p.StoredEpsilon, p.Stored)
	a.stateNorm = newNormalisation(m, "state", p.StateNorm, p.StateEpsilon, p.Input)
	a.projectionNorm = newNormalisation(m, "projection", p.ProjectionNorm, p.ProjectionEpsilon, p.Projection)
	a.spaceNorm = newNormalisation(m, "space", p.SpaceNorm, p.SpaceEpsilon, p.Hidden)
	space, values := p.Heads*p.Hidden, p.Heads*p.Pattern
	if !p.StateStatic {
		a.query = newProjection(m, "query", !p.NoBias, p.Input, space)
	}
	if !p.StoredStatic {
		a.stored = newProjection(m, "stored", !p.NoBias, p.Stored, space)
	}
	if !p.ProjectionStatic {
		in := p.Projection
		if p.ProjectionConnected {
			in = space
		}
		a.value = newProjection(m, "value", !p.NoBias, in, values)
	}
	if !p.NoOutput {
		a.output = newProjection(m, "output", !p.NoBias, values, p.Output)
	}
	if p.BiasPattern {
		a.biasStored = m.normal("bias_stored", space)
		a.biasValue = m.normal("bias_value", values)
	}
	// A fixed β is held as it is, so that no rounding of its logarithm comes between.
	if p.LearnBeta {
		a.logBeta = m.param("log_beta", true, func(h int) float64 { return math.Log(p.beta(h)) }, p.Heads)
	} else {
		a.beta = m.param("beta", false, func(h int) float64 { return p.beta(h) }, p.Heads)
	}
	if p.Separation.Learned() {
		a.logExcess = m.param("log_excess", true, func(int) float64 { return math.Log(p.Separation.Rule().Alpha - 1) }, p.Heads)
	}
	if p.Dropout > 0 {
		a.noise = op.NewNoise(p.Seed, "dropout "+name)
	}
	return a
}

// SetStep chooses the draws of dropout of the next run; a fresh layer stands at step 0.
func (a *associator) SetStep(step uint64) {
	if a.noise != nil {
		a.noise.SetStep(step)
	}
}

// config and nodes of the op that associates q, (ΣL, H·D), with a memory.
func (a *associator) op(b *builder, q *G.Node, queries *G.Node, m memory, masks Masks) (op.AssociationConfig, op.AssociationNodes) {
	c := op.AssociationConfig{
		Heads: a.plan.Heads, Similarity: association.Similarity(a.plan.Similarity), Rule: a.plan.Separation.Rule(),
		Extra: a.extra(), Dropout: a.plan.Dropout, Noise: a.noise,
	}
	n := op.AssociationNodes{
		Q: q, K: m.k, V: m.v, Queries: queries, Stored: m.lengths,
		Ignored: masks.Padding, Forbidden: masks.Forbidden, Added: masks.Added,
		Beta: b.inverseTemperature(a),
	}
	if a.logExcess != nil {
		n.Excess = b.do(op.Exp(b.param(a.logExcess)))
		if b.fixedAlpha {
			n.Excess = b.do(op.StopGradient(n.Excess))
		}
	}
	return c, n
}

func (b *builder) inverseTemperature(a *associator) *G.Node {
	if a.logBeta != nil {
		return b.do(op.Exp(b.param(a.logBeta)))
	}
	return b.param(a.beta)
}

// settle updates the projected states, q (ΣL, H·D), as often as configured.
func (a *associator) settle(b *builder, q *G.Node, queries *G.Node, m memory, masks Masks) *G.Node {
	c, n := a.op(b, q, queries, m, masks)
	if b.err != nil || a.plan.updates == nil {
		return q
	}
	return b.do(op.Settle(c, n, *a.plan.updates))
}

// associate builds what the projected states, q (ΣL, H·D), retrieve after their updates: (ΣL, Output).
func (a *associator) associate(b *builder, q *G.Node, queries *G.Node, m memory, masks Masks) *G.Node {
	c, n := a.op(b, a.settle(b, q, queries, m, masks), queries, m, masks)
	if b.err != nil {
		return nil
	}
	out := a.output.build(b, b.do(op.AssociateBags(c, n)))
	if a.plan.activation != nil {
		out = b.do(a.plan.activation(out))
	}
	return out
}

// weights builds the association matrix after the updates: (N·H, L, S + extra).
func (a *associator) weights(b *builder, q *G.Node, queries *G.Node, m memory, masks Masks) *G.Node {
	c, n := a.op(b, a.settle(b, q, queries, m, masks), queries, m, masks)
	if b.err != nil {
		return nil
	}
	return b.do(op.AssociationWeights(c, n))
}
