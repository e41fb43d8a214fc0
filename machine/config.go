package machine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
)

// Config says what a machine computes. The zero value runs the whole graph, as the tape machine does.
type Config struct {
	// Outputs are the nodes whose values are wanted, a node of gorgonia.Read for its effect. Only they, what the other fields
	// need, and their ancestors run. nil asks for the whole graph, and keeps the values of nodes that no op uses or that a Read
	// reads, of gradients of inputs, and of scalars.
	Outputs []*G.Node

	// Wrt are parameters whose gradients are wanted, of one call of gorgonia.Grad: after a run, parameter.Grad() is the gradient
	// of that run (not added to earlier ones), in memory that is the parameter's alone. So gorgonia.NodesToValueGrads and solvers
	// work as with gorgonia.BindDualValues.
	Wrt []*G.Node

	// Descend are parameters that each run moves along their gradients, as plain SGD does:
	//
	//	W ← W − rate · ∂cost/∂W
	//
	// after everything else has run, at the rate of [Machine.SetRate]. Products are accumulated in the parameter, so that its
	// gradient is never stored; the parameter's Grad is not to be used. A parameter is in Wrt or in Descend.
	Descend []*G.Node

	// Guard is a scalar, such as the cost, that must be finite for parameters to move. Where it is not, RunAll leaves them as
	// they are and returns no error: the scalar shows it. nil moves them always.
	Guard *G.Node

	// Given are computed nodes whose values somebody else has computed already: each run takes them from [Machine.Let], and what
	// is needed for nothing else does not run.
	Given []*G.Node

	// Eval runs ops with a training mode (dropout, noise) in their other mode, as gorgonia.EvalMode does.
	Eval bool

	// WatchNaN and WatchInf make a run end with ErrNotFinite at the first value with a NaN or an infinity, inputs included. Every
	// value is then computed, and looked at, by itself.
	WatchNaN, WatchInf bool
}

// check refuses a configuration that cannot take effect.
func (c Config) check(g *G.ExprGraph) error {
	if g == nil {
		return fmt.Errorf("machine: the graph is nil: %w", ErrConfig)
	}
	own := make(map[*G.Node]bool)
	for _, n := range g.AllNodes() {
		own[n] = true
	}
	for _, list := range []struct {
		name       string
		nodes      []*G.Node
		parameters bool
	}{
		{"Outputs", c.Outputs, false}, {"Wrt", c.Wrt, true}, {"Descend", c.Descend, true}, {"Given", c.Given, false},
	} {
		for i, n := range list.nodes {
			switch {
			case n == nil:
				return fmt.Errorf("machine: %s[%d] is nil, want a node: %w", list.name, i, ErrConfig)
			case !own[n]:
				return fmt.Errorf("machine: %s[%d]: %s is of another graph: %w", list.name, i, describe(n), ErrConfig)
			case list.parameters && slices.Contains(list.nodes[:i], n):
				return fmt.Errorf("machine: %s names %s twice: %w", list.name, describe(n), ErrConfig)
			case !list.parameters:
			case n.Op() != nil:
				return fmt.Errorf("machine: %s[%d]: %s is computed, want an input: %w", list.name, i, describe(n), ErrConfig)
			case n.Deriv() == nil || !own[n.Deriv()]:
				return fmt.Errorf("machine: %s[%d]: %s has no gradient: want gorgonia.Grad called with it: %w", list.name, i, describe(n), ErrConfig)
			}
		}
	}
	for _, n := range c.Descend {
		switch {
		case slices.Contains(c.Wrt, n):
			return fmt.Errorf("machine: %s is in Wrt and in Descend: %w", describe(n), ErrConfig)
		case n.Dims() == 0:
			return fmt.Errorf("machine: Descend: %s is a scalar, want a tensor: %w", describe(n), ErrConfig)
		}
	}
	for _, n := range c.Given {
		if n.Op() == nil || isConstant(n) {
			return fmt.Errorf("machine: Given: %s is not computed, want a node with an op: %w", describe(n), ErrConfig)
		}
	}
	switch {
	case c.Guard == nil:
	case len(c.Descend) == 0:
		return fmt.Errorf("machine: Guard without Descend has nothing to guard: %w", ErrConfig)
	case !own[c.Guard] || !c.Guard.IsScalar():
		return fmt.Errorf("machine: Guard: %s, want a scalar of the graph: %w", describe(c.Guard), ErrConfig)
	}
	if c.Outputs != nil && len(c.Outputs)+len(c.Wrt)+len(c.Descend) == 0 {
		return fmt.Errorf("machine: Outputs is empty, want nodes, or nil for the whole graph: %w", ErrConfig)
	}
	return nil
}
