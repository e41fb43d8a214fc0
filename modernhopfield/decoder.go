package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/layers"
)

// DecoderConfig describes a Decoder block.
type DecoderConfig struct {
	// Self describes the self-association, as in EncoderConfig.Association. Its Seed and Dtype are the whole block's.
	Self Config `json:"self"`
	// Cross describes the association with the memory. Its Input and Output are those of Self, its Stored the width of the memory.
	Cross Config `json:"cross"`
	// Feedforward, Activation, Dropout and Epsilon are as in EncoderConfig.
	Feedforward int     `json:"feedforward,omitempty"`
	Activation  string  `json:"activation,omitempty"`
	Dropout     float64 `json:"dropout,omitempty"`
	Epsilon     float64 `json:"epsilon,omitempty"`
}

// Decoder is a transformer decoder block with Hopfield associations, normalised afterwards:
//
//	y = norm(x + dropout(Hopfield_self(x)))
//	z = norm(y + dropout(Hopfield_cross(memory, y, memory)))
//	output = norm(z + dropout(dropout(f(z W_expand + b_expand)) W_contract + b_contract))
//
// Parameters: those of Hopfield layers named "….self" and "….cross", self_gain, self_bias, cross_gain and cross_bias (Input) of the
// first two normalisations, and those of the feedforward part as in Encoder.
//
// Source: A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.
type Decoder struct {
	owner
	config        DecoderConfig
	self, cross   *Hopfield
	first, second residual
	feed          feedforward
}

var (
	_ layers.Saved      = (*Decoder)(nil)
	_ layers.Stochastic = (*Decoder)(nil)
	_ layers.BagLayer   = (*Decoder)(nil)
)

// NewDecoder makes a decoder block. Errors: ErrConfig, ErrDtype.
func NewDecoder(name string, config DecoderConfig) (*Decoder, error) {
	return newDecoder(name, config, nil)
}

func newDecoder(name string, config DecoderConfig, file *modelfile.File) (*Decoder, error) {
	m := newMaker("Decoder", name, config.Self.Dtype, file, config.Self.Seed, 0)
	if err := m.Err(); err != nil {
		return nil, err
	}
	fail := func(err error) (*Decoder, error) {
		return nil, fmt.Errorf("modernhopfield: Decoder %q: %w", name, err)
	}
	if dt := config.Cross.Dtype; dt != (tensor.Dtype{}) && dt != m.Dtype() {
		return fail(fmt.Errorf("Cross has dtype %v, want %v as Self: %w", dt, m.Dtype(), energy.ErrDtype))
	}
	config.Self.Dtype, config.Cross.Dtype = m.Dtype(), m.Dtype()
	c := blockConfig{config.Feedforward, config.Activation, config.Dropout, config.Epsilon, config.Self.Seed}
	if err := c.check(); err != nil {
		return fail(err)
	}
	width, err := selfWidth("Self", config.Self)
	if err != nil {
		return fail(err)
	}
	cross, err := residualPlan("Cross", config.Cross)
	if err != nil {
		return fail(err)
	}
	if cross.Input != width {
		return fail(fmt.Errorf("Cross: Input is %d, want that of Self, %d: %w", cross.Input, width, energy.ErrConfig))
	}
	d := &Decoder{owner: owner{kind: "Decoder", name: name}, config: config}
	if d.self, err = newHopfield(name+".self", config.Self, file); err != nil {
		return fail(err)
	}
	if d.cross, err = newHopfield(name+".cross", config.Cross, file); err != nil {
		return fail(err)
	}
	d.first, d.second = c.residual(m, name, "self", width), c.residual(m, name, "cross", width)
	d.feed = c.feedforward(m, name, width)
	d.params = append(append(d.self.Params(), d.cross.params...), m.params...)
	if err := m.finish(); err != nil {
		return fail(err)
	}
	return d, nil
}

// Config returns the configuration, with defaults filled in for the dtype.
func (d *Decoder) Config() DecoderConfig { return d.config }

// Dtype is the dtype of the parameters, and so of every graph that the block can be in.
func (d *Decoder) Dtype() tensor.Dtype { return d.config.Self.Dtype }

// SetStep chooses the draws of dropout of the next run; a fresh block stands at step 0.
func (d *Decoder) SetStep(step uint64) {
	d.self.SetStep(step)
	d.cross.SetStep(step)
	d.first.dropout.setStep(step)
	d.second.dropout.setStep(step)
	d.feed.setStep(step)
}

// Forward is Decode of x with itself as the memory, without masks, which is what a chain of layers can give it.
func (d *Decoder) Forward(x *G.Node) (*G.Node, error) {
	y, err := d.decode(x, x, Masks{}, Masks{})
	if err != nil {
		return nil, d.fail("Forward", err)
	}
	return y, nil
}

// Decode builds the block on a target (N, L, Input), of which patterns retrieve from a memory (N, S, Stored): (N, L, Input). Matrices are a
// single bag each. self masks the association of the target with itself, cross that with the memory. Gradient flows to both and
// the parameters. Errors: ErrShape, ErrDtype.
func (d *Decoder) Decode(target, memory *G.Node, self, cross Masks) (*G.Node, error) {
	y, err := d.decode(target, memory, self, cross)
	if err != nil {
		return nil, d.fail("Decode", err)
	}
	return y, nil
}

var decoderArguments = []string{"target", "memory", "lengths of the target", "lengths of the memory"}

func (d *Decoder) decode(target, memory *G.Node, self, cross Masks) (*G.Node, error) {
	b, x, m := d.two(target, memory, self, cross)
	y := d.build(b, x, m, self, cross)
	return y, b.err
}

func (d *Decoder) two(target, memory *G.Node, self, cross Masks) (b *builder, x, m bags) {
	b = graph(d.Dtype(), decoderArguments, []*G.Node{target, memory}, append(self.nodes(), cross.nodes()...)...)
	return b, b.tensorBags("target", target, d.self.plan.Input), b.tensorBags("memory", memory, d.cross.plan.Stored)
}

// ForwardBags is Forward of bags of different lengths: x (R, Input) and lengths (N) give (R, Input); pooled is false.
func (d *Decoder) ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error) {
	if y, err = d.DecodeBags(x, x, lengths, lengths, Masks{}, Masks{}); err != nil {
		return nil, false, err
	}
	return y, false, nil
}

// DecodeBags is Decode of bags of different lengths: target (ΣL, Input) with targetLengths (N) and memory (ΣS, Stored) with
// memoryLengths (N) give (ΣL, Input).
func (d *Decoder) DecodeBags(target, memory, targetLengths, memoryLengths *G.Node, self, cross Masks) (*G.Node, error) {
	b := graph(d.Dtype(), decoderArguments, []*G.Node{target, memory, targetLengths, memoryLengths}, append(self.nodes(), cross.nodes()...)...)
	y := d.build(b, b.raggedBags("target", target, targetLengths, d.self.plan.Input), b.raggedBags("memory", memory, memoryLengths, d.cross.plan.Stored), self, cross)
	if b.err != nil {
		return nil, d.fail("DecodeBags", b.err)
	}
	return y, nil
}

func (d *Decoder) build(b *builder, x, memory bags, self, cross Masks) *G.Node {
	y := d.remembering(b, x, self)
	b.fit("target", x, "memory", memory)
	m, q := d.cross.meet(b, memory, y, &memory, cross)
	z := d.cross.associate(b, q, y.lengths, m, cross)
	if b.err != nil {
		return nil
	}
	return b.fold(d.feed.build(b, d.second.build(b, y.rows, z)), x)
}

// remembering builds the first part: the target that meets the memory.
func (d *Decoder) remembering(b *builder, x bags, self Masks) bags {
	m, q := d.self.meet(b, x, x, &x, self)
	y := d.self.associate(b, q, x.lengths, m, self)
	if b.err == nil {
		x.rows = d.first.build(b, x.rows, y)
	}
	return x
}

// SelfAssociation builds the weights of the target on itself: (N, L, Input) gives (N·H, L, L'). See Hopfield.Association.
func (d *Decoder) SelfAssociation(target *G.Node, self Masks) (*G.Node, error) {
	w, err := d.self.Association(target, target, self)
	if err != nil {
		return nil, d.fail("SelfAssociation", err)
	}
	return w, nil
}

// CrossAssociation builds the weights of the target on the memory: (N·H, L, S'). See Hopfield.Association.
func (d *Decoder) CrossAssociation(target, memory *G.Node, self, cross Masks) (*G.Node, error) {
	b, x, m := d.two(target, memory, self, cross)
	y := d.remembering(b, x, self)
	b.fit("target", x, "memory", m)
	k, q := d.cross.meet(b, m, y, nil, cross)
	if w := d.cross.weights(b, q, y.lengths, k, cross); b.err == nil {
		return w, nil
	}
	return nil, d.fail("CrossAssociation", b.err)
}

// Save writes the block to a file; see layers.Save.
func (d *Decoder) Save(path string) error { return layers.Save(path, d) }
