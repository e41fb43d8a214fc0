package layers

import (
	"fmt"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// PlainBoltzmann is a Boltzmann machine's parameters for computing off the graph. They share the machine's memory. The units are in one
// row, the visible ones first.
type PlainBoltzmann[T kernel.Float] struct {
	Units                 units.Family[T]
	VisibleLen, HiddenLen int
	W                     []T          // (n, n), or with Bonds one number an edge
	Bonds                 *bonds.Graph // nil for a dense W
	B, LogVariance        []T

	machine *Boltzmann
}

// PlainBoltzmannOf reads a machine of dtype T. It is an ErrDtype for one of another dtype.
func PlainBoltzmannOf[T kernel.Float](bm *Boltzmann) (PlainBoltzmann[T], error) {
	var p PlainBoltzmann[T]
	w, ok := bm.w.data.([]T)
	if !ok {
		return p, fmt.Errorf("layers: Boltzmann %q: dtype %v, want %T: %w", bm.name, bm.Dtype(), w, energy.ErrDtype)
	}
	return PlainBoltzmann[T]{
		Units: units.In[T](bm.joint.Kind()), VisibleLen: bm.config.Visible.Len(), HiddenLen: bm.config.Hidden.Len(),
		W: w, Bonds: bm.bonds, B: bm.b.data.([]T), LogVariance: dataOf[T](bm.logVariance),
		machine: bm,
	}, nil
}

// Len is the number of columns of all units.
func (p PlainBoltzmann[T]) Len() int { return p.VisibleLen + p.HiddenLen }

// Input sets dst = xW + b for rows of all units: what each unit feels of the others.
func (p PlainBoltzmann[T]) Input(dst, x []T, rows int) {
	n := p.Len()
	if p.Bonds == nil {
		kernel.Affine(false, rows, n, n, x, p.W, p.B, dst)
		return
	}
	kernel.Parallel(rows, kernel.RowGrain(n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			field := dst[r*n : (r+1)*n]
			copy(field, p.B)
			bonds.AddFields(p.Bonds, field, x[r*n:(r+1)*n], p.W)
		}
	})
}

// Energy returns E(x) = U(x) − bᵀx − ½ xᵀWx of each row of all units.
func (p PlainBoltzmann[T]) Energy(x []T, rows int) []float64 {
	n := p.Len()
	field := make([]T, rows*n)
	p.Input(field, x, rows)
	e := make([]float64, rows)
	for r := range e {
		row := x[r*n : (r+1)*n]
		e[r] = float64(p.Units.Energy(row, p.LogVariance)) - (kernel.Dot(row, field[r*n:(r+1)*n])+kernel.Dot(row, p.B))/2
	}
	return e
}

// FreeEnergy returns −log Σ_h exp(−E(v,h)/T) of each row of visible units, nats: the free energy F(v) at temperature 1. Without hidden units it
// is E(v)/T. It is an ErrConfig for more than 2^14 joint states of hidden units that are coupled among themselves. Cost: one product of the rows
// with W, and of coupled hidden units one of the rows with their joint states.
func (p PlainBoltzmann[T]) FreeEnergy(v []T, rows int, temperature float64) ([]float64, error) {
	n, visible, hidden := p.Len(), p.VisibleLen, p.HiddenLen
	var sum *hiddenSum[T]
	if hidden > 0 {
		var err error
		if sum, err = p.hiddenSum(temperature); err != nil {
			return nil, err
		}
	}
	f := make([]float64, rows)
	for lo := 0; lo < rows; lo += freeEnergyBlock {
		block := min(freeEnergyBlock, rows-lo)
		x, field := make([]T, block*n), make([]T, block*n)
		for r := range block {
			copy(x[r*n:], v[(lo+r)*visible:(lo+r+1)*visible])
		}
		p.Input(field, x, block)
		for r := range block {
			row, in := x[r*n:(r+1)*n], field[r*n:r*n+visible]
			f[lo+r] = (float64(p.Units.Energy(row, p.LogVariance)) - (kernel.Dot(row[:visible], in)+kernel.Dot(row[:visible], p.B))/2) / temperature
		}
		if hidden == 0 {
			continue
		}
		input := make([]T, 0, block*hidden)
		for r := range block {
			input = append(input, field[r*n+visible:(r+1)*n]...)
		}
		kernel.Scale(input, input, T(1/temperature))
		for r, s := range sum.of(input, block) {
			f[lo+r] -= s
		}
	}
	return f, nil
}

// freeEnergyBlock is how many rows are gone through at a time.
const freeEnergyBlock = 256

// hiddenSum sums hidden units out, given their inputs of the visible ones.
type hiddenSum[T kernel.Float] struct {
	family units.Family[T]
	len    int
	states []T // joint states of coupled hidden units, (count, len); nil where they are independent
	own    []T // −E/T of these states among themselves, without biases
}

func (p PlainBoltzmann[T]) hiddenSum(temperature float64) (*hiddenSum[T], error) {
	s := &hiddenSum[T]{family: units.In[T](p.machine.config.Hidden.Kind()), len: p.HiddenLen}
	if p.machine.HiddenStates() != energy.CoupledHidden {
		return s, nil
	}
	count, err := hiddenStateCount(p.machine.config.Hidden)
	if err != nil {
		return nil, err
	}
	n, first := p.Len(), p.VisibleLen
	s.states, s.own = make([]T, count*s.len), make([]T, count)
	x, field, state := make([]T, n), make([]T, n), make([]float64, s.len)
	for i := range count {
		p.machine.config.Hidden.State(i, state)
		kernel.Convert(x[first:], state)
		p.Input(field, x, 1)
		copy(s.states[i*s.len:], x[first:])
		s.own[i] = T((kernel.Dot(x, field) - kernel.Dot(x, p.B)) / 2 / temperature)
	}
	return s, nil
}

// of returns the logarithms of the sums for rows of inputs.
func (s *hiddenSum[T]) of(input []T, rows int) []float64 {
	out := make([]float64, rows)
	if s.states == nil {
		for r := range out {
			out[r] = float64(s.family.CGF(input[r*s.len:(r+1)*s.len], nil))
		}
		return out
	}
	count := len(s.own)
	scores, sums := make([]T, rows*count), make([]T, rows)
	kernel.Affine(true, rows, count, s.len, input, s.states, s.own, scores)
	kernel.RowLogSumExp(sums, scores, rows, count)
	kernel.Convert(out, sums)
	return out
}
