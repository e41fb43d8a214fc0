package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/op"
)

// Quadratic is the energy of units coupled among themselves:
//
//	E(x) = U(x) − bᵀx − ½ xᵀWx
//
// With Spin units it is a Hopfield net or an Ising model, with Bernoulli units a fully visible Boltzmann machine; with
// Gaussian units it is a distribution only while diag(1/σ²) − W is positive definite. W is meant to be symmetric with a
// zero diagonal; its owner keeps it so.
//
// Sources: J. J. Hopfield, PNAS 79 (1982), eq. 7; D. Ackley, G. Hinton, T. Sejnowski, Cognitive Science 9 (1985).
type Quadratic struct {
	Units       Units
	W           *G.Node // (n, n), or with Bonds (edges)
	B           *G.Node // (n)
	LogVariance *G.Node // a vector, or nil for variance 1

	// Bonds is the graph of a sparse W, of which only a weight an edge is given; nil for a dense one.
	Bonds *bonds.Graph
}

// Energy builds E(x): (B, n) gives (B), nats. Gradient flows to x, W and b; that of W is −½ Σ x xᵀ, so a symmetric W stays
// symmetric. Cost: one (B×n)·(n×n) product, or two multiply-adds an edge.
func (e Quadratic) Energy(x *G.Node) (*G.Node, error) {
	n, err := e.energy(x)
	return e.named("Energy", n, err)
}

func (e Quadratic) energy(x *G.Node) (*G.Node, error) {
	s := side{"x", e.Units, e.B, e.LogVariance, nil}
	if err := s.fits(x); err != nil {
		return nil, err
	}
	coupled, err := e.coupled(x)
	if err != nil {
		return nil, err
	}
	var sum terms
	sum.own(s, x)
	sum.bias(s, x)
	sum.Add(-0.5)(op.RowDot(coupled, x))
	return sum.Build()
}

// Input builds the fields that the units feel, xW + b: (B, n) gives (B, n). For a symmetric W with zero diagonal, unit i
// given the others is distributed by its family at input i.
func (e Quadratic) Input(x *G.Node) (*G.Node, error) {
	if err := (side{"x", e.Units, e.B, e.LogVariance, nil}).fits(x); err != nil {
		return e.named("Input", nil, err)
	}
	n, err := e.input(x)
	return e.named("Input", n, err)
}

// coupled builds xW.
func (e Quadratic) coupled(x *G.Node) (*G.Node, error) {
	if e.Bonds != nil {
		return op.EdgeFields(e.Bonds, x, e.W)
	}
	return op.Gemm(x, e.W, false, false)
}

// input builds xW + b.
func (e Quadratic) input(x *G.Node) (*G.Node, error) {
	if e.Bonds == nil {
		return op.Affine(x, e.W, e.B, false)
	}
	coupled, err := op.EdgeFields(e.Bonds, x, e.W)
	if err != nil {
		return nil, err
	}
	away, err := op.Combine([]float64{-1}, e.B)
	if err != nil {
		return nil, err
	}
	return op.ShiftRows(coupled, away)
}

func (e Quadratic) named(what string, n *G.Node, err error) (*G.Node, error) {
	if err != nil {
		return nil, fmt.Errorf("energy: Quadratic: %s: %w", what, err)
	}
	return n, nil
}
