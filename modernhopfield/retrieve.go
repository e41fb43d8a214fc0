package modernhopfield

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/association"
)

// Retrieval is what a memory retrieves for a batch of states, a row or a number for each of them.
type Retrieval struct {
	States *tensor.Dense // (batch, d), where the updates have led
	// Values, (batch, m), are the values weighted with the association of the last update, Σ_i p_i v_i, as it made the state out of the
	// patterns; nil where the memory has none.
	Values *tensor.Dense

	Steps    []int     // updates taken, at least 1
	Residual []float64 // |f(ξ) − ξ|, how far the last update has moved the state
	Settled  []bool    // whether that is at most Tolerance

	// ErrorBound bounds the distance of the state ξ from a fixed point ξ* of the memory, that to which further updates would lead:
	//
	//	|ξ − ξ*| ≤ |f(ξ) − ξ|/(1−k),   at most k/(1−k)·Residual,
	//
	// where k < 1 is proved to be a contraction constant on a ball that holds both. For softmax and the dot product that is β m_max²
	// on all of space where it is below 1 (ContractionConstant), and else, for a state that has settled, one on a small ball around
	// it, found from its own weights. For a separation function with a finite margin, a pattern that is retrieved exactly has an
	// error of 0. +Inf means that nothing is proved, not that the state is wrong. The bound is computed in float64, whose own rounding
	// it leaves out, but takes in that of a float32 memory.
	ErrorBound []float64
}

// Retrieve updates states of shape (batch, d), or (d) for one, until they have settled or have had their Steps. A state that has
// settled leaves the batch, so that the others go on alone.
//
// Errors: ErrShape, ErrDtype and ErrNotFinite for states; ErrConfig where nothing is stored; ErrNotFinite where the scores leave the
// range of the dtype. Cost: N·d·2 multiply-adds a step and a state, with other separations than softmax up to five times that,
// and as much again in float64 for the bound of a state that has settled under softmax.
func (m *Memory) Retrieve(states *tensor.Dense) (*Retrieval, error) {
	_, err := m.states(states)
	var r *Retrieval
	if err == nil {
		r, err = m.store.retrieve(states)
	}
	if err != nil {
		return nil, fmt.Errorf("modernhopfield: Memory: Retrieve: %w", err)
	}
	return r, nil
}

// steps is how many updates a state may take.
func (c MemoryConfig) steps() int {
	if c.Steps == 0 {
		return MostSteps
	}
	return c.Steps
}

// tolerance is how far an update may move a state that has settled.
func (s *numbers[T]) tolerance() float64 {
	if s.Tolerance > 0 {
		return s.Tolerance
	}
	if _, double := any(s.patterns).([]float64); double {
		return 1e-10 * s.longest
	}
	return 1e-5 * s.longest
}

func (s *numbers[T]) retrieve(states *tensor.Dense) (*Retrieval, error) {
	r, before, err := s.settle(dataOf[T](states))
	if err != nil {
		return nil, err
	}
	if s.width > 0 {
		values := make([]T, len(r.Steps)*s.width)
		s.with(func(e *association.Engine[T]) { e.Retrieve(values, s.batch(before, s.values, s.width)) })
		r.Values = tensor.New(tensor.WithShape(len(r.Steps), s.width), tensor.WithBacking(values))
	}
	s.bound(r)
	return r, nil
}

// settle updates the states, and returns also what each was before its last update.
func (s *numbers[T]) settle(start []T) (r *Retrieval, before []T, err error) {
	rows, d := len(start)/s.d, s.d
	after, before := make([]T, len(start)), make([]T, len(start))
	r = &Retrieval{
		States: tensor.New(tensor.WithShape(rows, d), tensor.WithBacking(after)),
		Steps:  make([]int, rows), Residual: make([]float64, rows), Settled: make([]bool, rows), ErrorBound: make([]float64, rows),
	}
	// The states that still move stand in front, in their order; moving[a] is the row of state a.
	current, next := append([]T(nil), start...), make([]T, len(start))
	moving := make([]int, rows)
	for i := range moving {
		moving[i] = i
	}
	s.with(func(e *association.Engine[T]) {
		limit, tolerance := s.steps(), s.tolerance()
		for step := 1; len(moving) > 0; step++ {
			current, next = current[:len(moving)*d], next[:len(moving)*d]
			e.Retrieve(next, s.batch(current, s.patterns, d))
			kept := 0
			for a, i := range moving {
				old, now := current[a*d:(a+1)*d], next[a*d:(a+1)*d]
				move := distance(old, now)
				if math.IsNaN(move) || math.IsInf(move, 0) {
					err = fmt.Errorf("state %d: an update is not finite: its scores leave the range of the dtype: %w", i, energy.ErrNotFinite)
					return
				}
				r.Steps[i], r.Residual[i], r.Settled[i] = step, move, move <= tolerance
				if r.Settled[i] || step == limit {
					copy(before[i*d:(i+1)*d], old)
					copy(after[i*d:(i+1)*d], now)
					continue
				}
				copy(next[kept*d:(kept+1)*d], now)
				moving[kept] = i
				kept++
			}
			moving = moving[:kept]
			current, next = next, current
		}
	})
	return r, before, err
}
