package machine

import (
	"reflect"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ancestry is the part of a graph that has to run for some nodes.
type ancestry struct {
	order []*G.Node             // arguments stand before what is made of them; the order depends on nothing but the graph
	args  map[*G.Node][]*G.Node // of each
	uses  map[*G.Node]int       // how often each is an argument
}

// ancestors looks no further than at the nodes that are given.
func ancestors(nodes, given []*G.Node) *ancestry {
	a := &ancestry{args: make(map[*G.Node][]*G.Node), uses: make(map[*G.Node]int)}
	for _, n := range given {
		a.args[n] = []*G.Node{}
		a.order = append(a.order, n)
	}
	for _, n := range nodes {
		a.visit(n)
	}
	return a
}

func (a *ancestry) visit(n *G.Node) {
	if _, seen := a.args[n]; seen {
		return
	}
	args := arguments(n)
	a.args[n] = args
	for _, arg := range args {
		a.visit(arg)
		a.uses[arg]++
	}
	a.order = append(a.order, n)
}

func arguments(n *G.Node) []*G.Node {
	args := []*G.Node{}
	for it := n.Graph().From(n.ID()); it.Next(); {
		args = append(args, it.Node().(*G.Node))
	}
	return args
}

// ends returns what a machine keeps that was asked for nothing in particular: every node that no op uses or that a Read
// reads, every gradient of an input, and every scalar. With their ancestors they are the whole graph.
func ends(g *G.ExprGraph) (nodes []*G.Node) {
	used := make(map[*G.Node]bool)
	for _, n := range g.AllNodes() {
		if _, isRead := readTarget(n.Op()); isRead || builtin(n.Op(), "letOp") {
			continue
		}
		for _, arg := range arguments(n) {
			used[arg] = true
		}
	}
	for _, n := range g.AllNodes() {
		switch {
		case builtin(n.Op(), "letOp"): // the tape machine does nothing for it
		case !used[n], n.Op() != nil && n.IsScalar():
			nodes = append(nodes, n)
		default:
			for _, of := range n.DerivOf() {
				if of.Op() == nil {
					nodes = append(nodes, n)
					break
				}
			}
		}
	}
	return nodes
}

// builtin reports whether an op is Gorgonia's of that type.
func builtin(op G.Op, name string) bool {
	return gorgonias(op) && typeOf(op).Name() == name
}

// gorgonias reports whether an op is Gorgonia's own.
func gorgonias(op G.Op) bool {
	return op != nil && typeOf(op).PkgPath() == "gorgonia.org/gorgonia"
}

func typeOf(op G.Op) reflect.Type {
	t := reflect.TypeOf(op)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// isConstant reports whether a node is a constant of the graph.
func isConstant(n *G.Node) bool {
	return builtin(n.Op(), "constantScalar") || builtin(n.Op(), "constantTensor")
}

// isSum reports whether a node is the built-in sum of two tensors of floating-point numbers and of one shape.
func isSum(n *G.Node, args []*G.Node) bool {
	if !builtin(n.Op(), "elemBinOp") || n.Op().String() != "+ false" || args[0].Dims() == 0 {
		return false
	}
	dtype := n.Dtype()
	return sameShape(args[0].Shape(), args[1].Shape()) && (dtype == tensor.Float32 || dtype == tensor.Float64)
}
