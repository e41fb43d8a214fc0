package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// BoltzmannNegative is where the negative phase of a Boltzmann machine comes from: CD, PCD or Exact, as for an RBM.
type BoltzmannNegative interface {
	// StartBoltzmann readies a phase for a machine. Its rows are those of the visible units if the machine has a free energy (see
	// layers.Boltzmann.HasFreeEnergy), and of all units, the visible ones first, if it has none. Equal seeds give equal draws. It is an
	// ErrConfig for settings or a machine that cannot be.
	StartBoltzmann(m *layers.Boltzmann, seed uint64) (Phase, error)
	// String describes the setting: PCD-1 with 100 chains.
	String() string
}

var (
	_ BoltzmannNegative = CD{}
	_ BoltzmannNegative = PCD{}
	_ BoltzmannNegative = Exact{}
)

// StartBoltzmann satisfies BoltzmannNegative. Chains restart at the data at each update: hidden units are drawn first, with the data
// clamped, in one sweep where they are not coupled and in as many as Steps where they are. A step is a sweep of SingleSite, or with Edges of
// ColourBlocks.
func (c CD) StartBoltzmann(m *layers.Boltzmann, seed uint64) (Phase, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: CD: no model given: %w", energy.ErrConfig)
	}
	p := &boltzmannCD{model: m, seed: seed, free: newSweeps(m, seed, false), clamped: newSweeps(m, seed+1, true)}
	return p, p.SetSteps(c.Steps)
}

type boltzmannCD struct {
	model         *layers.Boltzmann
	seed          uint64
	free, clamped *sweeps
	steps         gibbsSteps
}

func (p *boltzmannCD) SetSteps(k int) error  { return p.steps.set("CD", k) }
func (p *boltzmannCD) Rows(batch int) int    { return batch }
func (p *boltzmannCD) Chains() *tensor.Dense { return nil }

func (p *boltzmannCD) Next(data *tensor.Dense, weights []float64, step uint64) (*tensor.Dense, []float64, error) {
	fail := func(err error) (*tensor.Dense, []float64, error) {
		return nil, nil, fmt.Errorf("sampling: CD of Boltzmann %q: Next: %w", p.model.Name(), err)
	}
	s, err := NewBoltzmannState(p.model, data, rng.New(p.seed, "restart").Uint64(step))
	if err != nil {
		return fail(err)
	}
	if len(weights) != data.Shape()[0] {
		return fail(fmt.Errorf("%d weights, want one a row (%d): %w", len(weights), data.Shape()[0], energy.ErrShape))
	}
	if s.Hidden != nil {
		before := p.steps.count()
		if p.model.HiddenStates() == energy.UncoupledHidden {
			before = 1
		}
		if err := p.clamped.run(s, before, step); err != nil {
			return fail(err)
		}
	}
	if err := p.free.run(s, p.steps.count(), step); err != nil {
		return fail(err)
	}
	return phaseRows(p.model, s, nil), weights, nil
}

// StartBoltzmann satisfies BoltzmannNegative. The chains start at draws from the biases. A step is a sweep of SingleSite, or with Edges of
// ColourBlocks.
func (c PCD) StartBoltzmann(m *layers.Boltzmann, seed uint64) (Phase, error) {
	if c.Chains < 0 {
		return nil, fmt.Errorf("sampling: PCD: Chains is %d, want at least 1, or 0 for 100: %w", c.Chains, energy.ErrConfig)
	}
	state, err := RandomBoltzmannState(m, c.chains(), seed)
	if err != nil {
		return nil, err
	}
	p := &boltzmannPCD{model: m, state: state, free: newSweeps(m, seed, false), weights: ones(c.chains())}
	p.chains = allUnits(m, state, nil)
	return p, p.SetSteps(c.Steps)
}

type boltzmannPCD struct {
	model   *layers.Boltzmann
	state   *State
	chains  *tensor.Dense // all units of the state: what goes on, and what is saved
	free    *sweeps
	steps   gibbsSteps
	weights []float64
}

func (p *boltzmannPCD) SetSteps(k int) error  { return p.steps.set("PCD", k) }
func (p *boltzmannPCD) Rows(int) int          { return len(p.weights) }
func (p *boltzmannPCD) Chains() *tensor.Dense { return p.chains }

func (p *boltzmannPCD) Next(_ *tensor.Dense, _ []float64, step uint64) (*tensor.Dense, []float64, error) {
	putUnits(p.state, p.chains)
	if err := p.free.run(p.state, p.steps.count(), step); err != nil {
		return nil, nil, fmt.Errorf("sampling: PCD of Boltzmann %q: Next: %w", p.model.Name(), err)
	}
	p.chains = allUnits(p.model, p.state, p.chains)
	return phaseRows(p.model, p.state, p.chains), p.weights, nil
}

// StartBoltzmann satisfies BoltzmannNegative. The visible states are weighted by p(v), with the hidden units summed out. It is an ErrConfig for
// visible units that cannot be enumerated and for machines without a free energy.
func (Exact) StartBoltzmann(m *layers.Boltzmann, _ uint64) (Phase, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: Exact: no model given: %w", energy.ErrConfig)
	}
	fail := func(err error) (Phase, error) {
		return nil, fmt.Errorf("sampling: Exact: Boltzmann %q: %w", m.Name(), err)
	}
	count, err := m.Visible().StateCount()
	switch {
	case err != nil:
		return fail(err)
	case count > maxExactRows:
		return fail(fmt.Errorf("%d visible states, want at most %d: %w", count, maxExactRows, energy.ErrConfig))
	case !m.HasFreeEnergy():
		return fail(fmt.Errorf("it has too many hidden units that are coupled for a free energy: %w", energy.ErrConfig))
	}
	p := &boltzmannExact{model: m, weights: make([]float64, count)}
	p.states, err = m.Visible().States(m.Dtype())
	return p, err
}

type boltzmannExact struct {
	model   *layers.Boltzmann
	states  *tensor.Dense
	weights []float64
}

func (p *boltzmannExact) Rows(int) int          { return len(p.weights) }
func (p *boltzmannExact) Chains() *tensor.Dense { return nil }

func (p *boltzmannExact) Next(*tensor.Dense, []float64, uint64) (*tensor.Dense, []float64, error) {
	var f []float64
	var err error
	if p.model.Dtype() == tensor.Float32 {
		f, err = visibleFreeEnergy[float32](p)
	} else {
		f, err = visibleFreeEnergy[float64](p)
	}
	if err != nil {
		return nil, nil, err
	}
	for i, x := range f {
		f[i] = -x
	}
	kernel.RowSoftmax(p.weights, f, 1, len(f))
	return p.states, p.weights, nil
}

func visibleFreeEnergy[T kernel.Float](p *boltzmannExact) ([]float64, error) {
	plain, err := layers.PlainBoltzmannOf[T](p.model)
	if err != nil {
		return nil, err
	}
	return plain.FreeEnergy(p.states.Data().([]T), len(p.weights), 1)
}

// sweeps are Gibbs sweeps of a machine by the kernel that suits it, with the visible units clamped or not.
type sweeps struct {
	seed   uint64
	dense  *SingleSite
	sparse *ColourBlocks
}

func newSweeps(m *layers.Boltzmann, seed uint64, clamped bool) *sweeps {
	var clamp []bool
	if clamped {
		clamp = make([]bool, m.Visible().Len())
		for i := range clamp {
			clamp[i] = true
		}
	}
	if m.Config().Edges != nil {
		return &sweeps{seed, nil, &ColourBlocks{Model: m, Seed: seed, VisibleClamp: clamp}}
	}
	return &sweeps{seed, &SingleSite{Model: m, VisibleClamp: clamp}, nil}
}

// run makes k sweeps at a training step. No two training steps share a draw, also where k changes between them.
func (w *sweeps) run(s *State, k int, step uint64) error {
	if w.dense != nil {
		w.dense.Sweeps, w.dense.Seed = k, rng.New(w.seed, "sweeps a step").Uint64(uint64(k))
		s.Step = step
		_, err := w.dense.Step(s)
		return err
	}
	s.Step = address(step)
	for range k {
		if _, err := w.sparse.Step(s); err != nil {
			return err
		}
	}
	return nil
}

// phaseRows is what a phase returns of a state: the visible rows, or all units in a tensor that may be given.
func phaseRows(m *layers.Boltzmann, s *State, all *tensor.Dense) *tensor.Dense {
	if m.HasFreeEnergy() {
		return s.Visible
	}
	if all == nil {
		all = allUnits(m, s, nil)
	}
	return all
}

// allUnits is all units of a state, the visible ones first, written to a tensor that is kept, if there is one.
func allUnits(m *layers.Boltzmann, s *State, kept *tensor.Dense) *tensor.Dense {
	chains, n := s.Visible.Shape()[0], m.Units().Len()
	if kept == nil {
		kept = tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, n))
	}
	if m.Dtype() == tensor.Float32 {
		gatherAll(kept.Float32s(), s, n)
	} else {
		gatherAll(kept.Float64s(), s, n)
	}
	return kept
}

// putUnits is the inverse of allUnits.
func putUnits(s *State, all *tensor.Dense) {
	n := all.Shape()[1]
	if all.Dtype() == tensor.Float32 {
		scatterAll(s, all.Float32s(), n)
	} else {
		scatterAll(s, all.Float64s(), n)
	}
}
