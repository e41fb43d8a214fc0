package sampling

import (
	"fmt"

	"github.com/harmonium-go/harmonium/energy"
)

var _ Observer = (*Trace)(nil)

// Trace records a quantity of each chain at each sample, for the diagnostics: 8 bytes a number.
type Trace struct {
	// Of returns the quantity, one number a chain, such as EnergyOf a model. It must not change the state.
	Of func(s *State) ([]float64, error)

	chains [][]float64
}

// Observe satisfies Observer. Errors: ErrConfig without Of, ErrShape if the number of chains changes, and those of Of.
func (t *Trace) Observe(s *State) error {
	if t.Of == nil {
		return fmt.Errorf("sampling: Trace: Observe: no Of given, want what to record: %w", energy.ErrConfig)
	}
	x, err := t.Of(s)
	if err != nil {
		return fmt.Errorf("sampling: Trace: Observe: %w", err)
	}
	if t.chains == nil {
		t.chains = make([][]float64, len(x))
	}
	if len(x) != len(t.chains) {
		return fmt.Errorf("sampling: Trace: Observe: %d chains, before there were %d: %w", len(x), len(t.chains), energy.ErrShape)
	}
	for i, v := range x {
		t.chains[i] = append(t.chains[i], v)
	}
	return nil
}

// Chains returns what was recorded: one series for each chain.
func (t *Trace) Chains() [][]float64 { return t.chains }
