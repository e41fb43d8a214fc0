package energy

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// ProbabilityFlow builds how fast probability would flow away from each state to those that differ in one unit,
//
//	K(x) = Σ_{x'} exp((E(x) − E(x'))/2)        over all x' that are x but for one unit
//
// which is Σ_i exp(−x_i h_i) for Spin units and Σ_i exp((½ − x_i) h_i) for Bernoulli, h = xW + b, and has a term for each other state of a
// OneHot unit; joined units add up. (B, n) of the units' values gives (B), each positive. Its mean over data is what minimum
// probability flow learning minimises: a convex function of W and b, in which there is no partition function, and whose minimum is at
// the distribution that the data are from, if that is one of the model's.
//
// W is taken as symmetric with zeros on the diagonal and between the states of one OneHot unit; layers.Hopfield and layers.Boltzmann see to
// it. Gradient flows to W and b, and to x as the formula says. Errors: ErrConfig for units other than Bernoulli, Spin and OneHot; ErrShape,
// ErrDtype. Cost: one (B×n)·(n×n) product and an exponential a number.
//
// Source: J. Sohl-Dickstein, P. Battaglino, M. DeWeese, "New Method for Parameter Estimation in Probabilistic Models: Minimum Probability
// Flow", Physical Review Letters 107 (2011), 220601, with changes of single units as the neighbourhood.
func (e Quadratic) ProbabilityFlow(x *G.Node) (*G.Node, error) {
	n, err := (side{"x", e.Units, e.B, e.LogVariance, nil}).flow(x, e.input)
	return e.named("ProbabilityFlow", n, err)
}

// ProbabilityFlow builds how fast probability would flow away from each visible state to those that differ in one unit,
//
//	K(v) = Σ_{v'} exp((F(v) − F(v'))/2)        over all v' that are v but for one unit
//
// (B, visible) of the values of Bernoulli, Spin or OneHot units, joined or not, gives (B), each positive, with hidden units of any
// family. Of means it is what the inputs of PseudoLikelihood give. Its mean over data is the cost of minimum probability flow learning, see
// Quadratic.ProbabilityFlow; with hidden units it is not convex. Gradient, errors and cost are those of PseudoLikelihood.
func (e RBM) ProbabilityFlow(v *G.Node) (*G.Node, error) {
	n, err := e.visible().flow(v, e.conditionalInput)
	return e.named("ProbabilityFlow", n, err)
}

// flow builds the sum of the rates for the inputs at which the units are distributed given the others.
func (s side) flow(x *G.Node, inputs func(x *G.Node) (*G.Node, error)) (*G.Node, error) {
	choices, err := s.units.choices()
	if err != nil {
		return nil, err
	}
	if err := s.fits(x); err != nil {
		return nil, err
	}
	input, err := inputs(x)
	if err != nil {
		return nil, err
	}
	rates, err := op.FlipRates(choices, x, input)
	if err != nil {
		return nil, err
	}
	sum, err := op.RowSum(rates, 1)
	if err != nil {
		return nil, err
	}
	staying := 0 // states of OneHot units that are no change
	for _, c := range choices {
		if c.States > 0 {
			staying += c.Columns / c.States
		}
	}
	if staying == 0 {
		return sum, nil
	}
	return op.AddConstant(sum, -float64(staying))
}
