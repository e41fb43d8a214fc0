package observed

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Model is the parameters of a harmonium in the plain form.
type Model[T kernel.Float] struct {
	Visible, Hidden                       energy.Units
	W, B, C                               []T // (visible, hidden), (visible), (hidden)
	VisibleLogVariance, HiddenLogVariance []T // nil for variance 1
}

// What is summed over: joint states, and numbers in a table of them.
const (
	MaxStates = 1 << 16
	maxTable  = 1 << 22
)

// Sum is the sum over what is missing of rows that all miss the same columns.
type Sum[T kernel.Float] struct {
	States int // how many terms it has

	model    *Model[T]
	hidden   units.Family[T]
	columns  []int // that are missing
	family   units.Family[T]
	w        []T // of the missing units, (missing, hidden)
	b        []T
	variance []T // log σ²

	overHidden bool
	values     []T       // the states summed over, (States, missing) or (States, hidden)
	inputs     []T       // what missing states add to the inputs of the hidden units, (States, hidden)
	base       []float64 // of log weights: what does not depend on the observed units
}

// NewSum readies the sum over the marked columns. Where both ways are open it takes the one with fewer terms. It is an ErrConfig where none is.
func NewSum[T kernel.Float](m *Model[T], missing []bool) (*Sum[T], error) {
	unit := m.Visible.Select(missing)
	s := &Sum[T]{model: m, hidden: units.In[T](m.Hidden.Kind()), family: units.In[T](unit.Kind())}
	nh := m.Hidden.Len()
	for j, is := range missing {
		if !is {
			continue
		}
		s.columns = append(s.columns, j)
		s.w = append(s.w, m.W[j*nh:(j+1)*nh]...)
		s.b = append(s.b, m.B[j])
		if m.VisibleLogVariance != nil {
			s.variance = append(s.variance, m.VisibleLogVariance[j])
		}
	}
	states, open := few(unit, nh)
	hiddenStates, hiddenOpen := few(m.Hidden, nh)
	switch {
	case len(s.columns) == 0:
		s.States, s.inputs, s.base = 1, make([]T, nh), []float64{0}
		return s, nil
	case open && (!hiddenOpen || states <= hiddenStates):
		s.States = states
		return s, s.overMissing(unit)
	case hiddenOpen:
		s.States, s.overHidden = hiddenStates, true
		return s, s.overHiddenStates()
	}
	return nil, fmt.Errorf("neither the %v that are missing nor the %v hidden units have at most %d joint states to sum over, with %d numbers in a table of them (draw the missing values instead, by sampling.Completion): %w",
		unit, m.Hidden, MaxStates, maxTable, energy.ErrConfig)
}

// few counts the joint states of units and says whether they can be summed over.
func few(u energy.Units, hidden int) (int, bool) {
	n, err := u.StateCount()
	return n, err == nil && n <= MaxStates && n*max(u.Len(), hidden) <= maxTable
}

// statesOf lists joint states in T.
func statesOf[T kernel.Float](u energy.Units) ([]T, error) {
	dtype := tensor.Float64
	if _, single := any(T(0)).(float32); single {
		dtype = tensor.Float32
	}
	states, err := u.States(dtype)
	if err != nil {
		return nil, err
	}
	return op.Numbers[T](states), nil
}

func (s *Sum[T]) overMissing(unit energy.Units) (err error) {
	if s.values, err = statesOf[T](unit); err != nil {
		return err
	}
	n, nh := len(s.columns), s.model.Hidden.Len()
	s.inputs, s.base = make([]T, s.States*nh), make([]float64, s.States)
	kernel.Gemm(false, false, s.States, nh, n, 1, s.values, n, s.w, nh, false, s.inputs, nh)
	for i := range s.base {
		state := s.values[i*n : (i+1)*n]
		s.base[i] = kernel.Dot(state, s.b) - float64(s.family.Energy(state, s.variance))
	}
	return nil
}

func (s *Sum[T]) overHiddenStates() (err error) {
	if s.values, err = statesOf[T](s.model.Hidden); err != nil {
		return err
	}
	s.base = make([]float64, s.States)
	nh := s.model.Hidden.Len()
	s.eachBlock(func(lo, hi int, visible []T) {
		n := len(s.columns)
		kernel.Parallel(hi-lo, kernel.RowGrain(n), func(from, to int) {
			for i := from; i < to; i++ {
				h := s.values[(lo+i)*nh : (lo+i+1)*nh]
				s.base[lo+i] = float64(s.family.CGF(visible[i*n:(i+1)*n], s.variance)) - float64(s.hidden.Energy(h, s.model.HiddenLogVariance))
			}
		})
	})
	return nil
}

// blockStates is how many hidden states are worked on at once.
const blockStates = 1 << 10

// eachBlock goes through the hidden states with the inputs that the missing units have in them.
func (s *Sum[T]) eachBlock(f func(lo, hi int, visible []T)) {
	n, nh := len(s.columns), s.model.Hidden.Len()
	visible := make([]T, min(blockStates, s.States)*n)
	for lo := 0; lo < s.States; lo += blockStates {
		hi := min(lo+blockStates, s.States)
		kernel.Affine(true, hi-lo, n, nh, s.values[lo*nh:hi*nh], s.w, s.b, visible[:(hi-lo)*n])
		f(lo, hi, visible[:(hi-lo)*n])
	}
}

// weigh sets p, (rows, States), to the share of each term, and free to −log of the whole sum: what the missing units contribute to F(v_O). inputs are
// those of the hidden units given the observed ones, (rows, hidden).
func (s *Sum[T]) weigh(p, free []float64, inputs []T, rows int) {
	nh := s.model.Hidden.Len()
	if s.overHidden {
		scores := make([]T, rows*s.States)
		kernel.Gemm(false, true, rows, s.States, nh, 1, inputs, nh, s.values, nh, false, scores, s.States)
		for i, x := range scores {
			p[i] = s.base[i%s.States] + float64(x)
		}
	} else {
		kernel.Parallel(rows*s.States, kernel.RowGrain(nh), func(lo, hi int) {
			sum := make([]T, nh)
			for i := lo; i < hi; i++ {
				row, state := i/s.States, i%s.States
				kernel.Combine(sum, inputs[row*nh:(row+1)*nh], s.inputs[state*nh:(state+1)*nh], 1, 1, 0)
				p[i] = s.base[state] + float64(s.hidden.CGF(sum, s.model.HiddenLogVariance))
			}
		})
	}
	for i := range free {
		terms := p[i*s.States : (i+1)*s.States]
		top := kernel.Max(terms)
		kernel.ShiftScale(terms, terms, top, 1)
		total := kernel.ExpSum(terms, terms, 0)
		kernel.Scale(terms, terms, 1/total)
		free[i] = -float64(top) - math.Log(total)
	}
}

// means sets dst, (rows, missing), to E[v_M | v_O].
func (s *Sum[T]) means(dst []T, p []float64, rows int) {
	n, nh := len(s.columns), s.States
	weights := make([]T, len(p))
	kernel.Convert(weights, p)
	if !s.overHidden {
		kernel.Gemm(false, false, rows, n, nh, 1, weights, nh, s.values, n, false, dst, n)
		return
	}
	clear(dst)
	s.eachBlock(func(lo, hi int, visible []T) {
		kernel.Parallel(hi-lo, kernel.RowGrain(n), func(from, to int) {
			for i := from; i < to; i++ {
				s.family.Mean(visible[i*n:(i+1)*n], visible[i*n:(i+1)*n], s.variance)
			}
		})
		kernel.Gemm(false, false, rows, n, hi-lo, 1, weights[lo:], s.States, visible, n, true, dst, n)
	})
}

// draw sets dst, the missing numbers of a row, to a draw from p(v_M | v_O), of which p are the shares of the terms.
func (s *Sum[T]) draw(dst []T, p []float64, term, values rng.Row) {
	var u [1]float64
	rng.Uniform(term, u[:])
	chosen := 0
	for chosen < s.States-1 && u[0] >= p[chosen] {
		u[0] -= p[chosen]
		chosen++
	}
	n, nh := len(s.columns), s.model.Hidden.Len()
	if !s.overHidden {
		copy(dst, s.values[chosen*n:(chosen+1)*n])
		return
	}
	in := make([]T, n)
	kernel.Affine(true, 1, n, nh, s.values[chosen*nh:(chosen+1)*nh], s.w, s.b, in)
	s.family.Sample(dst, in, s.variance, 1, values)
}
