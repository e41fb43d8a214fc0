package likelihood

import (
	"context"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// boltzmannSum sums exp(−E(x)) of a Boltzmann machine over the joint states of some units, while others are in closed form because nothing couples
// them among themselves:
//
//	log Σ_x exp(bᵀx + ½ xᵀWx − U(x) + Γ(b + Wx))        x the units that are fixed or listed, Γ of the others
type boltzmannSum struct {
	p      layers.PlainBoltzmann[float64]
	listed energy.Units // those summed over
	at     []int        // their columns
	count  int          // their joint states

	closed         units.Family[float64] // nil for none
	closedAt       []int
	closedVariance []float64
}

// newBoltzmannSum readies the sum over all units, or over the hidden ones only.
func newBoltzmannSum(bm *layers.Boltzmann, p layers.PlainBoltzmann[float64], all bool, most int) (*boltzmannSum, error) {
	n, nv := p.Len(), p.VisibleLen
	closed, listed := make([]bool, n), make([]bool, n)
	real := bm.Units().Columns("Gaussian")
	some := false
	for i := range n {
		closed[i] = all && real[i] // real units are never coupled among themselves
		some = some || closed[i]
	}
	for i := nv; i < n && !some && bm.HiddenStates() == energy.UncoupledHidden; i++ {
		closed[i] = true
	}
	s := &boltzmannSum{p: p, count: 1}
	for i := range n {
		if listed[i] = !closed[i] && (all || i >= nv); listed[i] {
			s.at = append(s.at, i)
		}
		if closed[i] {
			s.closedAt = append(s.closedAt, i)
			if p.LogVariance != nil {
				s.closedVariance = append(s.closedVariance, p.LogVariance[i])
			}
		}
	}
	if s.closedAt != nil {
		s.closed = units.In[float64](bm.Units().Select(closed).Kind())
	}
	if s.at != nil {
		s.listed = bm.Units().Select(listed)
		var err error
		if s.count, err = s.listed.StateCount(); err != nil {
			return nil, err
		}
	}
	if s.count > most {
		return nil, fmt.Errorf("%d states of %v, want at most %d: %w", s.count, s.listed, most, energy.ErrConfig)
	}
	return s, nil
}

// of sets dst to the sum for each row, which has the fixed units in their columns. Rows are all units wide.
func (s *boltzmannSum) of(ctx context.Context, dst, rows []float64, progress writer) error {
	n := s.p.Len()
	total := len(dst) * s.count
	x, field, logs := make([]float64, blockStates*n), make([]float64, blockStates*n), make([]float64, blockStates)
	for i := range dst {
		dst[i] = math.Inf(-1)
	}
	report := progress.every(total)
	for first := 0; first < total; first += blockStates {
		if err := ctx.Err(); err != nil {
			return err
		}
		block := min(blockStates, total-first)
		kernel.Parallel(block, 16, func(lo, hi int) {
			state := make([]float64, len(s.at))
			for k := lo; k < hi; k++ {
				row := x[k*n : (k+1)*n]
				copy(row, rows[(first+k)/s.count*n:])
				if s.at != nil {
					s.listed.State((first+k)%s.count, state)
				}
				for i, column := range s.at {
					row[column] = state[i]
				}
			}
		})
		s.p.Input(field[:block*n], x[:block*n], block)
		kernel.Parallel(block, kernel.RowGrain(n), func(lo, hi int) {
			input := make([]float64, len(s.closedAt))
			for k := lo; k < hi; k++ {
				row, f := x[k*n:(k+1)*n], field[k*n:(k+1)*n]
				logs[k] = (kernel.Dot(row, f)+kernel.Dot(row, s.p.B))/2 - s.p.Units.Energy(row, s.p.LogVariance)
				for i, column := range s.closedAt {
					input[i] = f[column]
				}
				if s.closed != nil {
					logs[k] += s.closed.CGF(input, s.closedVariance)
				}
			}
		})
		for k := 0; k < block; {
			r := (first + k) / s.count
			end := min(block, (r+1)*s.count-first)
			dst[r] = logSumExp(append([]float64{dst[r]}, logs[k:end]...))
			k = end
		}
		report("summed %d of %d states", first+block)
	}
	if !kernel.AllFinite(dst) {
		return fmt.Errorf("sum over states: %w", energy.ErrNotFinite)
	}
	return nil
}

// boltzmannLogPartition is log Z, and what was gone through.
func boltzmannLogPartition(ctx context.Context, bm *layers.Boltzmann, most int, progress writer) (float64, string, error) {
	p, err := plainBoltzmann64(bm)
	if err != nil {
		return 0, "", err
	}
	s, err := newBoltzmannSum(bm, p, true, most)
	if err != nil {
		return 0, "", err
	}
	logZ := make([]float64, 1)
	err = s.of(ctx, logZ, make([]float64, p.Len()), progress)
	return logZ[0], fmt.Sprint(s.listed), err
}

// boltzmannFreeEnergies is F of each visible row.
func boltzmannFreeEnergies(ctx context.Context, bm *layers.Boltzmann, rows []float64) ([]float64, error) {
	p, err := plainBoltzmann64(bm)
	if err != nil {
		return nil, err
	}
	s, err := newBoltzmannSum(bm, p, false, energy.MaxStates)
	if err != nil {
		return nil, err
	}
	f := make([]float64, len(rows)/p.VisibleLen)
	all := make([]float64, len(f)*p.Len())
	for i := range f {
		copy(all[i*p.Len():], rows[i*p.VisibleLen:(i+1)*p.VisibleLen])
	}
	if err := s.of(ctx, f, all, writer{}); err != nil {
		return nil, err
	}
	kernel.Scale(f, f, -1)
	return f, nil
}

// plainBoltzmann64 is the parameters of a machine in float64.
func plainBoltzmann64(bm *layers.Boltzmann) (layers.PlainBoltzmann[float64], error) {
	if bm.Dtype() == tensor.Float64 {
		return layers.PlainBoltzmannOf[float64](bm)
	}
	s, err := layers.PlainBoltzmannOf[float32](bm)
	return layers.PlainBoltzmann[float64]{
		Units: units.In[float64](bm.Units().Kind()), VisibleLen: s.VisibleLen, HiddenLen: s.HiddenLen,
		W: wide(s.W), Bonds: s.Bonds, B: wide(s.B), LogVariance: wide(s.LogVariance),
	}, err
}
