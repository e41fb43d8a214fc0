package modernhopfield

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// DenseRecall says how a DenseMemory recalls. The zero value updates unit after unit in random orders, of seed 0.
type DenseRecall struct {
	// Synchronous updates all units at once from one state. The energy may rise, and states may alternate.
	Synchronous bool
	// InOrder visits the units in their order instead of a random order for each sweep; it goes with asynchronous updates only.
	InOrder bool
	Seed    uint64 // of the random orders, which are the same for every row: a row of a batch is recalled as it is alone
	// Clamped marks units, one each, that keep the values they are given: what is known, when a pattern is to be completed. nil is none.
	Clamped []bool
	// MaxSweeps ends a recall that has not settled; 0 means 100. A sweep updates every unit once.
	MaxSweeps int
}

// DenseRecalled is what a recall ends with, for each row.
type DenseRecalled struct {
	States  *tensor.Dense // (B, N) of ±1, in the dtype of the states given
	Sweeps  []int         // made, of which the last changed nothing where it settled
	Settled []bool        // no unit that is not clamped would change
	Cycles  []bool        // synchronous updates met the state before the last again, which they do forever: a cycle of two
	Energy  []float64     // of States, see Energy
}

// Recall lets states, (B, N) of ±1, fall to a minimum of the energy by the rule
//
//	σ_i ← sign[Σ_μ F(ξ_μi + rest_μ) − F(−ξ_μi + rest_μ)],   rest_μ = Σ_{j≠i} ξ_μj σ_j,
//
// which compares energies and is not the sign of a local field; a tie keeps the unit. One unit after the other, the energy falls with
// every flip, so that recall ends. Rows do not depend on each other. Errors: ErrShape, ErrDtype, ErrRange, ErrConfig. Cost: K for a unit
// that is looked at, and K more for a flip (N more where sums are not exact, see DenseMemory).
//
// Source: D. Krotov, J. J. Hopfield, NIPS 2016, eq. 3.
func (m *DenseMemory) Recall(states *tensor.Dense, r DenseRecall) (*DenseRecalled, error) {
	if err := r.validate(m.units); err != nil {
		return nil, fmt.Errorf("modernhopfield: DenseMemory: Recall: %w", err)
	}
	signs, err := m.states("Recall", states)
	if err != nil {
		return nil, err
	}
	if r.MaxSweeps == 0 {
		r.MaxSweeps = 100
	}
	rows := len(signs) / m.units
	out := &DenseRecalled{
		States: tensor.New(tensor.Of(states.Dtype()), tensor.WithShape(rows, m.units)),
		Sweeps: make([]int, rows), Settled: make([]bool, rows), Cycles: make([]bool, rows), Energy: make([]float64, rows),
	}
	packed, orders := m.packed(signs), rng.New(r.Seed, "dense recall")
	kernel.Parallel(rows, m.grain(), func(lo, hi int) {
		s := m.newDenseSearch()
		for i := lo; i < hi; i++ {
			s.begin(signs[i*m.units:(i+1)*m.units], packed, i)
			if r.Synchronous {
				out.Sweeps[i], out.Settled[i], out.Cycles[i] = s.together(r)
			} else {
				out.Sweeps[i], out.Settled[i] = s.oneByOne(r, orders)
			}
			out.Energy[i] = s.energy()
		}
	})
	switch data := out.States.Data().(type) {
	case []float32:
		writeSpins(data, signs)
	case []float64:
		writeSpins(data, signs)
	}
	return out, nil
}

func (r DenseRecall) validate(units int) error {
	switch {
	case r.Clamped != nil && len(r.Clamped) != units:
		return fmt.Errorf("Clamped has %d marks, want one for each of %d units: %w", len(r.Clamped), units, energy.ErrShape)
	case r.Synchronous && r.InOrder:
		return fmt.Errorf("InOrder is set for Synchronous updates, which have no order: %w", energy.ErrConfig)
	case r.Seed != 0 && (r.Synchronous || r.InOrder):
		return fmt.Errorf("Seed is %d, but nothing is drawn where updates are synchronous or in order: %w", r.Seed, energy.ErrConfig)
	case r.MaxSweeps < 0:
		return fmt.Errorf("MaxSweeps is %d, want at least 1, or 0 for 100: %w", r.MaxSweeps, energy.ErrConfig)
	}
	return nil
}

func (r DenseRecall) free(i int) bool { return r.Clamped == nil || !r.Clamped[i] }

// oneByOne sweeps until nothing changes.
func (s *denseSearch) oneByOne(r DenseRecall, orders rng.Stream) (sweeps int, settled bool) {
	order := make([]int, s.m.units)
	for i := range order {
		order[i] = i
	}
	for sweeps < r.MaxSweeps && !settled {
		if !r.InOrder {
			order = orders.Perm(s.m.units, uint64(sweeps))
		}
		settled = true
		for _, i := range order {
			if r.free(i) && s.gains(i) {
				s.flip(i)
				settled = false
			}
		}
		sweeps++
	}
	return sweeps, settled
}

// together updates all units at once until nothing changes or a flip takes back the one before it.
func (s *denseSearch) together(r DenseRecall) (sweeps int, settled, cycle bool) {
	var flips, before []int
	for sweeps < r.MaxSweeps && !settled && !cycle {
		flips, before = before[:0], flips
		for i := range s.m.units {
			if r.free(i) && s.gains(i) {
				flips = append(flips, i)
			}
		}
		for _, i := range flips {
			s.flip(i)
		}
		sweeps++
		settled = len(flips) == 0
		cycle = !settled && slices.Equal(flips, before)
	}
	return sweeps, settled, cycle
}

func writeSpins[T kernel.Float](dst []T, signs []uint8) {
	for i, s := range signs {
		dst[i] = 2*T(s) - 1
	}
}
