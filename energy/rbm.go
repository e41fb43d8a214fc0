package energy

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// RBM is the energy of a harmonium, any visible by any hidden family, over nodes that its owner provides:
//
//	E(v,h) = U(v) + U(h) − bᵀ(v−μ) − cᵀ(h−λ) − (v−μ)ᵀ W (h−λ)
//
// with offsets μ and λ that are zero where the nodes are nil. The plain form of the same distribution has biases b − Wλ and
// c − Wᵀμ. What the offsets change is the gradient with regard to W, b and c: the centered gradient, which is nearly free of
// the coupling between weights and biases.
//
// Sources: M. Welling, M. Rosen-Zvi, G. Hinton, "Exponential Family Harmoniums with an Application to Information Retrieval",
// NIPS 2004; G. Montavon, K.-R. Müller, "Deep Boltzmann Machines and the Centering Trick", 2012; J. Melchior, A. Fischer,
// L. Wiskott, "How to Center Deep Boltzmann Machines", JMLR 17 (2016).
type RBM struct {
	Name            string // how errors call it; empty means energy: RBM
	Visible, Hidden Units

	W *G.Node // (visible, hidden)
	B *G.Node // (visible)
	C *G.Node // (hidden)

	VisibleLogVariance, HiddenLogVariance *G.Node // vectors, or nil for variance 1
	VisibleOffset, HiddenOffset           *G.Node // μ and λ, vectors, or nil for 0
}

// named gives an error the name of the energy and of what was asked of it.
func (e RBM) named(what string, n *G.Node, err error) (*G.Node, error) {
	if err == nil {
		return n, nil
	}
	name := e.Name
	if name == "" {
		name = "energy: RBM"
	}
	return nil, fmt.Errorf("%s: %s: %w", name, what, err)
}

// side is one side of the machine as seen by what is common to both.
type side struct {
	name        string
	units       Units
	bias        *G.Node
	logVariance *G.Node
	offset      *G.Node
}

func (e RBM) visible() side {
	return side{"visible", e.Visible, e.B, e.VisibleLogVariance, e.VisibleOffset}
}

func (e RBM) hidden() side {
	return side{"hidden", e.Hidden, e.C, e.HiddenLogVariance, e.HiddenOffset}
}

func (s side) fits(x *G.Node) error {
	if x == nil || x.Dims() != 2 || x.Shape()[1] != s.units.Len() {
		return fmt.Errorf("%s has %s, want (batch, %d): %w", s.name, shapeOf(x), s.units.Len(), ErrShape)
	}
	return nil
}

// centered builds x minus the side's offset.
func (s side) centered(x *G.Node) (*G.Node, error) {
	if s.offset == nil {
		return x, nil
	}
	return op.ShiftRows(x, s.offset)
}

// HiddenInput builds the inputs of the hidden units, (v−μ)W + c: (B, visible) gives (B, hidden). Gradient flows to v, W, c
// and μ. Cost: one (B×visible)·(visible×hidden) product.
func (e RBM) HiddenInput(v *G.Node) (*G.Node, error) {
	n, err := e.hiddenInput(v)
	return e.named("HiddenInput", n, err)
}

// VisibleInput builds the inputs of the visible units, (h−λ)Wᵀ + b: (B, hidden) gives (B, visible).
func (e RBM) VisibleInput(h *G.Node) (*G.Node, error) {
	n, err := e.visibleInput(h)
	return e.named("VisibleInput", n, err)
}

func (e RBM) hiddenInput(v *G.Node) (*G.Node, error) {
	return e.input(e.visible(), e.hidden(), v, false)
}

func (e RBM) visibleInput(h *G.Node) (*G.Node, error) {
	return e.input(e.hidden(), e.visible(), h, true)
}

func (e RBM) input(from, to side, x *G.Node, transposed bool) (*G.Node, error) {
	if err := from.fits(x); err != nil {
		return nil, err
	}
	x, err := from.centered(x)
	if err != nil {
		return nil, err
	}
	return op.Affine(x, e.W, to.bias, transposed)
}

// HiddenMean builds E[h|v] = Γ_h'((v−μ)W + c): (B, visible) gives (B, hidden). Gradient flows to v and all parameters of it.
func (e RBM) HiddenMean(v *G.Node) (*G.Node, error) {
	n, err := mean(e.visible(), e.hidden(), v, e.hiddenInput)
	return e.named("HiddenMean", n, err)
}

// VisibleMean builds E[v|h] = Γ_v'((h−λ)Wᵀ + b): (B, hidden) gives (B, visible).
func (e RBM) VisibleMean(h *G.Node) (*G.Node, error) {
	n, err := mean(e.hidden(), e.visible(), h, e.visibleInput)
	return e.named("VisibleMean", n, err)
}

func mean(from, to side, x *G.Node, input func(*G.Node) (*G.Node, error)) (*G.Node, error) {
	if err := from.fits(x); err != nil {
		return nil, err
	}
	in, err := input(x)
	if err != nil {
		return nil, err
	}
	return to.units.Mean(in, to.logVariance)
}

// Energy builds E(v,h): (B, visible) and (B, hidden) give (B), nats. Gradient flows to v, h and every parameter.
func (e RBM) Energy(v, h *G.Node) (*G.Node, error) {
	n, err := e.energy(v, h)
	return e.named("Energy", n, err)
}

func (e RBM) energy(v, h *G.Node) (*G.Node, error) {
	if err := e.visible().fits(v); err != nil {
		return nil, err
	}
	if err := e.hidden().fits(h); err != nil {
		return nil, err
	}
	if v.Shape()[0] != h.Shape()[0] {
		return nil, fmt.Errorf("visible has %d rows, hidden %d: %w", v.Shape()[0], h.Shape()[0], ErrShape)
	}
	input, err := e.hiddenInput(v) // (v−μ)W + c, so that one dot product with h−λ gives coupling and hidden bias
	if err != nil {
		return nil, err
	}
	centered, err := e.hidden().centered(h)
	if err != nil {
		return nil, err
	}
	var sum terms
	sum.own(e.visible(), v)
	sum.own(e.hidden(), h)
	sum.bias(e.visible(), v)
	sum.Add(-1)(op.RowDot(input, centered))
	return sum.Build()
}

// FreeEnergy builds F(v) = −log ∫ exp(−E(v,h)) dh = U(v) − bᵀ(v−μ) − Γ_h(I) + λᵀI with I = (v−μ)W + c, so that
// p(v) ∝ exp(−F(v)): (B, visible) gives (B), nats. Gradient flows to v and every parameter. Cost: one
// (B×visible)·(visible×hidden) product, which Gorgonia shares with HiddenMean of the same node.
func (e RBM) FreeEnergy(v *G.Node) (*G.Node, error) {
	n, err := freeEnergy(e.visible(), e.hidden(), v, e.hiddenInput)
	return e.named("FreeEnergy", n, err)
}

// HiddenFreeEnergy builds F(h) = −log ∫ exp(−E(v,h)) dv, so that p(h) ∝ exp(−F(h)): (B, hidden) gives (B), nats.
func (e RBM) HiddenFreeEnergy(h *G.Node) (*G.Node, error) {
	n, err := freeEnergy(e.hidden(), e.visible(), h, e.visibleInput)
	return e.named("HiddenFreeEnergy", n, err)
}

func freeEnergy(kept, summed side, x *G.Node, input func(*G.Node) (*G.Node, error)) (*G.Node, error) {
	if err := kept.fits(x); err != nil {
		return nil, err
	}
	in, err := input(x)
	if err != nil {
		return nil, err
	}
	var sum terms
	sum.own(kept, x)
	sum.bias(kept, x)
	sum.Add(-1)(summed.units.CGF(in, summed.logVariance))
	if summed.offset != nil {
		sum.Add(1)(op.MatVec(in, summed.offset))
	}
	return sum.Build()
}

// terms is the sum of a per-sample energy.
type terms struct{ op.Terms }

// own adds U(x), unless it is zero for all of the units.
func (t *terms) own(s side, x *G.Node) {
	if slices.ContainsFunc(s.units.groups, func(g group) bool { return !g.free() }) {
		t.Add(1)(s.units.OwnEnergy(x, s.logVariance))
	}
}

// bias adds −bias·(x − offset).
func (t *terms) bias(s side, x *G.Node) {
	x, err := s.centered(x)
	if err != nil {
		t.Add(-1)(nil, err)
		return
	}
	t.Add(-1)(op.MatVec(x, s.bias))
}
