package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
)

// rowwise builds f, which gives a row for each row, on a (B, n) batch, or on the instances of a (B, T, n) batch as rows.
func rowwise(x *G.Node, f func(x *G.Node) (*G.Node, error)) (*G.Node, error) {
	if x.Dims() != 3 {
		return f(x)
	}
	rows, err := op.Flatten(x)
	if err != nil {
		return nil, err
	}
	y, err := f(rows)
	if err != nil {
		return nil, err
	}
	return op.Fold(y, x)
}

// onRows builds a layer with parameters on each row or instance of x, of so many columns; what names the layer and the call in
// errors.
func onRows(what string, x *G.Node, columns int, params []*Param, build func(x *G.Node, params []*G.Node) (*G.Node, error)) (*G.Node, error) {
	fail := func(err error) (*G.Node, error) { return nil, fmt.Errorf("%s: %w", what, err) }
	g, err := graphOf(x)
	if err != nil {
		return fail(err)
	}
	if d := x.Dims(); d != 2 && d != 3 || x.Shape()[d-1] != columns {
		return fail(fmt.Errorf("input has shape %v, want (batch, %d) or (batch, instances, %d): %w", x.Shape(), columns, columns, energy.ErrShape))
	}
	nodes := make([]*G.Node, len(params))
	for i, p := range params {
		if nodes[i], err = p.Node(g); err != nil {
			return nil, err
		}
	}
	y, err := rowwise(x, func(x *G.Node) (*G.Node, error) { return build(x, nodes) })
	if err != nil {
		return fail(err)
	}
	return y, nil
}
