package sampling

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// gradientSettings are what all kernels that follow the gradient of an energy have in common.
type gradientSettings struct {
	kernel      string
	energy      energy.Func
	temperature float64
	clamp       []bool
}

// check returns what is wrong with the settings or with a state.
func (g gradientSettings) check(s *State) error {
	if g.energy == nil || s == nil || s.Visible == nil {
		return fmt.Errorf("no energy or no state given: %w", energy.ErrConfig)
	}
	x := s.Visible
	if x.Dtype() != tensor.Float32 && x.Dtype() != tensor.Float64 {
		return fmt.Errorf("visible state: dtype %v, want float32 or float64: %w", x.Dtype(), energy.ErrDtype)
	}
	if x.Dims() != 2 || x.Shape()[0] < 1 || x.Shape()[1] < 1 {
		return fmt.Errorf("visible state: shape %v, want (chains, n) with at least one chain: %w", x.Shape(), energy.ErrShape)
	}
	if err := fits(x, x.Shape()[0], x.Shape()[1], x.Dtype()); err != nil {
		return fmt.Errorf("visible state: %w", err)
	}
	if err := checkPositive("temperature", g.temperature, x.Dtype(), "0 for 1"); err != nil {
		return err
	}
	if g.clamp != nil && len(g.clamp) != x.Shape()[1] {
		return fmt.Errorf("clamp has %d columns, want %d: %w", len(g.clamp), x.Shape()[1], energy.ErrShape)
	}
	return nil
}

// fail wraps an error of a step.
func (g gradientSettings) fail(err error) error {
	return fmt.Errorf("sampling: %s: Step: %w", g.kernel, err)
}

// checkPositive returns an ErrConfig for a number that is not positive and finite in a dtype, 0 being a default where there is one.
func checkPositive(name string, x float64, dtype tensor.Dtype, zero string) error {
	rounded := x
	if dtype == tensor.Float32 {
		rounded = float64(float32(x))
	}
	if x == 0 && zero != "" || rounded > 0 && !math.IsInf(rounded, 0) {
		return nil
	}
	if zero != "" {
		zero = ", or " + zero
	}
	return fmt.Errorf("%s is %g, want a positive %v%s: %w", name, x, dtype, zero, energy.ErrConfig)
}
