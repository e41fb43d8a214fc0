package machine

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	G "gorgonia.org/gorgonia"
)

// Machine runs a graph. It satisfies gorgonia.VM. Make one with [New].
type Machine struct {
	config   Config
	plan     *plan
	memory   memory
	layouts  []*layout // the last used one first
	inputs   []G.Value // of the running plan
	rate     float64
	running  atomic.Bool
	closed   bool
	watching bool
}

var _ G.VM = (*Machine)(nil)

// maxLayouts is for how many sets of input shapes a machine remembers where values lie.
const maxLayouts = 8

// New makes a machine for a graph that is complete. It belongs to compile time and takes time linear in the size of the graph.
// It returns ErrConfig for a configuration that cannot take effect.
func New(g *G.ExprGraph, c Config) (*Machine, error) {
	if err := c.check(g); err != nil {
		return nil, err
	}
	m := &Machine{config: c, rate: math.NaN(), watching: c.watches()}
	p, err := m.compile(g, c)
	if err != nil {
		return nil, err
	}
	m.plan, m.inputs = p, make([]G.Value, len(p.inputs))
	return m, nil
}

// Let gives an input, or a node of Config.Given, a value: from the next run on the machine reads it, until another value is let,
// or one is bound to the node that it did not hold before. It may differ from the node's shape in the leading dimension, for
// another size of batch. Then every input whose shape depends on that has to be let, too, and the graph must not hold an op of
// Gorgonia that keeps shapes (Reshape, Slice, and so the gradients of built-in sums and concatenations): RunAll says so where it
// does. Shapes that have been seen before cost nothing; the machine remembers eight sets of them.
//
// It returns ErrConfig for a node that the machine does not read, ErrShape and ErrDtype for a value that does not fit it.
func (m *Machine) Let(n *G.Node, v G.Value) error {
	i := slices.IndexFunc(m.plan.inputs, func(in *input) bool { return in.node == n })
	switch {
	case i < 0 || isConstant(n):
		return fmt.Errorf("machine: Let: %s is no input of what runs: %w", describe(n), ErrConfig)
	case v == nil:
		return fmt.Errorf("machine: Let: %s gets no value: %w", describe(n), ErrConfig)
	case v.Dtype() != n.Dtype():
		return fmt.Errorf("machine: Let: %s gets a value of dtype %v, want %v: %w", describe(n), v.Dtype(), n.Dtype(), ErrDtype)
	}
	want, got := m.plan.inputs[i].shape, v.Shape()
	fits := sameShape(want, got)
	if !fits && !slices.Contains(m.config.Wrt, n) && !slices.Contains(m.config.Descend, n) {
		fits = len(want) > 0 && len(want) == len(got) && sameShape(want[1:], got[1:])
	}
	if !fits {
		return fmt.Errorf("machine: Let: %s gets a value of shape %v: %w", describe(n), got, ErrShape)
	}
	in := m.plan.inputs[i]
	in.let, in.seen = v, n.Value()
	return nil
}

// SetRate sets the rate of Config.Descend. Without it a machine that descends does not run.
func (m *Machine) SetRate(rate float64) { m.rate = rate }

// Value returns the value that a node of Config.Outputs, the Guard, or what stands in for them where Outputs is nil, has after a
// run. Like node.Value() it is valid until the next run. It is nil for other nodes and before the first run.
func (m *Machine) Value(n *G.Node) G.Value {
	slot, ok := m.plan.shown[n]
	if !ok || len(m.layouts) == 0 {
		return nil
	}
	return m.layouts[0].values[slot]
}

// RunAll runs the graph once. Inputs are read as they are then; outputs and gradients are valid until the next run. It can be
// called again without Reset. After an error values are undefined.
func (m *Machine) RunAll() error {
	if !m.running.CompareAndSwap(false, true) {
		return fmt.Errorf("machine: RunAll while the machine runs: %w", ErrConfig)
	}
	defer m.running.Store(false)
	if m.closed {
		return fmt.Errorf("machine: RunAll after Close: %w", ErrConfig)
	}
	if len(m.config.Descend) > 0 && (math.IsNaN(m.rate) || math.IsInf(m.rate, 0)) {
		return fmt.Errorf("machine: the rate of descent is %v, want a finite number by SetRate: %w", m.rate, ErrConfig)
	}
	for _, mode := range m.plan.modes {
		if err := mode.SetTraining(!m.config.Eval); err != nil {
			return fmt.Errorf("machine: setting the mode of %v: %w", mode, err)
		}
	}
	if err := m.load(); err != nil {
		return err
	}
	l := m.layout()
	if err := m.run(l); err != nil {
		m.layouts = m.layouts[1:] // what was laid out may have been for values that were wrong
		return err
	}
	l.laid = true
	return l.bind(m.plan)
}

// load reads the inputs.
func (m *Machine) load() error {
	for i, in := range m.plan.inputs {
		v := in.node.Value()
		if in.given || in.let != nil && v == in.seen {
			v = in.let
		}
		if v == nil {
			return fmt.Errorf("machine: %s has no value: %w", describe(in.node), ErrConfig)
		}
		if m.watching {
			if err := m.config.watch(in.node, v); err != nil {
				return err
			}
		}
		m.inputs[i] = v
	}
	return nil
}

// layout returns the layout for the inputs' shapes and puts it first.
func (m *Machine) layout() *layout {
	i := slices.IndexFunc(m.layouts, func(l *layout) bool { return l.fits(m.inputs) })
	if i < 0 {
		m.layouts = append(m.layouts[:min(len(m.layouts), maxLayouts-1)], newLayout(m.plan, &m.memory, m.inputs))
		i = len(m.layouts) - 1
	}
	l := m.layouts[i]
	copy(m.layouts[1:i+1], m.layouts[:i])
	m.layouts[0] = l
	for i, in := range m.plan.inputs {
		l.values[in.slot] = m.inputs[i]
	}
	return l
}

func (m *Machine) run(l *layout) error {
	for i, s := range m.plan.steps {
		if l.laid && s.constant {
			continue
		}
		if i == m.plan.descents && m.config.Guard != nil && !finite(m.Value(m.config.Guard)) {
			return nil
		}
		for k, slot := range s.in {
			s.args[k] = l.values[slot]
		}
		if err := s.work.do(l, s); err != nil {
			return fmt.Errorf("machine: %s: %w", describe(s.node), err)
		}
		if !l.laid {
			l.release(s)
		}
		if m.watching && s.out != none {
			if err := m.config.watch(s.node, l.values[s.out]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Reset does nothing: it is there for gorgonia.VM. A run starts anew by itself, and memory is kept for it.
func (m *Machine) Reset() {}

// Close lets go of the machine's memory. RunAll is an error from then on; values that were handed out stay as they are.
func (m *Machine) Close() error {
	m.closed, m.layouts, m.memory = true, nil, memory{}
	return nil
}
