package layers

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Equilibrium is what a Boltzmann machine is at a temperature T, p(x) = exp(−E(x)/T)/Z, summed up exactly in float64: over all units, or over
// those that are free where others are known. Means and moments are of the columns of all n units, the visible ones first.
type Equilibrium struct {
	Temperature float64
	// LogPartition is log Z = log Σ exp(−E(x)/T), nats; real units are integrated. Where units are known the sum goes over the others, so that
	// the difference to the whole log Z is the logarithm of the known units' probability.
	LogPartition float64
	// InternalEnergy is U = E[E(x)].
	InternalEnergy float64
	// Entropy is H = −E[log p(x)], nats, of the units that are not known. That of real units is differential, and may be negative.
	Entropy float64
	// HelmholtzFreeEnergy is F = −T log Z, which is U − TH.
	HelmholtzFreeEnergy float64

	Mean         []float64 // E[x_i]
	SecondMoment []float64 // E[x_i x_j], (n, n) row by row
}

const (
	maxEquilibriumStates  = 1 << 20 // joint states that are enumerated
	maxEquilibriumColumns = 1 << 11 // columns of all units: there are their square of second moments
)

// Equilibrium sums the machine up at a temperature. The joint states of units are enumerated, except for those of a set of units that are not
// coupled among themselves, such as the real ones, the hidden ones of a semi-restricted machine, or the black squares of a lattice: given the
// others these are independent, and their sums are products.
//
// Values are read: no solver may be stepping. Errors: ErrConfig for a temperature that is not positive, for more than 2^20 states, and for
// more than 2048 columns; ErrNotFinite where a sum overflows. Cost: n² multiply-adds a state.
func (bm *Boltzmann) Equilibrium(temperature float64) (*Equilibrium, error) {
	e, err := bm.equilibrium(temperature, nil, make([]bool, bm.joint.Len()))
	if err != nil {
		return nil, fmt.Errorf("layers: Boltzmann %q: Equilibrium: %w", bm.name, err)
	}
	return e, nil
}

// Conditional is Equilibrium given the known columns of one row of all units: of the conditional distribution of the others. x and known are as
// long as the machine has columns; what x has elsewhere does not matter. A OneHot unit is known whole or not at all. Errors: those of Equilibrium,
// and ErrShape, ErrRange and ErrNotFinite for what is wrong with the row; ErrConfig for a mask that splits a OneHot unit.
func (bm *Boltzmann) Conditional(temperature float64, x []float64, known []bool) (*Equilibrium, error) {
	e, err := bm.conditional(temperature, x, known)
	if err != nil {
		return nil, fmt.Errorf("layers: Boltzmann %q: Conditional: %w", bm.name, err)
	}
	return e, nil
}

func (bm *Boltzmann) conditional(temperature float64, x []float64, known []bool) (*Equilibrium, error) {
	n := bm.joint.Len()
	if len(x) != n || len(known) != n {
		return nil, fmt.Errorf("a row of %d numbers and a mask of %d, want %d: %w", len(x), len(known), n, energy.ErrShape)
	}
	if column := bm.joint.SplitGroup(known); column >= 0 {
		return nil, fmt.Errorf("the mask holds a part of the OneHot unit at column %d, want all of it or none: %w", column, energy.ErrConfig)
	}
	row := gather(x, indices(known))
	if len(row) > 0 {
		if err := bm.joint.Select(known).Check(tensor.New(tensor.WithShape(1, len(row)), tensor.WithBacking(row))); err != nil {
			return nil, fmt.Errorf("the known columns: %w", err)
		}
	}
	return bm.equilibrium(temperature, x, known)
}

func (bm *Boltzmann) equilibrium(temperature float64, x []float64, known []bool) (*Equilibrium, error) {
	n := bm.joint.Len()
	switch {
	case !(temperature > 0) || math.IsInf(temperature, 1):
		return nil, fmt.Errorf("temperature is %g, want a positive number: %w", temperature, energy.ErrConfig)
	case n > maxEquilibriumColumns:
		return nil, fmt.Errorf("%d columns of units, want at most %d: %w", n, maxEquilibriumColumns, energy.ErrConfig)
	}
	s, err := newSummation(bm, temperature, x, known)
	if err != nil {
		return nil, err
	}
	e := &Equilibrium{Temperature: temperature, Mean: make([]float64, n), SecondMoment: make([]float64, n*n)}
	if e.LogPartition = s.weigh(); e.LogPartition-e.LogPartition != 0 {
		return nil, fmt.Errorf("log Z is %v: %w", e.LogPartition, energy.ErrNotFinite)
	}
	e.HelmholtzFreeEnergy = -temperature * e.LogPartition
	s.expect(e)
	return e, nil
}

// LogProbability returns log p(v) of rows of the visible units, (rows, visible), at a temperature: nats, densities where there are real units. Any
// rows will do, in the machine's dtype; for their mean see package likelihood. Errors: those of Equilibrium, what Units.Check says of the rows,
// ErrDtype, and ErrConfig for more than 2^14 joint states of coupled hidden units. Cost: that of Equilibrium, and n² multiply-adds a row.
func (bm *Boltzmann) LogProbability(temperature float64, v *tensor.Dense) ([]float64, error) {
	logP, err := bm.logProbability(temperature, v)
	if err != nil {
		return nil, fmt.Errorf("layers: Boltzmann %q: LogProbability: %w", bm.name, err)
	}
	return logP, nil
}

func (bm *Boltzmann) logProbability(temperature float64, v *tensor.Dense) ([]float64, error) {
	if err := bm.config.Visible.Check(v); err != nil {
		return nil, err
	}
	if v.Dtype() != bm.Dtype() {
		return nil, fmt.Errorf("rows of dtype %v, want %v: %w", v.Dtype(), bm.Dtype(), energy.ErrDtype)
	}
	e, err := bm.equilibrium(temperature, nil, make([]bool, bm.joint.Len()))
	if err != nil {
		return nil, err
	}
	var f []float64
	if bm.Dtype() == tensor.Float32 {
		f, err = plainFreeEnergy(bm, v.Float32s(), temperature)
	} else {
		f, err = plainFreeEnergy(bm, v.Float64s(), temperature)
	}
	for i := range f {
		f[i] = -f[i] - e.LogPartition
	}
	return f, err
}

func plainFreeEnergy[T kernel.Float](bm *Boltzmann, v []T, temperature float64) ([]float64, error) {
	p, err := PlainBoltzmannOf[T](bm)
	if err != nil {
		return nil, err
	}
	return p.FreeEnergy(v, len(v)/p.VisibleLen, temperature)
}
