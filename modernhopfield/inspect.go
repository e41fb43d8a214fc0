package modernhopfield

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/association"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// Association builds the weights that states have on stored patterns in the association that is read out, after the updates and
// before dropout: stored (N, S, Stored) and state (N, L, Input) give (N·H, L, S'), head h of bag n at index n·H + h; matrices are a
// single bag. S' is S and, behind it, the bias pattern and the null pattern where there are any. No gradient flows. It holds
// N·H·L·S' numbers, which the layer itself never does.
func (h *Hopfield) Association(stored, state *G.Node, masks Masks) (*G.Node, error) {
	b, s, q := h.two(stored, state, masks)
	m, projected := h.meet(b, s, q, nil, masks)
	if w := h.weights(b, projected, q.lengths, m, masks); b.err == nil {
		return w, nil
	}
	return nil, h.fail("Association", b.err)
}

// Energy builds the energy of each state and head, after the updates: stored (N, S, Stored) and state (N, L, Input) give (N, L, H),
// and matrices, a single bag, (L, H). With the scores z_j = β·similarity(ξ, k_j) of a projected state ξ it is
//
//	E(ξ) = ½|ξ|² − Ω*(z)/β      for the dot product; Ω* is log Σ_j exp z_j for the softmax
//	E(ξ) = −Ω*(z)/β             for the negative squared distance
//
// No update ever raises it. The constant that makes the energy of the dot product non-negative, log(S)/β + ½ max_j |k_j|² with the
// softmax, is left out. A state that no pattern is left for has +Inf, of which no gradient flows but that of ½|ξ|².
//
// Gradient flows to stored, state and the parameters, but not to a learned α. An energy that the updates descend is not known for the
// other similarities, nor for the distance with more than one pattern of Subsets: ErrConfig.
//
// Source: Ramsauer et al., ICLR 2021, equation 2; S. dos Santos et al., ICML 2024, for other separation functions.
func (h *Hopfield) Energy(stored, state *G.Node, masks Masks) (*G.Node, error) {
	b, s, q := h.two(stored, state, masks)
	m, projected := h.meet(b, s, q, nil, masks)
	if e := h.energies(b, projected, q.lengths, m, masks); b.err == nil {
		if e = b.fold(e, q); b.err == nil {
			return e, nil
		}
	}
	return nil, h.fail("Energy", b.err)
}

func (h *Hopfield) two(stored, state *G.Node, masks Masks) (b *builder, s, q bags) {
	b = graph(h.Dtype(), argumentNames, []*G.Node{stored, state}, masks.nodes()...)
	s, q = b.tensorBags("stored patterns", stored, h.plan.Stored), b.tensorBags("states", state, h.plan.Input)
	b.fit("states", q, "stored patterns", s)
	return b, s, q
}

// Values builds what is stored to be read out, without bias and null patterns: projection (N, S, Projection) gives
// (N, S, Heads·Pattern), head h owning the columns h·Pattern to (h+1)·Pattern − 1; a matrix gives a matrix. Gradient flows to
// projection and the parameters.
func (h *Hopfield) Values(projection *G.Node) (*G.Node, error) {
	b := graph(h.Dtype(), argumentNames[2:], []*G.Node{projection})
	x := b.tensorBags("projection", projection, h.plan.Projection)
	if b.err == nil {
		if v := b.fold(h.values(b, x.rows), x); b.err == nil {
			return v, nil
		}
	}
	return nil, h.fail("Values", b.err)
}

// Betas returns the inverse temperature β of each head as it is now. Values move.
func (a *associator) Betas() []float64 {
	if a.logBeta == nil {
		return a.beta.Float64s()
	}
	return exponentials(a.logBeta, 0)
}

// Alphas returns the α of each head's entmax as it is now, nil where none is learned. Values move.
func (a *associator) Alphas() []float64 {
	if a.logExcess == nil {
		return nil
	}
	return exponentials(a.logExcess, 1)
}

func exponentials(p *layers.Param, plus float64) []float64 {
	x := p.Float64s()
	for h := range x {
		x[h] = math.Exp(x[h]) + plus
	}
	return x
}

// energies builds the energies of projected states, q (ΣL, H·D), after their updates: (ΣL, H).
func (a *associator) energies(b *builder, q *G.Node, queries *G.Node, m memory, masks Masks) *G.Node {
	if b.err != nil {
		return nil
	}
	factor := 0.5
	switch rule := a.plan.Separation.Rule(); {
	case a.plan.Similarity == energy.Euclidean && !(rule.Kind == association.Subsets && rule.K > 1):
		factor = 0
	case a.plan.Similarity != energy.Dot:
		b.err = fmt.Errorf("no energy is known that the updates with %v and the similarity %v descend: %w", a.plan.Separation, a.plan.Similarity, energy.ErrConfig)
		return nil
	}
	b.fixedAlpha = true // the conjugate has no gradient with regard to α, and half of the energy's would be wrong
	q = a.settle(b, q, queries, m, masks)
	c, n := a.op(b, q, queries, m, masks)
	if b.err != nil {
		return nil
	}
	return b.do(op.HeadEnergies(q, b.do(op.AssociationConjugate(c, n)), n.Beta, factor))
}
