package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// State is where chains stand: one row a chain. A model without hidden units has its units in Visible, and Hidden is nil.
type State struct {
	Visible *tensor.Dense // (chains, visible)
	Hidden  *tensor.Dense // (chains, hidden), or nil
	Step    uint64        // how many steps were taken: the address of the next draws
}

// NewState starts one chain at each of the visible rows, which are copied, and with hidden units at 0. Errors: what the
// visible units' Check says of the rows, ErrDtype if they are not of the model's dtype.
func NewState(m *layers.RBM, visible *tensor.Dense) (*State, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: NewState: no model given: %w", energy.ErrConfig)
	}
	if err := checkRows(m, visible); err != nil {
		return nil, fmt.Errorf("sampling: RBM %q: NewState: %w", m.Name(), err)
	}
	s := &State{Visible: visible.Clone().(*tensor.Dense)}
	s.Hidden = tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(visible.Shape()[0], m.Hidden().Len()))
	return s, nil
}

// checkRows returns what is wrong with a batch of visible rows of a model.
func checkRows(m *layers.RBM, x *tensor.Dense) error {
	if err := m.Visible().Check(x); err != nil {
		return err
	}
	if x.Dtype() != m.Dtype() {
		return fmt.Errorf("dtype %v, want %v: %w", x.Dtype(), m.Dtype(), energy.ErrDtype)
	}
	return nil
}

// fits returns an error unless x is a contiguous (rows, columns) tensor of a dtype, whatever its values.
func fits(x *tensor.Dense, rows, columns int, dtype tensor.Dtype) error {
	switch {
	case x.Dims() != 2 || x.Shape()[0] != rows || x.Shape()[1] != columns:
		return fmt.Errorf("shape %v, want (%d, %d): %w", x.Shape(), rows, columns, energy.ErrShape)
	case x.RequiresIterator() || !x.DataOrder().IsRowMajor():
		return fmt.Errorf("the tensor is a view that is not contiguous, want row-major data without gaps: %w", energy.ErrShape)
	case x.Dtype() != dtype:
		return fmt.Errorf("dtype %v, want %v: %w", x.Dtype(), dtype, energy.ErrDtype)
	}
	return nil
}

// RandomState starts chains at draws of the visible units as they would be without couplings: from the biases alone.
// It is an ErrConfig without a model or with fewer than one chain.
func RandomState(m *layers.RBM, chains int, seed uint64) (*State, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: RandomState: no model given: %w", energy.ErrConfig)
	}
	if chains < 1 {
		return nil, fmt.Errorf("sampling: RBM %q: RandomState: %d chains, want at least 1: %w", m.Name(), chains, energy.ErrConfig)
	}
	s := &State{
		Visible: tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, m.Visible().Len())),
		Hidden:  tensor.New(tensor.Of(m.Dtype()), tensor.WithShape(chains, m.Hidden().Len())),
	}
	if m.Dtype() == tensor.Float32 {
		return s, randomize[float32](m, s, seed)
	}
	return s, randomize[float64](m, s, seed)
}

func randomize[T kernel.Float](m *layers.RBM, s *State, seed uint64) error {
	p, err := layers.PlainOf[T](m)
	if err != nil {
		return err
	}
	draws, v := rng.New(seed, "start"), s.Visible.Data().([]T)
	for i := range len(v) / p.VisibleLen {
		p.Visible.Sample(v[i*p.VisibleLen:(i+1)*p.VisibleLen], p.B, p.VisibleLogVariance, 1, draws.Row(i, 0))
	}
	return nil
}
