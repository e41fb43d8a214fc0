package likelihood

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// Model is a *layers.RBM or a *layers.Boltzmann; others are refused with ErrConfig.
type Model interface {
	Name() string
	Visible() energy.Units
	Dtype() tensor.Dtype
	Params() []*layers.Param
}

// named says what an error is about.
func named(m Model, operation string, err error) error {
	switch m := m.(type) {
	case *layers.RBM:
		if m != nil {
			return fmt.Errorf("likelihood: RBM %q: %s: %w", m.Name(), operation, err)
		}
	case *layers.Boltzmann:
		if m != nil {
			return fmt.Errorf("likelihood: Boltzmann %q: %s: %w", m.Name(), operation, err)
		}
	}
	return fmt.Errorf("likelihood: %s: %w", operation, err)
}

// checkModel refuses what is no model, and parameters that are not numbers, which every result would be too.
func checkModel(m Model) error {
	missing := m == nil
	switch m := m.(type) {
	case nil:
	case *layers.RBM:
		missing = m == nil
	case *layers.Boltzmann:
		missing = m == nil
	default:
		return fmt.Errorf("the model is a %T, want a *layers.RBM or a *layers.Boltzmann: %w", m, energy.ErrConfig)
	}
	if missing {
		return fmt.Errorf("no model given: %w", energy.ErrConfig)
	}
	for _, p := range m.Params() {
		if !p.Finite() {
			return fmt.Errorf("parameter %s: %w", p.Name(), energy.ErrNotFinite)
		}
	}
	return nil
}
