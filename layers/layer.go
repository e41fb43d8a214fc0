package layers

import (
	"fmt"
	"regexp"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
)

// Layer is a differentiable function with parameters.
type Layer interface {
	// Name is unique among the layers of a graph.
	Name() string
	// Forward builds the layer on x in x's graph: a (B, n) batch or, where the layer says that it takes sets of instances, a
	// (B, T, n) batch of T instances each.
	Forward(x *G.Node) (*G.Node, error)
	// Params lists what the layer owns, in a fixed order.
	Params() []*Param
}

// Stochastic is a layer that draws random numbers when a machine runs it.
type Stochastic interface {
	// SetStep moves to the draws of a step. Call it before each run, with a new step, never during one.
	SetStep(step uint64)
}

// Learnables returns the nodes of the layers' learned parameters that are bound in g, in the layers' order, each once.
func Learnables(g *G.ExprGraph, layers ...Layer) G.Nodes {
	var nodes G.Nodes
	for _, l := range layers {
		for _, p := range l.Params() {
			if n := p.bound(g); n != nil && p.learned && !slices.Contains(nodes, n) {
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// Wrt returns those learnables of cost's graph that a gradient of cost reaches: what to give to gorgonia.Grad, to
// gorgonia.BindDualValues and to a solver. Grad itself fails on a node that the cost does not reach. A nil cost reaches nothing.
func Wrt(cost *G.Node, layers ...Layer) G.Nodes {
	if cost == nil {
		return nil
	}
	reached := map[*G.Node]bool{}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if reached[n] {
			return
		}
		reached[n] = true
		op, ok := n.Op().(G.SDOp)
		if !ok {
			return
		}
		children := cost.Graph().From(n.ID())
		flows := op.DiffWRT(children.Len())
		for i := 0; children.Next(); i++ {
			if flows[i] {
				visit(children.Node().(*G.Node))
			}
		}
	}
	visit(cost)
	var wrt G.Nodes
	for _, n := range Learnables(cost.Graph(), layers...) {
		if reached[n] {
			wrt = append(wrt, n)
		}
	}
	return wrt
}

// graphOf returns the graph of the nodes, or an error if one of them is nil or in another graph.
func graphOf(nodes ...*G.Node) (*G.ExprGraph, error) {
	for i, n := range nodes {
		if n == nil {
			return nil, fmt.Errorf("argument %d is nil, want a node: %w", i, energy.ErrShape)
		}
		if n.Graph() != nodes[0].Graph() {
			return nil, fmt.Errorf("argument %d is in another graph than argument 0, want one graph: %w", i, energy.ErrConfig)
		}
	}
	return nodes[0].Graph(), nil
}

// build builds a node of others, which must be nodes of one graph. Errors begin with what.
func build(what string, f func() (*G.Node, error), nodes ...*G.Node) (*G.Node, error) {
	_, err := graphOf(nodes...)
	if err == nil {
		var n *G.Node
		if n, err = f(); err == nil {
			return n, nil
		}
	}
	return nil, fmt.Errorf("layers: %s: %w", what, err)
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// checkName refuses names that would not be told from another layer's parameters in a graph or a file.
func checkName(kind, name string) error {
	if !namePattern.MatchString(name) || len(name) > 200 {
		return fmt.Errorf("%s: name %q, want letters, digits, '_' and '-', in parts joined by '.': %w", kind, name, energy.ErrConfig)
	}
	return nil
}
