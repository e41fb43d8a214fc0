package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// ProbabilityFlow builds how fast probability would flow away from each state to those that differ in one unit,
//
//	K(x) = Σ_i exp((E(x) − E(x^i))/2)        x^i is x with unit i flipped
//
// which is Σ_i exp(−x_i h_i) for Spin units and Σ_i exp((½ − x_i) h_i) for Bernoulli, h = xW + b: (B, n) of the units' values gives (B), each
// positive. Its mean over data is what minimum probability flow learning minimises: a convex function of W and b, in which there is no
// partition function, and whose minimum is at the distribution that the data are from, if that is one of the model's.
//
// W is taken as symmetric with a zero diagonal; layers.Hopfield sees to it. Gradient flows to W and b, and to x as the formula says. Errors:
// ErrConfig for units that cannot be flipped; ErrShape, ErrDtype. Cost: one (B×n)·(n×n) product and an exponential a unit.
//
// Source: J. Sohl-Dickstein, P. Battaglino, M. DeWeese, "New Method for Parameter Estimation in Probabilistic Models: Minimum Probability
// Flow", Physical Review Letters 107 (2011), 220601, with flips of single units as the neighbourhood.
func (e Quadratic) ProbabilityFlow(x *G.Node) (*G.Node, error) {
	n, err := (side{"x", e.Units, e.B, e.LogVariance, nil}).flow(x, e.input)
	return e.named("ProbabilityFlow", n, err)
}

// ProbabilityFlow builds how fast probability would flow away from each visible state to those that differ in one unit,
//
//	K(v) = Σ_i exp((F(v) − F(v^i))/2)        v^i is v with unit i flipped
//
// (B, visible) of the values of Bernoulli or of Spin units gives (B), each positive, with hidden units of any family. Of means it is what
// the conditional inputs of PseudoLikelihood give. Its mean over data is the cost of minimum probability flow learning, see
// Quadratic.ProbabilityFlow; with hidden units it is not convex. Gradient, errors and cost are those of PseudoLikelihood.
func (e RBM) ProbabilityFlow(v *G.Node) (*G.Node, error) {
	n, err := e.visible().flow(v, e.conditionalInput)
	return e.named("ProbabilityFlow", n, err)
}

// flow builds Σ_i exp((x^i − x)_i h_i/2) for the inputs h at which the units are distributed given the others.
func (s side) flow(x *G.Node, inputs func(x *G.Node) (*G.Node, error)) (*G.Node, error) {
	var middle float64
	switch f := s.units.Families(); {
	case len(f) == 1 && f[0] == "Spin":
	case len(f) == 1 && f[0] == "Bernoulli":
		middle = 0.5
	default:
		return nil, fmt.Errorf("Units are %v, want Spin or Bernoulli, whose units can be flipped: %w", s.units, ErrConfig)
	}
	if err := s.fits(x); err != nil {
		return nil, err
	}
	input, err := inputs(x)
	if err != nil {
		return nil, err
	}
	away, err := op.Combine([]float64{-1}, x)
	if err == nil && middle != 0 {
		away, err = op.AddConstant(away, middle)
	}
	if err != nil {
		return nil, err
	}
	half, err := op.Multiply(away, input)
	if err != nil {
		return nil, err
	}
	rates, err := op.Exp(half)
	if err != nil {
		return nil, err
	}
	return op.RowSum(rates, 1)
}
