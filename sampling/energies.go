package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// What a Trace can record of each chain of a model: its energy.

// EnergyOf returns E(v,h) of each chain of an RBM, in nats, for a Trace: it follows both sides of the state. A centered machine's
// Energy differs by a constant. Errors: what the visible units' Check says of the state, ErrShape, ErrDtype; ErrConfig without a model or a
// state. Cost: one (chains×visible)·(visible×hidden) product.
func EnergyOf(m *layers.RBM) func(s *State) ([]float64, error) {
	return quantity("EnergyOf", m, func(s *State) ([]float64, error) {
		if m.Dtype() == tensor.Float32 {
			return energies[float32](m, s)
		}
		return energies[float64](m, s)
	})
}

// FreeEnergyOf returns F(v) of each chain of an RBM, in nats, for a Trace: the energy without the noise of the hidden units. All else is
// as in EnergyOf.
func FreeEnergyOf(m *layers.RBM) func(s *State) ([]float64, error) {
	return quantity("FreeEnergyOf", m, func(s *State) ([]float64, error) {
		if m.Dtype() == tensor.Float32 {
			return freeEnergies[float32](m, s)
		}
		return freeEnergies[float64](m, s)
	})
}

// quantity checks the state before it is looked at.
func quantity(what string, m *layers.RBM, of func(s *State) ([]float64, error)) func(s *State) ([]float64, error) {
	return func(s *State) ([]float64, error) {
		if m == nil || s == nil || s.Visible == nil || s.Hidden == nil {
			return nil, fmt.Errorf("sampling: %s: no model or no state given: %w", what, energy.ErrConfig)
		}
		if err := checkRows(m, s.Visible); err != nil {
			return nil, fmt.Errorf("sampling: %s: RBM %q: visible state: %w", what, m.Name(), err)
		}
		if err := fits(s.Hidden, s.Visible.Shape()[0], m.Hidden().Len(), m.Dtype()); err != nil {
			return nil, fmt.Errorf("sampling: %s: RBM %q: hidden state: %w", what, m.Name(), err)
		}
		return of(s)
	}
}

// energies returns U(v) + U(h) − Bᵀv − hᵀ(vW + C) of each chain.
func energies[T kernel.Float](m *layers.RBM, s *State) ([]float64, error) {
	p, err := layers.PlainOf[T](m)
	if err != nil {
		return nil, err
	}
	v, h := op.Numbers[T](s.Visible), op.Numbers[T](s.Hidden)
	all := make([]float64, s.Visible.Shape()[0])
	inputs := make([]T, len(h))
	p.HiddenInput(inputs, v, len(all))
	for i := range all {
		visible, hidden := v[i*p.VisibleLen:(i+1)*p.VisibleLen], h[i*p.HiddenLen:(i+1)*p.HiddenLen]
		all[i] = float64(p.Visible.Energy(visible, p.VisibleLogVariance)) + float64(p.Hidden.Energy(hidden, p.HiddenLogVariance)) -
			kernel.Dot(visible, p.B) - kernel.Dot(hidden, inputs[i*p.HiddenLen:(i+1)*p.HiddenLen])
	}
	return all, nil
}

func freeEnergies[T kernel.Float](m *layers.RBM, s *State) ([]float64, error) {
	p, err := layers.PlainOf[T](m)
	if err != nil {
		return nil, err
	}
	return p.FreeEnergy(op.Numbers[T](s.Visible), s.Visible.Shape()[0]), nil
}

// BoltzmannEnergyOf returns E(v,h) of each chain of a Boltzmann machine, in nats, for a Trace. Errors: what the units' Check says of the
// state, ErrShape, ErrDtype; ErrConfig without a model or a state. Cost: one product of the chains with W, or two multiply-adds an edge.
func BoltzmannEnergyOf(m *layers.Boltzmann) func(s *State) ([]float64, error) {
	return func(s *State) ([]float64, error) {
		const what = "sampling: BoltzmannEnergyOf"
		if m == nil || s == nil || s.Visible == nil {
			return nil, fmt.Errorf("%s: no model or no state given: %w", what, energy.ErrConfig)
		}
		if err := checkSide(m.Visible(), s.Visible, m.Dtype()); err != nil {
			return nil, fmt.Errorf("%s: Boltzmann %q: visible state: %w", what, m.Name(), err)
		}
		switch {
		case (s.Hidden != nil) != (m.Hidden().Len() > 0):
			return nil, fmt.Errorf("%s: Boltzmann %q: hidden state given or missing for a machine of %d hidden units: %w", what, m.Name(), m.Hidden().Len(), energy.ErrShape)
		case s.Hidden != nil:
			if err := fits(s.Hidden, s.Visible.Shape()[0], m.Hidden().Len(), m.Dtype()); err != nil {
				return nil, fmt.Errorf("%s: Boltzmann %q: hidden state: %w", what, m.Name(), err)
			}
		}
		if m.Dtype() == tensor.Float32 {
			return boltzmannEnergies[float32](m, s)
		}
		return boltzmannEnergies[float64](m, s)
	}
}

func boltzmannEnergies[T kernel.Float](m *layers.Boltzmann, s *State) ([]float64, error) {
	p, err := layers.PlainBoltzmannOf[T](m)
	if err != nil {
		return nil, err
	}
	return p.Energy(gatherAll[T](nil, s, p.Len()), s.Visible.Shape()[0]), nil
}
