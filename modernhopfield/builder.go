package modernhopfield

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/layers"
)

// builder builds nodes of one graph; the first error stays in it, and what is built afterwards is nil.
type builder struct {
	g   *G.ExprGraph
	err error

	fixedAlpha bool // no gradient flows to a learned α
}

// do takes what a builder of an op returns.
func (b *builder) do(n *G.Node, err error) *G.Node {
	if b.err == nil {
		b.err = err
	}
	if b.err != nil {
		return nil
	}
	return n
}

// param is the node of a parameter; a layer that has it not, nil, has nil.
func (b *builder) param(p *layers.Param) *G.Node {
	if b.err != nil || p == nil {
		return nil
	}
	return b.do(p.Node(b.g))
}
