package modernhopfield

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// PoolingConfig describes a Pooling layer.
type PoolingConfig struct {
	Config
	// Quantity is the number of state patterns, each of which pools a bag in its own way; 0 means 1.
	Quantity int `json:"quantity,omitempty"`
	// Frozen keeps training from the state patterns.
	Frozen bool `json:"frozen,omitempty"`
}

// Pooling makes one row of a bag of any length: learned state patterns retrieve from the bag's patterns, as the states of a Hopfield
// layer do. Input is the width of the state patterns, Stored that of what comes.
//
// Parameters: state_patterns (Quantity, Input), or (Quantity, Hidden) where static, and those of Hopfield.
//
// Source: Ramsauer et al., ICLR 2021, section 3.
type Pooling struct {
	associator
	config   PoolingConfig
	quantity int
	patterns *layers.Param
}

var (
	_ layers.Saved      = (*Pooling)(nil)
	_ layers.Stochastic = (*Pooling)(nil)
	_ layers.BagLayer   = (*Pooling)(nil)
)

// NewPooling makes a pooling layer with small random weights and state patterns. Errors: ErrConfig, ErrDtype.
func NewPooling(name string, config PoolingConfig) (*Pooling, error) {
	return newPooling(name, config, nil)
}

func newPooling(name string, config PoolingConfig, file *modelfile.File) (*Pooling, error) {
	m := newMaker("Pooling", name, config.Dtype, file, config.Seed, config.InitDeviation)
	if err := m.Err(); err != nil {
		return nil, err
	}
	config.Dtype = m.Dtype()
	fail := func(err error) (*Pooling, error) {
		return nil, fmt.Errorf("modernhopfield: Pooling %q: %w", name, err)
	}
	plan, err := config.resolve(m.Dtype())
	if err != nil {
		return fail(err)
	}
	if err := checkQuantity(config.Quantity); err != nil {
		return fail(err)
	}
	if plan.Input == 0 {
		return fail(fmt.Errorf("Input is 0, want the width of the state patterns: %w", energy.ErrConfig))
	}
	p := &Pooling{associator: newAssociator("Pooling", name, plan, m), config: config, quantity: or(config.Quantity, 1)}
	p.patterns = m.normals("state_patterns", !config.Frozen, or(config.InitDeviation, 0.02), p.quantity, plan.Input)
	p.params = m.params
	if err := m.finish(); err != nil {
		return fail(err)
	}
	return p, nil
}

func checkQuantity(n int) error {
	if n < 0 || n > maxSize {
		return fmt.Errorf("Quantity is %d, want 1 to 2^30, or 0 for 1: %w", n, energy.ErrConfig)
	}
	return nil
}

// Config returns the configuration, with defaults filled in for the dtype.
func (p *Pooling) Config() PoolingConfig { return p.config }

// Dtype is the dtype of the parameters, and so of every graph that the layer can be in.
func (p *Pooling) Dtype() tensor.Dtype { return p.config.Dtype }

// Forward builds a row of each bag: x (N, T, Stored) gives (N, Quantity·Output), what state pattern i retrieves in the columns i·Output
// to (i+1)·Output − 1; a single bag (T, Stored) gives one row. Gradient flows to x and the parameters. Errors: ErrShape, ErrDtype.
func (p *Pooling) Forward(x *G.Node) (*G.Node, error) {
	y, err := p.pool(x, x, Masks{})
	if err != nil {
		return nil, p.fail("Forward", err)
	}
	return y, nil
}

// Pool is Forward with values of their own, projection (N, T, Projection), and masks, for which L is Quantity.
func (p *Pooling) Pool(stored, projection *G.Node, masks Masks) (*G.Node, error) {
	y, err := p.pool(stored, projection, masks)
	if err != nil {
		return nil, p.fail("Pool", err)
	}
	return y, nil
}

func (p *Pooling) pool(stored, projection *G.Node, masks Masks) (*G.Node, error) {
	b := graph(p.Dtype(), []string{"stored patterns", "projection"}, []*G.Node{stored, projection}, masks.nodes()...)
	return p.build(b, b.tensorBags("stored patterns", stored, p.plan.Stored), b.tensorBags("projection", projection, p.plan.Projection), masks)
}

// ForwardBags is Forward of bags of different lengths: x (R, Stored), the bags one behind the other, and lengths (N) give
// (N, Quantity·Output); pooled is true. From an empty bag the state patterns retrieve zeros, and with a bias or null pattern what
// that holds: its row is the activation of b_output, or of the bias pattern's projection.
func (p *Pooling) ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error) {
	if y, err = p.poolBags(x, x, lengths, Masks{}); err != nil {
		return nil, false, p.fail("ForwardBags", err)
	}
	return y, true, nil
}

// PoolBags is Pool of bags of different lengths: stored (R, Stored), projection (R, Projection) and lengths (N).
func (p *Pooling) PoolBags(stored, projection, lengths *G.Node, masks Masks) (*G.Node, error) {
	y, err := p.poolBags(stored, projection, lengths, masks)
	if err != nil {
		return nil, p.fail("PoolBags", err)
	}
	return y, nil
}

func (p *Pooling) poolBags(stored, projection, lengths *G.Node, masks Masks) (*G.Node, error) {
	b := graph(p.Dtype(), []string{"stored patterns", "projection", "lengths"}, []*G.Node{stored, projection, lengths}, masks.nodes()...)
	return p.build(b, b.raggedBags("stored patterns", stored, lengths, p.plan.Stored),
		b.raggedBags("projection", projection, lengths, p.plan.Projection), masks)
}

func (p *Pooling) build(b *builder, stored, projection bags, masks Masks) (*G.Node, error) {
	b.fitProjection(projection, stored)
	m, q, lengths := p.meetStates(b, stored, &projection, masks)
	y := p.associate(b, q, lengths, m, masks)
	if b.err == nil {
		y = b.do(op.JoinRows(y, p.quantity))
	}
	return y, b.err
}

// meetStates projects the state patterns once, and repeats them for every bag: (N·Quantity, H·D).
func (p *Pooling) meetStates(b *builder, stored bags, projection *bags, masks Masks) (m memory, q, lengths *G.Node) {
	if b.err != nil {
		return memory{}, nil, nil
	}
	states := bags{rows: b.param(p.patterns), count: stored.count, size: p.quantity}
	m, q = p.meet(b, stored, states, projection, masks)
	if stored.lengths != nil {
		q, lengths = b.do(op.Repeat(q, stored.lengths)), b.constantLengths(stored.lengths, p.quantity)
	}
	return m, q, lengths
}

// Association builds the weights of the state patterns on the stored patterns: stored (N, S, Stored) gives (N·H, Quantity, S'). See
// Hopfield.Association.
func (p *Pooling) Association(stored *G.Node, masks Masks) (*G.Node, error) {
	b, x := p.one(stored, masks)
	m, q, lengths := p.meetStates(b, x, nil, masks)
	if w := p.weights(b, q, lengths, m, masks); b.err == nil {
		return w, nil
	}
	return nil, p.fail("Association", b.err)
}

// Energy builds the energies of the state patterns after their updates, bag by bag: stored (N, S, Stored) gives (N·Quantity, H). See
// Hopfield.Energy.
func (p *Pooling) Energy(stored *G.Node, masks Masks) (*G.Node, error) {
	b, x := p.one(stored, masks)
	m, q, lengths := p.meetStates(b, x, nil, masks)
	if e := p.energies(b, q, lengths, m, masks); b.err == nil {
		return e, nil
	}
	return nil, p.fail("Energy", b.err)
}

func (p *Pooling) one(stored *G.Node, masks Masks) (*builder, bags) {
	b := graph(p.Dtype(), argumentNames, []*G.Node{stored}, masks.nodes()...)
	return b, b.tensorBags("stored patterns", stored, p.plan.Stored)
}

// Save writes the layer to a file; see layers.Save.
func (p *Pooling) Save(path string) error { return layers.Save(path, p) }
