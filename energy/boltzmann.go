package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// HiddenStates is how a Boltzmann machine's hidden units are summed out.
type HiddenStates int

const (
	NoHidden        HiddenStates = iota // there are none
	UncoupledHidden                     // they are coupled to visible units only, so that given these they are independent
	CoupledHidden                       // they are coupled among themselves, too: their joint states are enumerated
)

// Boltzmann is the energy of a general Boltzmann machine, visible units v and hidden units h, x = (v, h), all of which may be coupled:
//
//	E(v,h) = U(x) − bᵀx − ½ xᵀWx
//
// over nodes that its owner provides. With uncoupled hidden units it is a semi-restricted machine, and without couplings among the visible
// ones, either, an RBM.
//
// Sources: D. Ackley, G. Hinton, T. Sejnowski, Cognitive Science 9 (1985); S. Osindero, G. Hinton, "Modeling Image Patches with a Directed
// Hierarchy of Markov Random Fields", NIPS 2007, for the semi-restricted machine.
type Boltzmann struct {
	Name    string // how errors call it; empty means energy: Boltzmann
	Visible Units
	Hidden  Units // the zero value where there are none
	States  HiddenStates

	// Joint is the energy of all units together, the visible ones first.
	Joint Quadratic

	// HiddenRows are the joint states of coupled hidden units, (states, hidden), an input of the graph.
	HiddenRows *G.Node
}

func (e Boltzmann) named(what string, n *G.Node, err error) (*G.Node, error) {
	if err == nil {
		return n, nil
	}
	name := e.Name
	if name == "" {
		name = "energy: Boltzmann"
	}
	return nil, fmt.Errorf("%s: %s: %w", name, what, err)
}

// Energy builds E(v,h): (B, visible) and (B, hidden) give (B), nats; h is nil where there are no hidden units. Gradient flows to v, h and
// every parameter. Cost: one product of the rows with W.
func (e Boltzmann) Energy(v, h *G.Node) (*G.Node, error) {
	x, err := e.join(v, h)
	if err == nil {
		x, err = e.Joint.energy(x)
	}
	return e.named("Energy", x, err)
}

// join builds (v, h).
func (e Boltzmann) join(v, h *G.Node) (*G.Node, error) {
	if err := e.fits("visible", e.Visible, v); err != nil {
		return nil, err
	}
	if e.States == NoHidden {
		if h != nil {
			return nil, fmt.Errorf("hidden: there are no hidden units, want nil: %w", ErrShape)
		}
		return v, nil
	}
	if err := e.fits("hidden", e.Hidden, h); err != nil {
		return nil, err
	}
	left, err := op.Pad(v, 0, e.Hidden.Len())
	if err != nil {
		return nil, err
	}
	right, err := op.Pad(h, e.Visible.Len(), 0)
	if err != nil {
		return nil, err
	}
	return op.Combine([]float64{1, 1}, left, right)
}

func (e Boltzmann) fits(what string, u Units, x *G.Node) error {
	if x == nil || x.Dims() != 2 || x.Shape()[1] != u.Len() {
		return fmt.Errorf("%s has %s, want (batch, %d): %w", what, shapeOf(x), u.Len(), ErrShape)
	}
	return nil
}

// FreeEnergy builds F(v) = −log Σ_h exp(−E(v,h)), so that p(v) ∝ exp(−F(v)): (B, visible) gives (B), nats. Without hidden units it is the
// energy. Gradient flows to v and every parameter. Cost: one product of the rows with W, and of coupled hidden units one of the rows with
// their joint states.
func (e Boltzmann) FreeEnergy(v *G.Node) (*G.Node, error) {
	if e.States == NoHidden {
		n, err := e.join(v, nil)
		if err == nil {
			n, err = e.Joint.energy(n)
		}
		return e.named("FreeEnergy", n, err)
	}
	n, err := e.freeEnergy(v)
	return e.named("FreeEnergy", n, err)
}

func (e Boltzmann) freeEnergy(v *G.Node) (*G.Node, error) {
	if err := e.fits("visible", e.Visible, v); err != nil {
		return nil, err
	}
	x, err := op.Pad(v, 0, e.Hidden.Len())
	if err != nil {
		return nil, err
	}
	energy, err := e.Joint.energy(x) // that of the visible units alone: Gaussian units are visible
	if err != nil {
		return nil, err
	}
	input, err := e.HiddenInput(v)
	if err != nil {
		return nil, err
	}
	var sum terms
	sum.Add(1)(energy, nil)
	if e.States == UncoupledHidden {
		sum.Add(-1)(e.Hidden.CGF(input, nil))
		return sum.Build()
	}
	alone, err := op.Pad(e.HiddenRows, e.Visible.Len(), 0)
	if err != nil {
		return nil, err
	}
	coupled, err := e.Joint.coupled(alone)
	if err != nil {
		return nil, err
	}
	inner, err := op.RowDot(coupled, alone)
	if err != nil {
		return nil, err
	}
	half, err := op.Combine([]float64{0.5}, inner)
	if err != nil {
		return nil, err
	}
	scores, err := op.Affine(input, e.HiddenRows, half, true)
	if err != nil {
		return nil, err
	}
	sum.Add(-1)(op.LogSumExp(scores))
	return sum.Build()
}

// HiddenInput builds what the hidden units feel of the visible ones and of their biases: (B, visible) gives (B, hidden). Where they are not
// coupled among themselves they are distributed by their family at these inputs.
func (e Boltzmann) HiddenInput(v *G.Node) (*G.Node, error) {
	if e.States == NoHidden {
		return e.named("HiddenInput", nil, fmt.Errorf("there are no hidden units: %w", ErrConfig))
	}
	n, err := e.hiddenInput(v)
	return e.named("HiddenInput", n, err)
}

func (e Boltzmann) hiddenInput(v *G.Node) (*G.Node, error) {
	if err := e.fits("visible", e.Visible, v); err != nil {
		return nil, err
	}
	x, err := op.Pad(v, 0, e.Hidden.Len())
	if err != nil {
		return nil, err
	}
	field, err := e.Joint.Input(x)
	if err != nil {
		return nil, err
	}
	return op.Cut(field, e.Visible.Len(), 0)
}

// HiddenMean builds the means of the hidden units given the visible ones, (B, visible) gives (B, hidden). Uncoupled hidden units have
// E[h|v] = Γ'(HiddenInput), exactly. Coupled ones are given the naive mean field: starting from the means that they would have without each
// other, the updates
//
//	m ← ½m + ½Γ'(input of the hidden units at (v, m))
//
// all at once, each half of the way, which keeps them from going to and fro. Gradient flows to v, W and b, through every update. Cost of an
// update: one product of the rows with W.
//
// Source: C. Peterson, J. Anderson, Complex Systems 1 (1987).
func (e Boltzmann) HiddenMean(v *G.Node, updates int) (*G.Node, error) {
	input, err := e.HiddenInput(v)
	if err != nil {
		return nil, err
	}
	n, err := e.hiddenMean(v, input, updates)
	return e.named("HiddenMean", n, err)
}

func (e Boltzmann) hiddenMean(v, input *G.Node, updates int) (*G.Node, error) {
	mean, err := e.Hidden.Mean(input, nil)
	if err != nil || e.States == UncoupledHidden {
		return mean, err
	}
	for range updates {
		x, err := e.join(v, mean)
		if err != nil {
			return nil, err
		}
		field, err := e.Joint.input(x)
		if err != nil {
			return nil, err
		}
		if input, err = op.Cut(field, e.Visible.Len(), 0); err != nil {
			return nil, err
		}
		next, err := e.Hidden.Mean(input, nil)
		if err != nil {
			return nil, err
		}
		if mean, err = op.Combine([]float64{0.5, 0.5}, mean, next); err != nil {
			return nil, err
		}
	}
	return mean, nil
}
