package training

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Solver is the configuration of a parameter update: SGD, Adam or AdamW. It is a plain value that holds no state,
// so that one configuration may start any number of runs.
type Solver interface {
	// New checks the configuration and makes the Stepper that carries it out. The error says which field is wrong.
	New() (*Stepper, error)
	// Name is the solver's name, as in "Adam".
	Name() string
}

// Stepper updates parameters from their gradients and holds the state that this needs: velocities, moment estimates
// and the number of steps taken. It satisfies gorgonia.Solver.
//
// A state array belongs to a position in the list of parameters, so every step must pass the same parameters in the
// same order; a step that brings another number, dtype or shape is an error and changes nothing. The tensors
// themselves may differ from step to step: a model that lives in several graphs, whose tensors share memory, is trained
// through any of them.
//
// The update of each element is independent of the others, so that the result does not depend on GOMAXPROCS. Gradients
// are not checked for NaN or Inf. A Stepper is not safe for concurrent use.
type Stepper struct {
	name        string
	rule        rule
	rate        float64
	momentum    float64
	hasMomentum bool

	step  uint64
	slots []slot // by position in the list of parameters; nil until the first step

	// The arguments of the step under way. They are fields, and the sweeps are made once, so that a step allocates nothing.
	names         []string
	params, grads []*tensor.Dense
	single        span[float32]
	double        span[float64]
	zero          bool
	sweep32       func(lo, hi int)
	sweep64       func(lo, hi int)
}

var _ G.Solver = (*Stepper)(nil)

// slot is what a Stepper keeps for the parameter at one position.
type slot struct {
	shape tensor.Shape
	dtype tensor.Dtype
	state []*tensor.Dense
}

// rule is the arithmetic of one solver.
type rule interface {
	// arrays is the number of state arrays of a parameter: 0, 1 or 2.
	arrays() int
	// begin prepares the constants of step number step, which counts from 1.
	begin(step uint64, rate, momentum float64)
	// update32 and update64 move s.w and its state; they leave s.g as it is.
	update32(s span[float32])
	update64(s span[float64])
}

// span is a stretch of one parameter, w, with its gradient, g, and its state arrays, nil where the rule keeps none.
type span[T kernel.Float] struct {
	w, g, a, b []T
	matrix     bool // the parameter has rank 2 or more
}

func (s span[T]) cut(lo, hi int) span[T] {
	c := span[T]{w: s.w[lo:hi], g: s.g[lo:hi], matrix: s.matrix}
	if s.a != nil {
		c.a = s.a[lo:hi]
	}
	if s.b != nil {
		c.b = s.b[lo:hi]
	}
	return c
}

const (
	// grain is the fewest elements worth a second thread: some 50 µs of Adam.
	grain = 1 << 15
	// block elements of a gradient are still in the nearest cache when they are zeroed after use.
	block = 1 << 11
)

func newStepper(name string, r rule, rate float64) *Stepper {
	s := &Stepper{name: name, rule: r, rate: rate}
	s.sweep32 = sweep(&s.single, &s.zero, r.update32)
	s.sweep64 = sweep(&s.double, &s.zero, r.update64)
	return s
}

// sweep makes the function that updates the elements [lo, hi) of *whole and, if *zero, zeroes their gradient.
func sweep[T kernel.Float](whole *span[T], zero *bool, update func(span[T])) func(lo, hi int) {
	return func(lo, hi int) {
		for ; lo < hi; lo += block {
			s := whole.cut(lo, min(lo+block, hi))
			update(s)
			if *zero {
				clear(s.g)
			}
		}
	}
}

// Step updates the value of every node of model in place from its gradient, and zeroes the gradients, which is what
// Gorgonia asks of a solver (without it a machine with gorgonia.BindDualValues adds the next gradient to this one).
//
// Values must be contiguous float32 or float64 tensors of rank 1 or more; a scalar node is an error, since its value
// would be a copy: make the parameter a vector of length 1. On an error nothing has changed. Cost: one pass over the
// parameters, their gradients and their state.
func (s *Stepper) Step(model []G.ValueGrad) error {
	s.params, s.grads, s.names = s.params[:0], s.grads[:0], s.names[:0]
	for i, n := range model {
		name := ""
		if named, ok := n.(G.Namer); ok {
			name = named.Name()
		}
		s.names = append(s.names, name)
		p, err := dense(n.Value())
		if err != nil {
			return s.fail(i, "value %w", err)
		}
		v, err := n.Grad()
		if err != nil {
			return s.fail(i, "gradient: %w", err)
		}
		g, err := dense(v)
		if err != nil {
			return s.fail(i, "gradient %w", err)
		}
		s.params, s.grads = append(s.params, p), append(s.grads, g)
	}
	return s.update(s.params, s.grads)
}

// Update is Step on tensors: it updates params[i] in place from grads[i] and zeroes grads[i]. The same conditions hold.
func (s *Stepper) Update(params, grads []*tensor.Dense) error {
	s.names = s.names[:0]
	return s.update(params, grads)
}

func dense(v G.Value) (*tensor.Dense, error) {
	switch v := v.(type) {
	case nil:
		return nil, fmt.Errorf("is missing: run the graph first: %w", energy.ErrConfig)
	case *tensor.Dense:
		return v, nil
	default:
		return nil, fmt.Errorf("is a %T, want a *tensor.Dense (a scalar parameter should be a vector of length 1): %w", v, energy.ErrShape)
	}
}

func (s *Stepper) update(params, grads []*tensor.Dense) error {
	if len(params) != len(grads) {
		return fmt.Errorf("training: %s: got %d gradients for %d parameters: %w", s.name, len(grads), len(params), energy.ErrShape)
	}
	if err := s.checkParams(params); err != nil {
		return err
	}
	for i, g := range grads {
		if err := checkArray(g, params[i].Dtype(), params[i].Shape()); err != nil {
			return s.fail(i, "gradient %w", err)
		}
	}
	s.bind(params)
	s.step++
	s.rule.begin(s.step, s.rate, s.momentum)
	for i, p := range params {
		g := grads[i]
		// Without BindDualValues two parameters may be handed one gradient: it is zeroed after its last use.
		s.zero = !slices.ContainsFunc(grads[i+1:], func(later *tensor.Dense) bool { return later.Uintptr() == g.Uintptr() })
		state, matrix := s.slots[i].state, p.Dims() > 1
		if p.Dtype() == tensor.Float32 {
			s.single = span[float32]{w: p.Float32s(), g: g.Float32s(), matrix: matrix}
			if len(state) > 0 {
				s.single.a = state[0].Float32s()
			}
			if len(state) > 1 {
				s.single.b = state[1].Float32s()
			}
			kernel.Parallel(len(s.single.w), grain, s.sweep32)
			continue
		}
		s.double = span[float64]{w: p.Float64s(), g: g.Float64s(), matrix: matrix}
		if len(state) > 0 {
			s.double.a = state[0].Float64s()
		}
		if len(state) > 1 {
			s.double.b = state[1].Float64s()
		}
		kernel.Parallel(len(s.double.w), grain, s.sweep64)
	}
	return nil
}

// checkParams checks params by themselves and, once the Stepper knows its parameters, against those.
func (s *Stepper) checkParams(params []*tensor.Dense) error {
	if len(params) == 0 {
		return fmt.Errorf("training: %s: got no parameters, want at least one: %w", s.name, energy.ErrShape)
	}
	if s.slots != nil && len(params) != len(s.slots) {
		return fmt.Errorf("training: %s: got %d parameters, want the %d of the first step: %w", s.name, len(params), len(s.slots), energy.ErrShape)
	}
	for i, p := range params {
		if p == nil {
			return s.fail(i, "value is nil: %w", energy.ErrShape)
		}
		dtype, shape := p.Dtype(), p.Shape()
		if s.slots != nil {
			dtype, shape = s.slots[i].dtype, s.slots[i].shape
		}
		if dtype != tensor.Float32 && dtype != tensor.Float64 {
			return s.fail(i, "value has dtype %v, want float32 or float64: %w", dtype, energy.ErrDtype)
		}
		if len(shape) == 0 || shape.TotalSize() == 0 {
			return s.fail(i, "value has shape %v, want at least a vector with at least one element: %w", shape, energy.ErrShape)
		}
		if err := checkArray(p, dtype, shape); err != nil {
			return s.fail(i, "value %w", err)
		}
		for j, q := range params[:i] {
			if p.Uintptr() == q.Uintptr() {
				return s.fail(i, "value is the memory of parameter %d: it would be updated twice: %w", j, energy.ErrConfig)
			}
		}
	}
	return nil
}

// checkArray checks that the elements of d lie in memory as those of a plain array of this dtype and shape.
func checkArray(d *tensor.Dense, dtype tensor.Dtype, shape tensor.Shape) error {
	switch {
	case d == nil:
		return fmt.Errorf("is nil: %w", energy.ErrShape)
	case d.Dtype() != dtype:
		return fmt.Errorf("has dtype %v, want %v: %w", d.Dtype(), dtype, energy.ErrDtype)
	case !slices.Equal(d.Shape(), shape):
		return fmt.Errorf("has shape %v, want %v: %w", d.Shape(), shape, energy.ErrShape)
	case d.RequiresIterator() || d.DataOrder().IsColMajor():
		return fmt.Errorf("is a view or a transpose, want a contiguous row-major tensor: %w", energy.ErrShape)
	}
	return nil
}

// bind allocates the state at the first step.
func (s *Stepper) bind(params []*tensor.Dense) {
	if s.slots != nil {
		return
	}
	s.slots = make([]slot, len(params))
	for i, p := range params {
		s.slots[i] = slot{shape: p.Shape().Clone(), dtype: p.Dtype()}
		for range s.rule.arrays() {
			zeros := tensor.New(tensor.Of(p.Dtype()), tensor.WithShape(p.Shape().Clone()...))
			s.slots[i].state = append(s.slots[i].state, zeros)
		}
	}
}

// fail makes an error about the parameter at position i; what describes it, as in "value %w".
func (s *Stepper) fail(i int, what string, args ...any) error {
	name := ""
	if i < len(s.names) && s.names[i] != "" {
		name = fmt.Sprintf(" %q", s.names[i])
	}
	return fmt.Errorf("training: %s: parameter %d%s: "+what, append([]any{s.name, i, name}, args...)...)
}

// SetRate changes the learning rate from the next step on. Zero is allowed: a schedule may end there. A negative or
// non-finite rate is an error.
func (s *Stepper) SetRate(rate float64) error {
	if !(rate >= 0) || math.IsInf(rate, 0) {
		return fmt.Errorf("training: %s: SetRate: rate is %v, want a finite number, at least 0: %w", s.name, rate, energy.ErrConfig)
	}
	s.rate = rate
	return nil
}

// SetMomentum changes the momentum from the next step on; it lies in [0, 1). It is an error on a solver that keeps no
// velocity: Adam, AdamW, and SGD that began with momentum 0.
func (s *Stepper) SetMomentum(m float64) error {
	if !s.hasMomentum {
		return fmt.Errorf("training: %s: SetMomentum: this solver has no momentum, want an SGD with Momentum > 0: %w", s.name, energy.ErrConfig)
	}
	if !(m >= 0 && m < 1) {
		return fmt.Errorf("training: %s: SetMomentum: momentum is %v, want 0 ≤ momentum < 1: %w", s.name, m, energy.ErrConfig)
	}
	s.momentum = m
	return nil
}

// State returns what a checkpoint must keep: the number of steps taken and the state arrays, parameter by parameter
// and within a parameter in the solver's order (SGD: the velocity, or nothing; Adam and AdamW: the first moment, then
// the second). The arrays are the Stepper's own, which the next step changes. Rate and momentum are not part of it.
func (s *Stepper) State() (step uint64, arrays []*tensor.Dense) {
	for _, sl := range s.slots {
		arrays = append(arrays, sl.state...)
	}
	return s.step, arrays
}

// Restore puts back what State returned, for the parameters of the model: the steps that follow equal, bit for bit,
// those of the run that was saved. It copies the arrays. With step 0 and no arrays it starts afresh. A number, dtype
// or shape that does not fit params is an error, and changes nothing.
func (s *Stepper) Restore(step uint64, arrays []*tensor.Dense, params []*tensor.Dense) error {
	fresh := &Stepper{name: s.name, rule: s.rule}
	if err := fresh.checkParams(params); err != nil {
		return fmt.Errorf("%w (Restore)", err)
	}
	fresh.bind(params)
	_, own := fresh.State()
	if len(arrays) != len(own) && !(step == 0 && len(arrays) == 0) {
		return fmt.Errorf("training: %s: Restore: got %d state arrays, want %d for %d parameters: %w", s.name, len(arrays), len(own), len(params), energy.ErrShape)
	}
	for i, a := range arrays {
		if err := checkArray(a, own[i].Dtype(), own[i].Shape()); err != nil {
			return fmt.Errorf("training: %s: Restore: state array %d %w", s.name, i, err)
		}
		if a.Dtype() == tensor.Float32 {
			copy(own[i].Float32s(), a.Float32s())
		} else {
			copy(own[i].Float64s(), a.Float64s())
		}
	}
	s.step, s.slots = step, fresh.slots
	return nil
}
