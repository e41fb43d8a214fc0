package layers

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/modelfile"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Boltzmann is a general Boltzmann machine: visible units v and hidden units h, x = (v, h), any of which may be coupled,
//
//	E(v,h) = U(x) − bᵀx − ½ xᵀWx        p(v,h) ∝ exp(−E(v,h))
//
// Parameters: b (n) for the n = visible + hidden columns of x, and W: (n, n), symmetric with a zero diagonal, or where there are Edges a
// number for each of them. Units of variances of their own add log_variance (n), of which only those of Gaussian columns are read.
//
// Not coupled are the states of one OneHot unit, which exclude each other, and real units among themselves: so given the others every real
// unit is independent of the rest, and the distribution exists whatever the weights. W stays of its form, bit for bit, in training;
// Param.Set and files with another W are refused with ErrConfig.
//
// As a layer it is the mean-field means of its hidden units, see Forward. Exact answers about small machines, samplers for large ones and
// learning are in packages likelihood, sampling and training.
//
// Source: D. Ackley, G. Hinton, T. Sejnowski, "A Learning Algorithm for Boltzmann Machines", Cognitive Science 9 (1985).
type Boltzmann struct {
	name   string
	config BoltzmannConfig
	joint  energy.Units

	w, b, logVariance *Param // logVariance is nil for variance 1

	bonds   *bonds.Graph // of the edges; nil where all pairs are coupled
	blocked []bool       // the pairs of a dense W that are not coupled, n² of them
}

// NewBoltzmann makes a machine with small random weights and zero biases. Errors: ErrConfig, ErrDtype.
func NewBoltzmann(name string, config BoltzmannConfig) (*Boltzmann, error) {
	return newBoltzmann(name, config, nil)
}

func newBoltzmann(name string, config BoltzmannConfig, file *modelfile.File) (*Boltzmann, error) {
	m := NewMaker("layers: Boltzmann", name, config.Dtype, file)
	if m.err != nil {
		return nil, m.err
	}
	fail := func(err error) (*Boltzmann, error) { return nil, fmt.Errorf("layers: Boltzmann %q: %w", name, err) }
	if err := config.check(); err != nil {
		return fail(fmt.Errorf("%w: %w", err, energy.ErrConfig))
	}
	deviation := config.InitDeviation
	if deviation == 0 {
		deviation = 0.01
	}
	config.Dtype = m.dtype
	config.Edges = slices.Clone(config.Edges)
	bm := &Boltzmann{name: name, config: config, joint: config.Visible}
	if config.hasHidden() {
		bm.joint = energy.Join(config.Visible, config.Hidden)
	}
	n := bm.joint.Len()
	bm.b = m.Param("b", true, nil, n) // of a file it is the proof that there are so many columns
	if m.err != nil {
		return fail(m.err)
	}
	if config.Edges != nil {
		var err error
		if bm.bonds, err = bonds.New(n, config.Edges); err != nil {
			return fail(fmt.Errorf("Edges: %w", err))
		}
		gaussian, units := bm.joint.Columns("Gaussian"), unitsOf(bm.joint)
		for k, e := range config.Edges {
			if units[e[0]] == units[e[1]] || gaussian[e[0]] && gaussian[e[1]] {
				return fail(fmt.Errorf("Edges: edge %d joins columns %d and %d, which are two states of one OneHot unit or two real units: %w",
					k, e[0], e[1], energy.ErrConfig))
			}
		}
		bm.w = m.Param("W", true, m.Normal(config.Seed, "W", deviation, len(config.Edges)), len(config.Edges))
	} else {
		if n > maxDense {
			return fail(fmt.Errorf("%d units all coupled with each other, want at most %d, or Edges: %w", n, maxDense, energy.ErrConfig))
		}
		if file == nil {
			bm.blocked = bm.blockedPairs(n)
		}
		bm.w = m.Param("W", true, bm.allowed(couplingsOf(m.Normal(config.Seed, "W", deviation, n*n), n)), n, n)
		if file != nil && m.err == nil { // now that W is known to be as large
			bm.blocked = bm.blockedPairs(n)
		}
	}
	bm.logVariance = m.variance("log_variance", bm.joint)
	if m.err == nil && bm.bonds == nil {
		if file != nil {
			m.err = bm.checkW(bm.w.Float64s())
		}
		bm.w.check = bm.checkW
	}
	if m.err != nil {
		return fail(m.err)
	}
	return bm, nil
}

// maxDense bounds the columns of a dense machine: W has their square.
const maxDense = 1 << 15

// blockedPairs marks the pairs of a dense W that have no weight, or is nil where only the diagonal has none.
func (bm *Boltzmann) blockedPairs(n int) []bool {
	gaussian, units := bm.joint.Columns("Gaussian"), unitsOf(bm.joint)
	var blocked []bool
	for i := range n {
		for j := range n {
			if i != j && (units[i] == units[j] || gaussian[i] && gaussian[j] || bm.config.SemiRestricted && min(i, j) >= bm.config.Visible.Len()) {
				if blocked == nil {
					blocked = make([]bool, n*n)
				}
				blocked[i*n+j] = true
			}
		}
	}
	return blocked
}

// unitsOf returns the unit of each column.
func unitsOf(u energy.Units) []int {
	units := make([]int, u.Len())
	for i := range units {
		units[i] = u.UnitOf(i)
	}
	return units
}

// allowed gives the blocked pairs the number 0.
func (bm *Boltzmann) allowed(number func(i int) float64) func(i int) float64 {
	if number == nil || bm.blocked == nil {
		return number
	}
	return func(at int) float64 {
		if bm.blocked[at] {
			return 0
		}
		return number(at)
	}
}

func (bm *Boltzmann) checkW(w []float64) error {
	n := bm.joint.Len()
	if err := checkCouplings(w, n); err != nil {
		return err
	}
	for at, is := range bm.blocked {
		if is && w[at] != 0 {
			return fmt.Errorf("W has %v at row %d, column %d, a pair that is not coupled, want 0: %w", w[at], at/n, at%n, energy.ErrConfig)
		}
	}
	return nil
}

// Name returns the layer's name.
func (bm *Boltzmann) Name() string { return bm.name }

// Config returns the configuration, with defaults filled in for the dtype.
func (bm *Boltzmann) Config() BoltzmannConfig { return bm.config }

// Visible describes the visible units.
func (bm *Boltzmann) Visible() energy.Units { return bm.config.Visible }

// Hidden describes the hidden units; its Len is 0 where there are none.
func (bm *Boltzmann) Hidden() energy.Units { return bm.config.Hidden }

// Units describes all units, the visible ones first: the columns of b and of a dense W.
func (bm *Boltzmann) Units() energy.Units { return bm.joint }

// Dtype is the dtype of the parameters.
func (bm *Boltzmann) Dtype() tensor.Dtype { return bm.config.Dtype }

// Params lists W, b and, where there is one, log_variance.
func (bm *Boltzmann) Params() []*Param {
	if bm.logVariance != nil {
		return []*Param{bm.w, bm.b, bm.logVariance}
	}
	return []*Param{bm.w, bm.b}
}

// Param returns the parameter of a short name ("W", "b", …), or nil.
func (bm *Boltzmann) Param(name string) *Param {
	for _, p := range bm.Params() {
		if p.name == bm.name+"."+name {
			return p
		}
	}
	return nil
}

// HiddenStates is how the hidden units can be summed out.
func (bm *Boltzmann) HiddenStates() energy.HiddenStates {
	first := bm.config.Visible.Len()
	switch {
	case !bm.config.hasHidden():
		return energy.NoHidden
	case bm.config.SemiRestricted || bm.config.Hidden.Len() == 1:
		return energy.UncoupledHidden
	case bm.bonds == nil:
		return energy.CoupledHidden
	}
	for _, e := range bm.bonds.Edges {
		if min(e[0], e[1]) >= first {
			return energy.CoupledHidden
		}
	}
	return energy.UncoupledHidden
}

// maxHiddenStates bounds the joint states of coupled hidden units that a free energy sums over.
const maxHiddenStates = 1 << 14

// Bind returns the energy of the machine over its parameter nodes in g.
func (bm *Boltzmann) Bind(g *G.ExprGraph) (energy.Boltzmann, error) {
	e := energy.Boltzmann{
		Name: fmt.Sprintf("layers: Boltzmann %q", bm.name), Visible: bm.config.Visible, Hidden: bm.config.Hidden,
		States: bm.HiddenStates(), Joint: energy.Quadratic{Units: bm.joint, Bonds: bm.bonds},
	}
	w, err := bm.w.Node(g)
	if err != nil {
		return e, err
	}
	if e.Joint.W = w; bm.bonds == nil {
		if e.Joint.W, err = op.Couplings(w, bm.blocked); err != nil {
			return e, err
		}
	}
	if e.Joint.B, err = bm.b.Node(g); err != nil {
		return e, err
	}
	if bm.logVariance != nil {
		e.Joint.LogVariance, err = bm.logVariance.Node(g)
	}
	return e, err
}

func (bm *Boltzmann) on(what string, build func(e energy.Boltzmann) (*G.Node, error), nodes ...*G.Node) (*G.Node, error) {
	g, err := graphOf(nodes...)
	if err != nil {
		return nil, fmt.Errorf("layers: Boltzmann %q: %s: %w", bm.name, what, err)
	}
	e, err := bm.Bind(g)
	if err != nil {
		return nil, err
	}
	return build(e)
}

// Forward builds the means of the hidden units given the visible ones: (B, visible) gives (B, hidden). They are exact where the hidden units are
// not coupled among themselves; where they are, they are the naive mean field after Updates, see energy.Boltzmann.HiddenMean. Gradient flows
// to v, W and b. Errors: ErrShape, ErrDtype, ErrConfig for a machine without hidden units.
func (bm *Boltzmann) Forward(v *G.Node) (*G.Node, error) {
	updates := bm.config.Updates
	if updates == 0 {
		updates = 20
	}
	return bm.on("Forward", func(e energy.Boltzmann) (*G.Node, error) { return e.HiddenMean(v, updates) }, v)
}

// Energy builds E(v,h): (B, visible) and (B, hidden) give (B), nats; h is nil for a machine without hidden units. Gradient flows to v, h and
// every parameter. Errors: ErrShape, ErrDtype. Cost: one product of the rows with W, or two multiply-adds an edge.
func (bm *Boltzmann) Energy(v, h *G.Node) (*G.Node, error) {
	nodes := []*G.Node{v}
	if h != nil {
		nodes = append(nodes, h)
	}
	return bm.on("Energy", func(e energy.Boltzmann) (*G.Node, error) { return e.Energy(v, h) }, nodes...)
}

// FreeEnergy builds F(v) = −log Σ_h exp(−E(v,h)): (B, visible) gives (B), nats; without hidden units the energy. Gradient flows to v and
// every parameter. It is exact for any number of hidden units that are not coupled among themselves; of others the joint states are
// enumerated, and more than 2^14 of them are an ErrConfig. Errors: ErrShape, ErrDtype.
func (bm *Boltzmann) FreeEnergy(v *G.Node) (*G.Node, error) {
	return bm.on("FreeEnergy", func(e energy.Boltzmann) (*G.Node, error) {
		if e.States == energy.CoupledHidden {
			rows, err := bm.hiddenRows(v.Graph())
			if err != nil {
				return nil, fmt.Errorf("%s: FreeEnergy: %w", e.Name, err)
			}
			e.HiddenRows = rows
		}
		return e.FreeEnergy(v)
	}, v)
}

func hiddenStateCount(u energy.Units) (int, error) {
	count, err := u.StateCount()
	if err == nil && count > maxHiddenStates {
		err = fmt.Errorf("%d joint states of coupled hidden units, want at most %d: %w", count, maxHiddenStates, energy.ErrConfig)
	}
	return count, err
}

// HasFreeEnergy reports whether FreeEnergy is there to be had: whether the hidden units, if there are any, are not coupled among themselves or
// have at most 2^14 joint states.
func (bm *Boltzmann) HasFreeEnergy() bool {
	if bm.HiddenStates() != energy.CoupledHidden {
		return true
	}
	_, err := hiddenStateCount(bm.config.Hidden)
	return err == nil
}

// hiddenRows is the input of g that holds the joint states of the hidden units.
func (bm *Boltzmann) hiddenRows(g *G.ExprGraph) (*G.Node, error) {
	if _, err := hiddenStateCount(bm.config.Hidden); err != nil {
		return nil, err
	}
	name := bm.name + ".hidden states"
	for _, n := range g.ByName(name) {
		return n, nil
	}
	states, err := bm.config.Hidden.States(bm.config.Dtype)
	if err != nil {
		return nil, err
	}
	return G.NewMatrix(g, bm.config.Dtype, G.WithName(name), G.WithShape(states.Shape()...), G.WithValue(states)), nil
}

// ContrastiveCost builds mean F(positive) − mean F(negative), a scalar in nats, to be added to any other cost: data and model samples,
// (B, visible) and (B', visible). negative is an input node. See energy.ContrastiveCost, and FreeEnergy for the machines that have one.
func (bm *Boltzmann) ContrastiveCost(positive, negative *G.Node) (*G.Node, error) {
	plus, err := bm.FreeEnergy(positive)
	if err != nil {
		return nil, err
	}
	minus, err := bm.FreeEnergy(negative)
	if err != nil {
		return nil, err
	}
	return energy.ContrastiveCost(plus, minus)
}

// Save writes the machine to a file; see Save.
func (bm *Boltzmann) Save(path string) error { return Save(path, bm) }

// Spec describes the machine for a file.
func (bm *Boltzmann) Spec() (kind string, config any) {
	return "boltzmann", Typed[BoltzmannConfig]{bm.config, bm.config.Dtype}
}
