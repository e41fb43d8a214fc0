package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
)

// EncoderConfig describes an Encoder block.
type EncoderConfig struct {
	// Association describes the self-association. Its Input is the width of the block, which its Output keeps; its Seed and Dtype
	// are the whole block's.
	Association Config `json:"association"`
	// Feedforward is the inner width of the feedforward part; 0 means 2048.
	Feedforward int `json:"feedforward,omitempty"`
	// Activation of the feedforward part: relu, tanh, sigmoid or softplus; none means relu.
	Activation string `json:"activation,omitempty"`
	// Dropout is the probability with which a number is dropped, 0 ≤ p < 1: of the associated, of the inner and of the outer numbers
	// of the feedforward part. That of the weights of the association is Association.Dropout.
	Dropout float64 `json:"dropout,omitempty"`
	// Epsilon is added to the variances of both layer normalisations; 0 means 1e-5.
	Epsilon float64 `json:"epsilon,omitempty"`
}

// Encoder is a transformer encoder block with Hopfield association, normalised afterwards:
//
//	y = norm(x + dropout(Hopfield(x)))
//	output = norm(y + dropout(dropout(f(y W_expand + b_expand)) W_contract + b_contract))
//
// Parameters: those of a Hopfield layer named "….association", association_gain and association_bias (Input) of the first
// normalisation, W_expand, b_expand, W_contract, b_contract, and feedforward_gain and feedforward_bias (Input) of the second.
//
// Source: A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.
type Encoder struct {
	owner
	config      EncoderConfig
	association *Hopfield
	first       residual
	feed        feedforward
}

var (
	_ layers.Saved      = (*Encoder)(nil)
	_ layers.Stochastic = (*Encoder)(nil)
	_ layers.BagLayer   = (*Encoder)(nil)
)

// NewEncoder makes an encoder block. Errors: ErrConfig, ErrDtype.
func NewEncoder(name string, config EncoderConfig) (*Encoder, error) {
	return newEncoder(name, config, nil)
}

func newEncoder(name string, config EncoderConfig, file *modelfile.File) (*Encoder, error) {
	a := config.Association
	m := newMaker("Encoder", name, a.Dtype, file, a.Seed, 0)
	if err := m.Err(); err != nil {
		return nil, err
	}
	config.Association.Dtype, a.Dtype = m.Dtype(), m.Dtype()
	fail := func(err error) (*Encoder, error) {
		return nil, fmt.Errorf("modernhopfield: Encoder %q: %w", name, err)
	}
	c := blockConfig{config.Feedforward, config.Activation, config.Dropout, config.Epsilon, a.Seed}
	if err := c.check(); err != nil {
		return fail(err)
	}
	width, err := selfWidth("Association", a)
	if err != nil {
		return fail(err)
	}
	e := &Encoder{owner: owner{kind: "Encoder", name: name}, config: config}
	if e.association, err = newHopfield(name+".association", a, file); err != nil {
		return fail(err)
	}
	e.first = c.residual(m, name, "association", width)
	e.feed = c.feedforward(m, name, width)
	e.params = append(e.association.Params(), m.params...)
	if err := m.finish(); err != nil {
		return fail(err)
	}
	return e, nil
}

// selfWidth is the width of an association of patterns with themselves whose output is added to them.
func selfWidth(what string, c Config) (int, error) {
	p, err := residualPlan(what, c)
	if err != nil {
		return 0, err
	}
	if p.Stored != p.Input {
		return 0, fmt.Errorf("%s: Stored is %d and Input %d, want one width, since patterns associate with themselves: %w", what, p.Stored, p.Input, energy.ErrConfig)
	}
	return p.Input, nil
}

// Config returns the configuration, with defaults filled in for the dtype.
func (e *Encoder) Config() EncoderConfig { return e.config }

// Dtype is the dtype of the parameters, and so of every graph that the block can be in.
func (e *Encoder) Dtype() tensor.Dtype { return e.config.Association.Dtype }

// SetStep chooses the draws of dropout of the next run; a fresh block stands at step 0.
func (e *Encoder) SetStep(step uint64) {
	e.association.SetStep(step)
	e.first.dropout.setStep(step)
	e.feed.setStep(step)
}

// Forward builds the block on x: (N, T, Input) gives (N, T, Input), and a single bag (T, Input) the same. Gradient flows to x and
// the parameters. Errors: ErrShape, ErrDtype.
func (e *Encoder) Forward(x *G.Node) (*G.Node, error) {
	y, err := e.encode(x, Masks{})
	if err != nil {
		return nil, e.fail("Forward", err)
	}
	return y, nil
}

// Encode is Forward with masks of the association.
func (e *Encoder) Encode(x *G.Node, masks Masks) (*G.Node, error) {
	y, err := e.encode(x, masks)
	if err != nil {
		return nil, e.fail("Encode", err)
	}
	return y, nil
}

func (e *Encoder) encode(x *G.Node, masks Masks) (*G.Node, error) {
	b := graph(e.Dtype(), []string{"input"}, []*G.Node{x}, masks.nodes()...)
	return e.build(b, b.tensorBags("input", x, e.association.plan.Input), masks)
}

// ForwardBags is Forward of bags of different lengths: x (R, Input), the bags one behind the other, and lengths (N) give (R, Input);
// pooled is false.
func (e *Encoder) ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error) {
	b := graph(e.Dtype(), []string{"input", "lengths"}, []*G.Node{x, lengths})
	if y, err = e.build(b, b.raggedBags("input", x, lengths, e.association.plan.Input), Masks{}); err != nil {
		return nil, false, e.fail("ForwardBags", err)
	}
	return y, false, nil
}

func (e *Encoder) build(b *builder, x bags, masks Masks) (*G.Node, error) {
	m, q := e.association.meet(b, x, x, &x, masks)
	y := e.association.associate(b, q, x.lengths, m, masks)
	if b.err != nil {
		return nil, b.err
	}
	out := b.fold(e.feed.build(b, e.first.build(b, x.rows, y)), x)
	return out, b.err
}

// Association builds the weights of the association: x (N, T, Input) gives (N·H, T, T'). See Hopfield.Association.
func (e *Encoder) Association(x *G.Node, masks Masks) (*G.Node, error) {
	w, err := e.association.Association(x, x, masks)
	if err != nil {
		return nil, e.fail("Association", err)
	}
	return w, nil
}

// Save writes the block to a file; see layers.Save.
func (e *Encoder) Save(path string) error { return layers.Save(path, e) }

// Betas returns the inverse temperature β of each head as it is now. Values move.
func (e *Encoder) Betas() []float64 { return e.association.Betas() }
