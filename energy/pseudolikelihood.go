package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// PseudoLikelihood builds the log-pseudo-likelihood of each row, over all units,
//
//	Σ_i log p(x_i | x_−i) = Σ_i h_i x_i − U(x_i) − Γ(h_i),   h = xW + b
//
// (B, n) gives (B), nats; of Gaussian units it is the logarithm of a density. Its mean over data is a cost that needs no partition function
// and no samples, is concave in W and b for units without a variance to learn, and whose maximum is at the distribution that the
// data are from, if that is one of the model's. Means in x are taken as the formula says.
//
// W is taken as symmetric with zeros on the diagonal and between the states of one OneHot unit; layers.Hopfield and layers.Boltzmann see to
// it. Gradient flows to x, W, b and the log-variance. Errors: ErrShape, ErrDtype, ErrConfig. Cost: one (B×n)·(n×n) product.
//
// Source: J. Besag, "Statistical Analysis of Non-Lattice Data", The Statistician 24 (1975).
func (e Quadratic) PseudoLikelihood(x *G.Node) (*G.Node, error) {
	n, err := e.pseudoLikelihood(x)
	return e.named("PseudoLikelihood", n, err)
}

func (e Quadratic) pseudoLikelihood(x *G.Node) (*G.Node, error) {
	s := side{"x", e.Units, e.B, e.LogVariance, nil}
	if err := s.fits(x); err != nil {
		return nil, err
	}
	field, err := e.input(x)
	if err != nil {
		return nil, err
	}
	return s.conditional(x, field)
}

// conditional builds the sum of log p of units that are independent of each other at inputs of their own.
func (s side) conditional(x, input *G.Node) (*G.Node, error) {
	var surprise terms
	surprise.own(s, x)
	surprise.Add(1)(s.units.CGF(input, s.logVariance))
	surprise.Add(-1)(op.RowDot(input, x))
	sum, err := surprise.Build()
	if err != nil {
		return nil, err
	}
	return op.Combine([]float64{-1}, sum)
}

// PseudoLikelihood builds the log-pseudo-likelihood of each row, over all visible units, with the hidden ones summed out:
//
//	Σ_i log p(v_i | v_−i) = Σ_i ℓ_i v_i − Γ_v(ℓ_i)
//
// where ℓ_i, what unit i feels of the others, is made of differences of free energies: for a Bernoulli unit F(v with 0 at i) − F(v with 1
// there). (B, visible) gives (B), nats, exactly, for Bernoulli, Spin and OneHot visible units, joined or not, with hidden units of any family.
// Its mean over data is a cost that needs no partition function and no samples. Means in v are taken as what the formula says: each
// unit's cross-entropy with its conditional distribution.
//
// Gradient flows to v and every parameter. Errors: ErrConfig for visible units of other families, whose conditional distribution is no
// sum over their values; ErrShape, ErrDtype. Cost: Γ of the hidden side at B·visible rows of inputs forward, and as many means backward,
// B·visible·hidden exponentials each; no tensor of that size is held.
//
// Sources: J. Besag, The Statistician 24 (1975); B. Marlin, K. Swersky, B. Chen, N. de Freitas, "Inductive Principles for Restricted
// Boltzmann Machine Learning", AISTATS 2010, section 3.3.
func (e RBM) PseudoLikelihood(v *G.Node) (*G.Node, error) {
	n, err := e.pseudoLikelihood(v)
	return e.named("PseudoLikelihood", n, err)
}

func (e RBM) pseudoLikelihood(v *G.Node) (*G.Node, error) {
	input, err := e.conditionalInput(v)
	if err != nil {
		return nil, err
	}
	return e.visible().conditional(v, input)
}

// conditionalInput builds ℓ: (B, visible) gives (B, visible).
func (e RBM) conditionalInput(v *G.Node) (*G.Node, error) {
	choices, err := e.Visible.choices()
	if err != nil {
		return nil, err
	}
	input, err := e.hiddenInput(v)
	if err != nil {
		return nil, err
	}
	b := e.B
	if e.HiddenOffset != nil { // F has the term λᵀI
		shift, err := op.MatVec(e.W, e.HiddenOffset)
		if err != nil {
			return nil, err
		}
		if b, err = op.Combine([]float64{1, -1}, b, shift); err != nil {
			return nil, err
		}
	}
	return op.ConditionalInput(e.Hidden.kind, choices, input, v, e.W, b, e.HiddenLogVariance)
}

// choices describes visible units by their values.
func (u Units) choices() ([]op.Choices, error) {
	var all []op.Choices
	for _, g := range u.groups {
		switch g.Family {
		case "Bernoulli":
			all = append(all, op.Choices{Columns: g.len()})
		case "Spin":
			all = append(all, op.Choices{Columns: g.len(), Low: -1})
		case "OneHot":
			all = append(all, op.Choices{Columns: g.len(), States: g.States})
		default:
			return nil, fmt.Errorf("visible units are %v, want Bernoulli, Spin or OneHot: %w", u, ErrConfig)
		}
	}
	return all, nil
}
