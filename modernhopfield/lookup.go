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

// LookupConfig describes a Lookup layer.
type LookupConfig struct {
	Config
	// Quantity is the number of stored patterns; 0 means 1, or as many as Patterns or Targets has rows.
	Quantity int `json:"quantity,omitempty"`
	// Separated gives stored patterns targets of their own to be read out; without it the patterns are read out themselves.
	Separated bool `json:"separated,omitempty"`
	// Frozen keeps training from the stored patterns, TargetsFrozen from the targets.
	Frozen        bool `json:"frozen,omitempty"`
	TargetsFrozen bool `json:"targets_frozen,omitempty"`

	// Patterns, (Quantity, Stored), are the initial stored patterns, such as the rows of a training set; nil means random ones.
	// Where Stored is 0 it is their width. Targets, (Quantity, Projection), are the same for the targets, such as the one-hot
	// labels of the rows. Both are float32 or float64, and copied.
	Patterns *tensor.Dense `json:"-"`
	Targets  *tensor.Dense `json:"-"`
}

// Lookup is a table that learns: states retrieve from stored patterns that are parameters, as from those that a Hopfield layer is
// given. With the training set as Patterns and its labels as Targets it starts as a soft nearest-neighbour classifier.
//
// Parameters: stored_patterns (Quantity, Stored), or (Quantity, Hidden) where static, targets (Quantity, Projection) where
// Separated, and those of Hopfield.
//
// Source: Ramsauer et al., ICLR 2021, section 3.
type Lookup struct {
	associator
	config            LookupConfig
	quantity          int
	patterns, targets *layers.Param // targets is patterns unless Separated
}

var (
	_ layers.Saved      = (*Lookup)(nil)
	_ layers.Stochastic = (*Lookup)(nil)
	_ layers.BagLayer   = (*Lookup)(nil)
)

// NewLookup makes a lookup layer. Errors: ErrConfig, ErrDtype, and ErrShape and ErrNotFinite for Patterns and Targets.
func NewLookup(name string, config LookupConfig) (*Lookup, error) {
	return newLookup(name, config, nil)
}

func newLookup(name string, config LookupConfig, file *modelfile.File) (*Lookup, error) {
	m := newMaker("Lookup", name, config.Dtype, file, config.Seed, config.InitDeviation)
	if err := m.Err(); err != nil {
		return nil, err
	}
	config.Dtype = m.Dtype()
	fail := func(err error) (*Lookup, error) {
		return nil, fmt.Errorf("modernhopfield: Lookup %q: %w", name, err)
	}
	patterns, err := config.take("Patterns", config.Patterns, &config.Stored)
	if err != nil {
		return fail(err)
	}
	targets, err := config.take("Targets", config.Targets, &config.Projection)
	if err != nil {
		return fail(err)
	}
	config.Patterns, config.Targets = nil, nil
	plan, err := config.resolve(m.Dtype())
	if err != nil {
		return fail(err)
	}
	if err := config.check(plan, patterns, targets); err != nil {
		return fail(err)
	}
	l := &Lookup{associator: newAssociator("Lookup", name, plan, m), config: config, quantity: or(config.Quantity, 1)}
	l.patterns = m.rows("stored_patterns", !config.Frozen, patterns, l.quantity, plan.Stored)
	l.targets = l.patterns
	if config.Separated {
		l.targets = m.rows("targets", !config.TargetsFrozen, targets, l.quantity, plan.Projection)
	}
	l.params = m.params
	if err := m.finish(); err != nil {
		return fail(err)
	}
	return l, nil
}

// take copies initial rows out of a tensor, and lets them say their number and their width where these are 0.
func (c *LookupConfig) take(what string, t *tensor.Dense, width *int) ([]float64, error) {
	if t == nil {
		return nil, nil
	}
	if dt := t.Dtype(); dt != tensor.Float32 && dt != tensor.Float64 {
		return nil, fmt.Errorf("%s has dtype %v, want float32 or float64: %w", what, dt, energy.ErrDtype)
	}
	if t.Dims() != 2 || t.Shape().TotalSize() == 0 || t.RequiresIterator() || t.DataOrder().IsColMajor() {
		return nil, fmt.Errorf("%s has shape %v, want contiguous rows (patterns, columns), at least one: %w", what, t.Shape(), energy.ErrShape)
	}
	c.Quantity, *width = or(c.Quantity, t.Shape()[0]), or(*width, t.Shape()[1])
	if t.Shape()[0] != c.Quantity || t.Shape()[1] != *width {
		return nil, fmt.Errorf("%s has shape %v, want (%d, %d): %w", what, t.Shape(), c.Quantity, *width, energy.ErrShape)
	}
	x := make([]float64, t.Shape().TotalSize())
	for i := range x {
		switch data := t.Data().(type) {
		case []float32:
			x[i] = float64(data[i])
		case []float64:
			x[i] = data[i]
			if c.Dtype == tensor.Float32 {
				x[i] = float64(float32(data[i]))
			}
		}
		if x[i]-x[i] != 0 { // NaN or infinite
			return nil, fmt.Errorf("%s: number %d is %g, want a finite %v: %w", what, i, x[i], c.Dtype, energy.ErrNotFinite)
		}
	}
	return x, nil
}

// check refuses what a lookup cannot be, beyond what an association cannot.
func (c LookupConfig) check(p plan, patterns, targets []float64) error {
	if err := checkQuantity(c.Quantity); err != nil {
		return err
	}
	for _, s := range []struct {
		wrong bool
		text  string
	}{
		{p.Stored == 0, "Input is 0, want the width of the stored patterns"},
		{c.TargetsFrozen && !c.Separated, "TargetsFrozen is set, but the patterns are their own targets: want Separated"},
		{targets != nil && !c.Separated, "Targets are given, but the patterns are their own targets: want Separated"},
		{!c.Separated && p.Projection != p.Stored, fmt.Sprintf("Projection is %d and Stored %d, but the patterns are their own targets: want one width, or Separated", p.Projection, p.Stored)},
	} {
		if s.wrong {
			return fmt.Errorf("%s: %w", s.text, energy.ErrConfig)
		}
	}
	return nil
}

// rows makes a parameter of given rows, or of random ones.
func (m *maker) rows(name string, learned bool, given []float64, quantity, width int) *layers.Param {
	if given == nil {
		return m.normals(name, learned, or(m.deviation, 0.02), quantity, width)
	}
	return m.param(name, learned, func(i int) float64 { return given[i] }, quantity, width)
}

// Config returns the configuration, with defaults filled in for the dtype, and what Patterns and Targets said of sizes.
func (l *Lookup) Config() LookupConfig { return l.config }

// Dtype is the dtype of the parameters, and so of every graph that the layer can be in.
func (l *Lookup) Dtype() tensor.Dtype { return l.config.Dtype }

// Forward builds what states retrieve: x (N, L, Input) gives (N, L, Output), and (B, Input) gives (B, Output). The stored patterns are
// projected once, for all states. Gradient flows to x and the parameters. Errors: ErrShape, ErrDtype.
func (l *Lookup) Forward(x *G.Node) (*G.Node, error) {
	y, err := l.lookUp(x, Masks{})
	if err != nil {
		return nil, l.fail("Forward", err)
	}
	return y, nil
}

// Associate is Forward with masks, for which S is Quantity.
func (l *Lookup) Associate(x *G.Node, masks Masks) (*G.Node, error) {
	y, err := l.lookUp(x, masks)
	if err != nil {
		return nil, l.fail("Associate", err)
	}
	return y, nil
}

func (l *Lookup) lookUp(x *G.Node, masks Masks) (*G.Node, error) {
	b, states := l.one(x, masks)
	m, q, lengths := l.meetPatterns(b, states, true, masks)
	y := b.fold(l.associate(b, q, lengths, m, masks), states)
	return y, b.err
}

func (l *Lookup) one(x *G.Node, masks Masks) (*builder, bags) {
	b := graph(l.Dtype(), argumentNames[1:], []*G.Node{x}, masks.nodes()...)
	return b, b.tensorBags("states", x, l.plan.Input)
}

// meetPatterns projects the stored patterns once. All states are one bag, unless masks differ between bags.
func (l *Lookup) meetPatterns(b *builder, states bags, readOut bool, masks Masks) (m memory, q, lengths *G.Node) {
	if b.err != nil {
		return memory{}, nil, nil
	}
	stored := bags{rows: b.param(l.patterns), count: states.count, size: l.quantity, like: states.like}
	targets := bags{rows: b.param(l.targets)}
	readsOut := &targets
	if !readOut {
		readsOut = nil
	}
	m, q = l.meet(b, stored, states, readsOut, masks)
	if b.err != nil || masks == (Masks{}) || states.lengths == nil {
		return m, q, nil
	}
	m.k = b.do(op.Repeat(m.k, states.lengths))
	if readOut {
		m.v = b.do(op.Repeat(m.v, states.lengths))
	}
	m.lengths = b.constantLengths(states.lengths, l.quantity+l.extra())
	return m, q, states.lengths
}

// ForwardBags is Forward of the states of bags, x (R, Input); the bags make no difference, and pooled is false.
func (l *Lookup) ForwardBags(x, lengths *G.Node) (y *G.Node, pooled bool, err error) {
	b := graph(l.Dtype(), []string{"states", "lengths"}, []*G.Node{x, lengths})
	states := b.raggedBags("states", x, lengths, l.plan.Input)
	states.lengths = nil
	m, q, _ := l.meetPatterns(b, states, true, Masks{})
	if y = l.associate(b, q, nil, m, Masks{}); b.err != nil {
		return nil, false, l.fail("ForwardBags", b.err)
	}
	return y, false, nil
}

// Association builds the weights of states on the stored patterns: x (N, L, Input) gives (N·H, L, S'), and (B, Input) gives
// (H, B, S'). See Hopfield.Association.
func (l *Lookup) Association(x *G.Node, masks Masks) (*G.Node, error) {
	b, states := l.one(x, masks)
	m, q, lengths := l.meetPatterns(b, states, false, masks)
	if b.err == nil && lengths == nil && states.lengths != nil { // the matrices of bags, also without masks
		m.k = b.do(op.Repeat(m.k, states.lengths))
		m.lengths, lengths = b.constantLengths(states.lengths, l.quantity+l.extra()), states.lengths
	}
	if w := l.weights(b, q, lengths, m, masks); b.err == nil {
		return w, nil
	}
	return nil, l.fail("Association", b.err)
}

// Energy builds the energies of states after their updates: x (N, L, Input) gives (N, L, H), and (B, Input) gives (B, H). See
// Hopfield.Energy.
func (l *Lookup) Energy(x *G.Node, masks Masks) (*G.Node, error) {
	b, states := l.one(x, masks)
	m, q, lengths := l.meetPatterns(b, states, false, masks)
	if e := b.fold(l.energies(b, q, lengths, m, masks), states); b.err == nil {
		return e, nil
	}
	return nil, l.fail("Energy", b.err)
}

// Save writes the layer to a file; see layers.Save.
func (l *Lookup) Save(path string) error { return layers.Save(path, l) }
