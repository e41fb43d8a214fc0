package layers

import (
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
)

// Normalisable tells whether the machine has a distribution at all, as its couplings and variances are now: nil where Z is proved finite,
// an ErrConfig that says why it is infinite, or energy.ErrUndecided. See energy.Normalisable for what is decided and at what cost; a machine
// with a bounded side always has one. Values are read. ErrNotFinite for parameters that are not finite.
func (r *RBM) Normalisable() error {
	numbers := func(p *Param) []float64 {
		if p == nil {
			return nil
		}
		return p.Float64s()
	}
	if err := energy.Normalisable(r.Visible(), r.Hidden(), r.w.Float64s(), numbers(r.visibleVariance), numbers(r.hiddenVariance)); err != nil {
		return fmt.Errorf("layers: RBM %q: Normalisable: %w", r.name, err)
	}
	return nil
}

// couplable returns an ErrConfig for sides that have no distribution unless some of their couplings are 0.
func couplable(visible, hidden energy.Units) error {
	v, h := visible.Families(), hidden.Families()
	if slices.Contains(v, "Poisson") && slices.Contains(h, "Gaussian") || slices.Contains(v, "Gaussian") && slices.Contains(h, "Poisson") {
		return fmt.Errorf("Visible %v and Hidden %v: between Poisson and Gaussian units every coupling but 0 makes Z infinite: %w", visible, hidden, energy.ErrConfig)
	}
	return nil
}

// startSigns gives initial couplings the sign with which the machine is normalisable: those of a Poisson unit and another without a bound
// are −|w|.
func startSigns(visible, hidden energy.Units, w func(i int) float64) func(i int) float64 {
	if w == nil || !slices.Contains(append(visible.Families(), hidden.Families()...), "Poisson") { // nil: the couplings of a file stay as they are
		return w
	}
	poissonV, poissonH := visible.Columns("Poisson"), hidden.Columns("Poisson")
	reluV, reluH := visible.Columns("ReLU"), hidden.Columns("ReLU")
	n := hidden.Len()
	return func(i int) float64 {
		v, h, x := i/n, i%n, w(i)
		if x > 0 && (poissonV[v] && (poissonH[h] || reluH[h]) || reluV[v] && poissonH[h]) {
			return -x
		}
		return x
	}
}
