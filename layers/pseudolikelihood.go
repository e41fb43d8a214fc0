package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Costs that need neither a partition function nor samples: pseudo-likelihood, to be raised, and probability flow, to be lowered.
// training.Objective fits by their means over the rows of data.

// PseudoLikelihood builds Σ_i log p(v_i | v_−i) of each row, the hidden units summed out: (B, visible) gives (B), nats. It is exact, for
// Bernoulli, Spin and OneHot visible units. Gradient flows to v and every parameter. See energy.RBM.PseudoLikelihood for errors and cost.
func (r *RBM) PseudoLikelihood(v *G.Node) (*G.Node, error) {
	return r.on("PseudoLikelihood", func(e energy.RBM) (*G.Node, error) { return e.PseudoLikelihood(v) }, v)
}

// ProbabilityFlow builds Σ exp((F(v) − F(v′))/2) over all v′ that differ from a row in one unit, as PseudoLikelihood: (B, visible) gives
// (B). See energy.RBM.ProbabilityFlow.
func (r *RBM) ProbabilityFlow(v *G.Node) (*G.Node, error) {
	return r.on("ProbabilityFlow", func(e energy.RBM) (*G.Node, error) { return e.ProbabilityFlow(v) }, v)
}

// PseudoLikelihood builds Σ_i log p(s_i | s_−i) of each row of states, p(s) ∝ exp(−E(s)/T): (B, n) gives (B), nats. Gradient flows to s,
// W and b. See energy.Quadratic.PseudoLikelihood.
func (h *Hopfield) PseudoLikelihood(s *G.Node) (*G.Node, error) {
	n, err := h.atTemperature(s, energy.Quadratic.PseudoLikelihood)
	return h.named("PseudoLikelihood", n, err)
}

// ProbabilityFlow builds Σ_i exp((E(s) − E(s with unit i flipped))/2T) of each row of states: (B, n) gives (B). Gradient flows to s, W and
// b. See energy.Quadratic.ProbabilityFlow.
func (h *Hopfield) ProbabilityFlow(s *G.Node) (*G.Node, error) {
	n, err := h.atTemperature(s, energy.Quadratic.ProbabilityFlow)
	return h.named("ProbabilityFlow", n, err)
}

// atTemperature builds a cost of E/T, an energy with W/T and b/T.
func (h *Hopfield) atTemperature(s *G.Node, cost func(e energy.Quadratic, s *G.Node) (*G.Node, error)) (*G.Node, error) {
	g, err := graphOf(s)
	if err != nil {
		return nil, err
	}
	e, err := h.Bind(g)
	if err != nil {
		return nil, err
	}
	if t := h.temperature(); t != 1 {
		if e.W, err = op.Combine([]float64{1 / t}, e.W); err != nil {
			return nil, err
		}
		if e.B, err = op.Combine([]float64{1 / t}, e.B); err != nil {
			return nil, err
		}
	}
	return cost(e, s)
}

// PseudoLikelihood builds Σ_i log p(v_i | v_−i) of each row, for a machine without hidden units: (B, visible) gives (B), nats. Gradient
// flows to v and every parameter. With hidden units it is an ErrConfig. See energy.Quadratic.PseudoLikelihood.
func (bm *Boltzmann) PseudoLikelihood(v *G.Node) (*G.Node, error) {
	return bm.visibleCost("PseudoLikelihood", v, energy.Quadratic.PseudoLikelihood)
}

// ProbabilityFlow builds Σ exp((E(v) − E(v′))/2) over all v′ that differ from a row in one unit, for a machine without Gaussian units and without
// hidden ones: (B, visible) gives (B). Others are an ErrConfig. See energy.Quadratic.ProbabilityFlow.
func (bm *Boltzmann) ProbabilityFlow(v *G.Node) (*G.Node, error) {
	return bm.visibleCost("ProbabilityFlow", v, energy.Quadratic.ProbabilityFlow)
}

func (bm *Boltzmann) visibleCost(what string, v *G.Node, cost func(e energy.Quadratic, v *G.Node) (*G.Node, error)) (*G.Node, error) {
	return bm.on(what, func(e energy.Boltzmann) (*G.Node, error) {
		if e.States != energy.NoHidden {
			return nil, fmt.Errorf("%s: %s: there are hidden units %v, want a machine without: %w", e.Name, what, e.Hidden, energy.ErrConfig)
		}
		n, err := cost(e.Joint, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		return n, nil
	}, v)
}
