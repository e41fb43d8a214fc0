package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// Positive is where the hidden units beside the data come from in the positive phase of a Boltzmann machine: Clamped or ClampedMeanField. A
// machine that has a free energy needs none of them.
type Positive interface {
	// StartPositive readies a phase for a machine. Equal seeds give equal draws. It is an ErrConfig for settings that cannot be, and for a
	// machine without hidden units.
	StartPositive(m *layers.Boltzmann, seed uint64) (PositivePhase, error)
	// String describes the setting.
	String() string
}

// PositivePhase is a positive phase at work.
type PositivePhase interface {
	// Copies is how many rows Next returns for a row of data.
	Copies() int
	// Next returns rows of all units, (rows·Copies, n), the visible columns being the data; the copies of a row follow each other. They are to
	// be read only, until the next call.
	Next(data *tensor.Dense, step uint64) (*tensor.Dense, error)
}

// Clamped draws the hidden units by chains whose visible units are clamped to a pattern each. The chains start anew at each update, at draws from
// the biases.
//
// Source: D. Ackley, G. Hinton, T. Sejnowski, Cognitive Science 9 (1985).
type Clamped struct {
	Chains int // a pattern; 0 means 1
	Sweeps int // of each chain, up to 65536; 0 means 10
}

// String describes the setting.
func (c Clamped) String() string {
	return fmt.Sprintf("%d clamped chains of %d sweeps a pattern", max(1, c.Chains), c.sweeps())
}

func (c Clamped) sweeps() int {
	if c.Sweeps == 0 {
		return 10
	}
	return c.Sweeps
}

// maxCopies bounds the chains of a pattern: they multiply the batch of the training graph.
const maxCopies = 1 << 12

// StartPositive satisfies Positive.
func (c Clamped) StartPositive(m *layers.Boltzmann, seed uint64) (PositivePhase, error) {
	if err := positiveFits("Clamped", m); err != nil {
		return nil, err
	}
	if c.Chains < 0 || c.Chains > maxCopies || c.sweeps() < 1 || c.Sweeps > maxSteps {
		return nil, fmt.Errorf("sampling: Clamped: Chains is %d and Sweeps %d, want 1 to %d chains, or 0 for 1, and 1 to %d sweeps, or 0 for 10: %w",
			c.Chains, c.Sweeps, maxCopies, maxSteps, energy.ErrConfig)
	}
	return &clampedPhase{Clamped: c, model: m, seed: seed, chains: newSweeps(m, seed, true)}, nil
}

func positiveFits(name string, m *layers.Boltzmann) error {
	switch {
	case m == nil:
		return fmt.Errorf("sampling: %s: no model given: %w", name, energy.ErrConfig)
	case m.HiddenStates() == energy.NoHidden:
		return fmt.Errorf("sampling: %s: Boltzmann %q has no hidden units, whose states are to be found: %w", name, m.Name(), energy.ErrConfig)
	}
	return nil
}

type clampedPhase struct {
	Clamped
	model  *layers.Boltzmann
	seed   uint64
	chains *sweeps
	rows   *tensor.Dense
}

func (p *clampedPhase) Copies() int { return max(1, p.Clamped.Chains) }

func (p *clampedPhase) Next(data *tensor.Dense, step uint64) (*tensor.Dense, error) {
	s, err := NewBoltzmannState(p.model, copied(data, p.Copies()), rng.New(p.seed, "restart").Uint64(step))
	if err == nil {
		err = p.chains.run(s, p.sweeps(), step)
	}
	if err != nil {
		return nil, fmt.Errorf("sampling: Clamped: Next: %w", err)
	}
	if p.rows != nil && p.rows.Shape()[0] != s.Visible.Shape()[0] {
		p.rows = nil
	}
	p.rows = allUnits(p.model, s, p.rows)
	return p.rows, nil
}

// copied is a tensor of copies of each row.
func copied(x *tensor.Dense, copies int) *tensor.Dense {
	if copies == 1 {
		return x
	}
	shape := x.Shape()
	out := tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(shape[0]*copies, shape[1]))
	if x.Dtype() == tensor.Float32 {
		copyRows(out.Float32s(), x.Float32s(), shape[1], copies)
	} else {
		copyRows(out.Float64s(), x.Float64s(), shape[1], copies)
	}
	return out
}

func copyRows[T kernel.Float](dst, x []T, n, copies int) {
	for r := range len(dst) / n {
		copy(dst[r*n:(r+1)*n], x[r/copies*n:])
	}
}

// ClampedMeanField gives the hidden units their mean-field means beside the data, which are the solution of m = Γ'(input at (v, m)): the factorial
// distribution q(h) nearest to p(h|v) in KL(q‖p), and so a lower bound of log p(v) is what learning climbs. Means of hidden units that are not
// coupled among themselves are exact.
//
// Sources: C. Peterson, J. Anderson, Complex Systems 1 (1987); R. Salakhutdinov, G. Hinton, "Deep Boltzmann Machines", AISTATS 2009, eq. 5-7.
type ClampedMeanField struct {
	Updates int // each half of the way to the solution of the others; 0 means 20
}

// String describes the setting.
func (c ClampedMeanField) String() string {
	return fmt.Sprintf("mean field of %d updates", c.updates())
}

func (c ClampedMeanField) updates() int {
	if c.Updates == 0 {
		return 20
	}
	return c.Updates
}

// StartPositive satisfies Positive.
func (c ClampedMeanField) StartPositive(m *layers.Boltzmann, _ uint64) (PositivePhase, error) {
	if err := positiveFits("ClampedMeanField", m); err != nil {
		return nil, err
	}
	if c.Updates < 0 || c.Updates > maxSteps {
		return nil, fmt.Errorf("sampling: ClampedMeanField: Updates is %d, want 1 to %d, or 0 for 20: %w", c.Updates, maxSteps, energy.ErrConfig)
	}
	p := &clampedMeansPhase{model: m, updates: c.updates()}
	if m.HiddenStates() == energy.UncoupledHidden {
		p.updates = 0
	}
	return p, nil
}

type clampedMeansPhase struct {
	model   *layers.Boltzmann
	updates int
	rows    *tensor.Dense
}

func (p *clampedMeansPhase) Copies() int { return 1 }

func (p *clampedMeansPhase) Next(data *tensor.Dense, _ uint64) (*tensor.Dense, error) {
	if err := checkSide(p.model.Visible(), data, p.model.Dtype()); err != nil {
		return nil, fmt.Errorf("sampling: ClampedMeanField of Boltzmann %q: Next: data: %w", p.model.Name(), err)
	}
	if rows := data.Shape()[0]; p.rows == nil || p.rows.Shape()[0] != rows {
		p.rows = tensor.New(tensor.Of(data.Dtype()), tensor.WithShape(rows, p.model.Units().Len()))
	}
	if data.Dtype() == tensor.Float32 {
		return p.rows, meanField[float32](p, data)
	}
	return p.rows, meanField[float64](p, data)
}

// meanField does what energy.Boltzmann.HiddenMean builds.
func meanField[T kernel.Float](p *clampedMeansPhase, data *tensor.Dense) error {
	plain, err := layers.PlainBoltzmannOf[T](p.model)
	if err != nil {
		return err
	}
	x, v, n, visible := op.Numbers[T](p.rows), op.Numbers[T](data), plain.Len(), plain.VisibleLen
	rows := len(v) / visible
	clear(x)
	for r := range rows {
		copy(x[r*n:], v[r*visible:(r+1)*visible])
	}
	hidden := units.In[T](p.model.Hidden().Kind())
	field, mean := make([]T, len(x)), make([]T, plain.HiddenLen)
	for update := range p.updates + 1 {
		plain.Input(field, x, rows)
		keep := T(0.5)
		if update == 0 {
			keep = 0
		}
		for r := range rows {
			hidden.Mean(mean, field[r*n+visible:(r+1)*n], nil)
			m := x[r*n+visible : (r+1)*n]
			for j := range m {
				m[j] = keep*m[j] + (1-keep)*mean[j]
			}
		}
	}
	return nil
}
