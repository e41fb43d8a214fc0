package machine

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// plan is what a machine does in a run. A slot is the number of a value.
type plan struct {
	inputs    []*input
	steps     []*step
	descents  int             // the step that the descents begin with
	shown     map[*G.Node]int // the slots of what users see
	bound     []shown         // what is computed of that
	gradients []shown         // the parameters of Config.Wrt with their gradients
	modes     []G.TrainModeOp
	slots     int
}

// input is a node that is not computed.
type input struct {
	node  *G.Node
	slot  int
	shape tensor.Shape // of the node
	given bool         // it would be computed if it were not let
	let   G.Value      // by Machine.Let, and
	seen  G.Value      // what the node held then
}

// shown is a value that users see on a node.
type shown struct {
	node *G.Node
	slot int
}

// step is one piece of work.
type step struct {
	node *G.Node // what it works for, in messages
	work work
	in   []int
	out  int       // none where it makes no value
	args []G.Value // of the running step

	constant bool  // it runs once a layout
	last     []int // the slots that no later step reads
}

// work is what a step does. The values of its arguments are in s.args; its result goes to l.values[s.out], and has its place
// there already unless the layout is new or somebody else owns it.
type work interface {
	do(l *layout, s *step) error
}

// builder is a plan in the making.
type builder struct {
	*plan
	*ancestry
	config   Config
	slot     map[*G.Node]int
	kept     map[*G.Node]bool // users see it
	merged   map[*G.Node]bool // it never is a value: a sum or a descent takes its op
	constant []bool           // by slot
}

func (m *Machine) compile(g *G.ExprGraph, c Config) (*plan, error) {
	outputs := c.Outputs
	if outputs == nil {
		outputs = ends(g)
		for _, p := range c.Descend { // its gradient is what a descent need not store
			outputs = slices.DeleteFunc(outputs, func(n *G.Node) bool { return n == p.Deriv() })
		}
	}
	wanted := slices.Clone(outputs)
	for _, p := range c.Wrt {
		wanted = append(wanted, p.Deriv())
	}
	b := &builder{
		plan: &plan{shown: make(map[*G.Node]int)}, config: c, kept: make(map[*G.Node]bool),
		slot: make(map[*G.Node]int), merged: make(map[*G.Node]bool),
	}
	if c.Guard != nil {
		wanted = append(wanted, c.Guard)
	}
	for _, n := range wanted {
		b.kept[n] = true
	}
	for _, p := range c.Descend {
		wanted = append(wanted, p, p.Deriv())
	}
	b.ancestry = ancestors(wanted, c.Given)
	for _, p := range c.Descend {
		b.uses[p.Deriv()]++
	}
	terms := b.terms()
	sums := b.sums()
	for _, n := range b.order {
		if err := b.add(n, sums); err != nil {
			return nil, err
		}
	}
	for _, n := range b.order {
		if slot, ok := b.slot[n]; ok && b.kept[n] {
			b.shown[n] = slot
			if n.Op() != nil && !isConstant(n) && !slices.Contains(c.Given, n) {
				b.bound = append(b.bound, shown{n, slot})
			}
		}
	}
	for i, p := range c.Wrt {
		b.addGradient(p, c.Wrt[:i])
	}
	b.addDescents(m, terms)
	b.live()
	return b.plan, nil
}

func (b *builder) newSlot(constant bool) int {
	b.constant = append(b.constant, constant)
	b.slots++
	return b.slots - 1
}

// add plans a node.
func (b *builder) add(n *G.Node, sums map[*G.Node]*sum) error {
	if b.merged[n] {
		return nil
	}
	op := n.Op()
	given := slices.Contains(b.config.Given, n)
	if op == nil || isConstant(n) || given {
		b.slot[n] = b.newSlot(isConstant(n))
		b.inputs = append(b.inputs, &input{node: n, slot: b.slot[n], shape: n.Shape(), given: given})
		return nil
	}
	if mode, ok := op.(G.TrainModeOp); ok {
		b.modes = append(b.modes, mode)
	}
	if into, ok := readTarget(op); ok {
		if into == nil {
			return fmt.Errorf("machine: %s: this version of Gorgonia does not say where to: %w", describe(n), ErrConfig)
		}
		b.append(&step{node: n, work: read{into}, in: b.slotsOf(b.args[n]), out: none})
		return nil
	}
	s := &step{node: n, in: b.slotsOf(b.args[n])}
	switch own, isOwn := op.(ownOp); {
	case isOwn:
		s.work = &ownWork{own, own.InPlace()}
	case isSum(n, b.args[n]):
		sum := sums[n]
		s.work, s.in = sum, b.slotsOf(sum.nodes)
	default:
		s.work = newForeign(n, b.args[n])
	}
	s.constant = b.isConstant(s)
	s.out = b.newSlot(s.constant)
	b.slot[n] = s.out
	b.append(s)
	return nil
}

func (b *builder) append(s *step) {
	s.args = make([]G.Value, len(s.in))
	b.steps = append(b.steps, s)
}

func (b *builder) slotsOf(nodes []*G.Node) []int {
	slots := make([]int, len(nodes))
	for i, n := range nodes {
		slots[i] = b.slot[n]
	}
	return slots
}

// isConstant reports whether a step need not run again while no shape changes: its arguments are constants, or it asks only
// for their shapes. What has a mode may draw random numbers.
func (b *builder) isConstant(s *step) bool {
	op := s.node.Op()
	if builtin(op, "sizeOp") {
		return true
	}
	if _, moody := op.(G.TrainModeOp); moody || len(s.in) == 0 {
		return false
	}
	return !slices.ContainsFunc(s.in, func(slot int) bool { return !b.constant[slot] })
}

// live finds the last step that reads each value. What an op of others makes may be a view of any of its arguments, so they
// are read as long as it is. Values that users see, and constants, are never read for the last time.
func (b *builder) live() {
	const forever = math.MaxInt
	until := make([]int, b.slots)
	for i := range until {
		until[i] = none
	}
	for _, slot := range b.shown {
		until[slot] = forever
	}
	for _, g := range b.gradients {
		until[g.slot] = forever
	}
	for i, s := range slices.Backward(b.steps) {
		if s.constant {
			until[s.out] = forever
		}
		for _, slot := range s.in {
			until[slot] = max(until[slot], i)
			if _, mayBeView := s.work.(*foreign); mayBeView && !builtin(s.node.Op(), "sizeOp") {
				until[slot] = max(until[slot], until[s.out])
			}
		}
	}
	for slot, i := range until {
		if i >= 0 && i < len(b.steps) {
			b.steps[i].last = append(b.steps[i].last, slot)
		}
	}
}
