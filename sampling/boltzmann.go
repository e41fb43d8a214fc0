package sampling

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// NewBoltzmannState starts one chain of a Boltzmann machine at each of the visible rows, which are copied, with hidden units at draws from
// their biases alone. Errors: what the visible units' Check says of the rows, ErrDtype if they are not of the machine's dtype.
func NewBoltzmannState(m *layers.Boltzmann, visible *tensor.Dense, seed uint64) (*State, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: NewBoltzmannState: no model given: %w", energy.ErrConfig)
	}
	if err := checkSide(m.Visible(), visible, m.Dtype()); err != nil {
		return nil, fmt.Errorf("sampling: Boltzmann %q: NewBoltzmannState: %w", m.Name(), err)
	}
	s, err := RandomBoltzmannState(m, visible.Shape()[0], seed)
	if err != nil {
		return nil, err
	}
	s.Visible = visible.Clone().(*tensor.Dense)
	return s, nil
}

// RandomBoltzmannState starts chains of a Boltzmann machine at draws of its units as they would be without couplings: from the biases alone.
// It is an ErrConfig without a model or with fewer than one chain.
func RandomBoltzmannState(m *layers.Boltzmann, chains int, seed uint64) (*State, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: RandomBoltzmannState: no model given: %w", energy.ErrConfig)
	}
	if chains < 1 {
		return nil, fmt.Errorf("sampling: Boltzmann %q: RandomBoltzmannState: %d chains, want at least 1: %w", m.Name(), chains, energy.ErrConfig)
	}
	s := &State{Visible: tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, m.Visible().Len()))}
	if m.Hidden().Len() > 0 {
		s.Hidden = tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, m.Hidden().Len()))
	}
	if m.Dtype() == tensor.Float32 {
		return s, randomizeBoltzmann[float32](m, s, seed)
	}
	return s, randomizeBoltzmann[float64](m, s, seed)
}

func randomizeBoltzmann[T kernel.Float](m *layers.Boltzmann, s *State, seed uint64) error {
	p, err := layers.PlainBoltzmannOf[T](m)
	if err != nil {
		return err
	}
	draws, row := rng.New(seed, "start"), make([]T, p.Len())
	for i := range s.Visible.Shape()[0] {
		p.Units.Sample(row, p.B, p.LogVariance, 1, draws.Row(i, 0))
		scatter(s, i, row)
	}
	return nil
}

// gather copies chain i of a state into a row of all units, the visible ones first; scatter copies it back.
func gather[T kernel.Float](row []T, s *State, i int) {
	v := op.Numbers[T](s.Visible)
	n := s.Visible.Shape()[1]
	copy(row, v[i*n:(i+1)*n])
	if s.Hidden != nil {
		copy(row[n:], op.Numbers[T](s.Hidden)[i*(len(row)-n):(i+1)*(len(row)-n)])
	}
}

func scatter[T kernel.Float](s *State, i int, row []T) {
	v := op.Numbers[T](s.Visible)
	n := s.Visible.Shape()[1]
	copy(v[i*n:(i+1)*n], row)
	if s.Hidden != nil {
		copy(op.Numbers[T](s.Hidden)[i*(len(row)-n):(i+1)*(len(row)-n)], row[n:])
	}
}

// gatherAll copies all chains of a state into rows of all units, grown as needed; scatterAll copies them back.
func gatherAll[T kernel.Float](rows []T, s *State, n int) []T {
	chains := s.Visible.Shape()[0]
	if cap(rows) < chains*n {
		rows = make([]T, chains*n)
	}
	rows = rows[:chains*n]
	for i := range chains {
		gather(rows[i*n:(i+1)*n], s, i)
	}
	return rows
}

func scatterAll[T kernel.Float](s *State, rows []T, n int) {
	for i := range len(rows) / n {
		scatter(s, i, rows[i*n:(i+1)*n])
	}
}

// boltzmannKernel is what the kernels of Boltzmann machines have in common.
type boltzmannKernel struct {
	name                      string
	model                     *layers.Boltzmann
	temperature               float64
	visibleClamp, hiddenClamp []bool
}

// check returns what is wrong with a kernel and a state of it. It allocates nothing where nothing is.
func (k boltzmannKernel) check(s *State) error {
	if k.model == nil || s == nil || s.Visible == nil {
		return fmt.Errorf("sampling: %s: Step: no model or no state given: %w", k.name, energy.ErrConfig)
	}
	m := k.model
	if err := checkTemperature(k.temperature, m.Dtype()); err != nil {
		return k.fail(err)
	}
	if err := checkSide(m.Visible(), s.Visible, m.Dtype()); err != nil {
		return k.fail(fmt.Errorf("visible state: %w", err))
	}
	if err := checkClamp(m.Visible(), k.visibleClamp); err != nil {
		return k.fail(fmt.Errorf("visible clamp %w", err))
	}
	switch {
	case m.Hidden().Len() == 0 && s.Hidden != nil:
		return k.fail(fmt.Errorf("a hidden state given for a machine without hidden units: %w", energy.ErrShape))
	case m.Hidden().Len() == 0 && k.hiddenClamp != nil:
		return k.fail(fmt.Errorf("a hidden clamp given for a machine without hidden units: %w", energy.ErrConfig))
	case m.Hidden().Len() == 0:
		return nil
	case s.Hidden == nil:
		return fmt.Errorf("sampling: %s: Step: no model or no state given: %w", k.name, energy.ErrConfig)
	}
	if err := checkSide(m.Hidden(), s.Hidden, m.Dtype()); err != nil {
		return k.fail(fmt.Errorf("hidden state: %w", err))
	}
	if s.Hidden.Shape()[0] != s.Visible.Shape()[0] {
		return k.fail(fmt.Errorf("hidden state: shape %v, want (%d, %d): %w", s.Hidden.Shape(), s.Visible.Shape()[0], m.Hidden().Len(), energy.ErrShape))
	}
	if err := checkClamp(m.Hidden(), k.hiddenClamp); err != nil {
		return k.fail(fmt.Errorf("hidden clamp %w", err))
	}
	return nil
}

func (k boltzmannKernel) fail(err error) error {
	return fmt.Errorf("sampling: %s of Boltzmann %q: Step: %w", k.name, k.model.Name(), err)
}

// checkSide returns what is wrong with rows of one side of a model.
func checkSide(u energy.Units, x *tensor.Dense, dtype tensor.Dtype) error {
	if err := u.Check(x); err != nil {
		return err
	}
	if x.Dtype() != dtype {
		return fmt.Errorf("dtype %v, want %v: %w", x.Dtype(), dtype, energy.ErrDtype)
	}
	return nil
}

// checkTemperature refuses what is no positive number in the precision of the draws; 0 stands for 1.
func checkTemperature(temperature float64, dtype tensor.Dtype) error {
	t := orOneTemperature(temperature)
	if dtype == tensor.Float32 {
		t = float64(float32(t))
	}
	if !(t > 0) || math.IsInf(t, 0) {
		return fmt.Errorf("temperature is %g, want a positive %v, or 0 for 1: %w", temperature, dtype, energy.ErrConfig)
	}
	return nil
}

func orOneTemperature(temperature float64) float64 {
	if temperature == 0 {
		return 1
	}
	return temperature
}

// joinClamps makes one clamp of all units, or nil where nothing is clamped, in memory that is kept.
func joinClamps(kept []bool, m *layers.Boltzmann, visible, hidden []bool) (clamp, buffer []bool) {
	if visible == nil && hidden == nil {
		return nil, kept
	}
	if n := m.Units().Len(); len(kept) != n {
		kept = make([]bool, n)
	}
	clear(kept)
	copy(kept, visible)
	copy(kept[m.Visible().Len():], hidden)
	return kept, kept
}
