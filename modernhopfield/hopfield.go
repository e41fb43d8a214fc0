package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
)

// Hopfield is a continuous modern Hopfield network as a layer: states R retrieve from stored patterns Y what is projected from Z,
//
//	q = norm(R) W_query + b_query      k = norm(Y) W_stored + b_stored      v = norm(Z) W_value + b_value
//	q ← Σ_j p_j(β q·k) k_j             Steps times, or until it moves by less than Tolerance
//	output = activation(Σ_j p_j(β q·k) v_j W_output + b_output)
//
// for each of the heads side by side, before W_output. p is the separation function: with the softmax and no steps the layer is the
// attention of a transformer.
//
// Parameters, as far as the configuration has them: stored_gain and stored_bias of the normalisations, likewise state_, projection_
// and space_; W_query (Input, Heads·Hidden), W_stored (Stored, Heads·Hidden), W_value (Projection, or Heads·Hidden where connected,
// Heads·Pattern), W_output (Heads·Pattern, Output) and their biases b_…; bias_stored (Heads·Hidden) and bias_value (Heads·Pattern),
// the bias pattern; beta (Heads), which training leaves alone, or log_beta; log_excess (Heads), log(α−1) of a learned entmax.
//
// Source: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, equations 3 and 10.
type Hopfield struct {
	associator
	config Config
}

var (
	_ layers.Saved      = (*Hopfield)(nil)
	_ layers.Stochastic = (*Hopfield)(nil)
)

// NewHopfield makes a Hopfield layer with small random weights and zero biases. Errors: ErrConfig, ErrDtype.
func NewHopfield(name string, config Config) (*Hopfield, error) {
	return newHopfield(name, config, nil)
}

func newHopfield(name string, config Config, file *modelfile.File) (*Hopfield, error) {
	m := newMaker("Hopfield", name, config.Dtype, file, config.Seed, config.InitDeviation)
	if err := m.Err(); err != nil {
		return nil, err
	}
	config.Dtype = m.Dtype()
	p, err := config.resolve(m.Dtype())
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Hopfield %q: %w", name, err)
	}
	h := &Hopfield{newAssociator("Hopfield", name, p, m), config}
	h.params = m.params
	if err := m.finish(); err != nil {
		return nil, fmt.Errorf("modernhopfield: Hopfield %q: %w", name, err)
	}
	return h, nil
}

// Config returns the configuration, with defaults filled in for the dtype.
func (h *Hopfield) Config() Config { return h.config }

// Dtype is the dtype of the parameters, and so of every graph that the layer can be in.
func (h *Hopfield) Dtype() tensor.Dtype { return h.config.Dtype }

// Forward builds what the patterns of a bag retrieve from the bag: x (N, T, Input) gives (N, T, Output), and a single bag (T, Input)
// gives (T, Output). Gradient flows to x and the parameters. Errors: ErrShape, ErrDtype, ErrConfig.
func (h *Hopfield) Forward(x *G.Node) (*G.Node, error) {
	y, err := h.on(x, x, x, Masks{})
	if err != nil {
		return nil, h.fail("Forward", err)
	}
	return y, nil
}

// Associate builds what states retrieve: stored (N, S, Stored), state (N, L, Input) and projection (N, S, Projection) give
// (N, L, Output); matrices are a single bag each. Bag n of the states associates with bag n of the others. Gradient flows to the
// three and the parameters. Errors: ErrShape, ErrDtype, ErrConfig.
//
// Cost: the projections of every row, and L·S·Heads·(Hidden·(1 + 2·steps) + Pattern) multiply-adds a bag. The L×S scores are never
// held, so that memory grows with L + S.
func (h *Hopfield) Associate(stored, state, projection *G.Node, masks Masks) (*G.Node, error) {
	y, err := h.on(stored, state, projection, masks)
	if err != nil {
		return nil, h.fail("Associate", err)
	}
	return y, nil
}

var argumentNames = []string{"stored patterns", "states", "projection"}

func (h *Hopfield) on(stored, state, projection *G.Node, masks Masks) (*G.Node, error) {
	b := graph(h.Dtype(), argumentNames, []*G.Node{stored, state, projection}, masks.nodes()...)
	return h.build(b, b.tensorBags("stored patterns", stored, h.plan.Stored), b.tensorBags("states", state, h.plan.Input),
		b.tensorBags("projection", projection, h.plan.Projection), masks)
}

// ForwardBags is Forward of bags of different lengths: x (R, Input), the bags one behind the other, and lengths (N) give (R, Output).
// An empty bag gives no rows. pooled is false: there is a row for every row of x.
func (h *Hopfield) ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error) {
	if y, err = h.onBags(x, x, x, lengths, lengths, Masks{}); err != nil {
		return nil, false, h.fail("ForwardBags", err)
	}
	return y, false, nil
}

// AssociateBags is Associate of bags of different lengths: stored (ΣS, Stored) and projection (ΣS, Projection) with storedLengths
// (N), state (ΣL, Input) with stateLengths (N) give (ΣL, Output). A state of a bag in which nothing is stored retrieves zeros, and
// with a bias or null pattern what that holds. Lengths are whole numbers in the layer's dtype, checked when a machine runs.
func (h *Hopfield) AssociateBags(stored, state, projection, storedLengths, stateLengths *G.Node, masks Masks) (*G.Node, error) {
	y, err := h.onBags(stored, state, projection, storedLengths, stateLengths, masks)
	if err != nil {
		return nil, h.fail("AssociateBags", err)
	}
	return y, nil
}

func (h *Hopfield) onBags(stored, state, projection, storedLengths, stateLengths *G.Node, masks Masks) (*G.Node, error) {
	b := graph(h.Dtype(), append(argumentNames, "lengths of the stored patterns", "lengths of the states"),
		[]*G.Node{stored, state, projection, storedLengths, stateLengths}, masks.nodes()...)
	return h.build(b, b.raggedBags("stored patterns", stored, storedLengths, h.plan.Stored), b.raggedBags("states", state, stateLengths, h.plan.Input),
		b.raggedBags("projection", projection, storedLengths, h.plan.Projection), masks)
}

func (h *Hopfield) build(b *builder, stored, states, projection bags, masks Masks) (*G.Node, error) {
	b.fit("states", states, "stored patterns", stored)
	b.fitProjection(projection, stored)
	m, q := h.meet(b, stored, states, &projection, masks)
	y := b.fold(h.associate(b, q, states.lengths, m, masks), states)
	return y, b.err
}

// fitProjection refuses what does not have a row for every stored pattern.
func (b *builder) fitProjection(projection, stored bags) {
	b.fit("projection", projection, "stored patterns", stored)
	if b.err == nil && projection.rows.Shape()[0] != stored.rows.Shape()[0] {
		b.err = fmt.Errorf("projection is %s, stored patterns %s, want a row for each: %w", projection.text(), stored.text(), energy.ErrShape)
	}
}

// meet checks that states, stored patterns and masks fit, and projects the first two.
func (a *associator) meet(b *builder, stored, states bags, projection *bags, masks Masks) (memory, *G.Node) {
	a.checkWidths(b, stored, states)
	if b.err == nil {
		b.err = masks.check(stored, states, a.plan.Heads)
	}
	if b.err != nil {
		return memory{}, nil
	}
	return a.remember(b, stored, projection), a.queries(b, states.rows)
}

// Save writes the layer to a file; see layers.Save.
func (h *Hopfield) Save(path string) error { return layers.Save(path, h) }
