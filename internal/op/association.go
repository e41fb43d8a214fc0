package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Associate builds softmax(β Q Kᵀ) V over the rows of β Q Kᵀ, what each query of Q retrieves from the values V stored under
// the keys K: q is (L, D), k (S, D), v (S, E) and beta (1); the result is (L, E). Gradient flows to all of them. Where k and v
// are one node, its two gradients are computed as one.
//
// The (L, S) matrix of scores is never held: see association. A row of the result has the bits that its query would have
// alone. Cost: L·S·(D + E) multiply-adds forward, and L·S·(3D + 2E) more backward where k and v are one node, else
// L·S·(4D + 2E).
//
// Source: H. Ramsauer et al., "Hopfield Networks is All You Need", ICLR 2021, equation 3 and section 3.
func Associate(q, k, v, beta *G.Node) (*G.Node, error) {
	if k == v {
		return associate("AssociateSelf", G.Nodes{q, k, beta}, 2)
	}
	return associate("Associate", G.Nodes{q, k, v, beta}, 2)
}

// AssociationLogSumExp builds log Σ_j exp(β q_i·k_j), from which the energy of a continuous Hopfield network is made: q is
// (L, D), k (S, D) and beta (1); the result is (L). Gradient flows to all of them. Cost: L·S·D multiply-adds forward, and
// 3·L·S·D more backward.
func AssociationLogSumExp(q, k, beta *G.Node) (*G.Node, error) {
	return associate("AssociationLogSumExp", G.Nodes{q, k, beta}, 1)
}

// associate builds one of the two, by the rank of its result.
func associate(name string, args G.Nodes, rank int) (*G.Node, error) {
	self := name == "AssociateSelf"
	f32, f64 := newAssociation[float32](self), newAssociation[float64](self)
	o := &fused{
		name:  name,
		ranks: []int{2, 2, 2, 1}, rank: rank, wrt: []bool{true, true, true, true},
		shape: associationShape,
		f32:   f32.forward, f64: f64.forward,
		diff: func(in G.Nodes, out, g *G.Node) (G.Nodes, error) { return associationGrads(name, in, out, g, f32, f64) },
	}
	if len(args) == 3 {
		o.ranks, o.wrt = []int{2, 2, 1}, []bool{true, true, true}
	}
	return o.apply(args...)
}

func associationShape(out tensor.Shape, in []tensor.Shape) error {
	q, k, v, beta := in[0], in[1], in[len(in)-2], in[len(in)-1] // v is k where there are three
	if q[1] != k[1] || k[0] != v[0] || beta[0] != 1 || q[0] == 0 || k[0] == 0 {
		return fmt.Errorf("queries %v, keys %v, values %v and beta %v do not fit, or there are none: %w", q, k, v, beta, ErrShape)
	}
	if len(out) == 1 {
		return setShape(out, q[0])
	}
	return setShape(out, q[0], v[1])
}

// associationGrads builds the gradients. One op computes that of the keys and, on the way, those of the queries and of beta,
// which two others then take; that of the values is computed by itself.
func associationGrads(name string, in G.Nodes, out, g *G.Node, f32 *association[float32], f64 *association[float64]) (G.Nodes, error) {
	q, beta := in[0], in[len(in)-1]
	args := append(in[:len(in):len(in)], out, g)
	ranks := make([]int, len(args))
	for i, a := range args {
		ranks[i] = a.Dims()
	}
	dk, err := (&fused{
		name: name + "GradK", ranks: ranks, rank: 2, wrt: none(len(args)), shape: shapedAs(1), f32: f32.gradients, f64: f64.gradients,
	}).apply(args...)
	if err != nil {
		return nil, err
	}
	dq, err := (&fused{
		name: name + "GradQ", ranks: []int{2, 2}, rank: 2, wrt: none(2), shape: shapedAs(0), f32: f32.queryGrad, f64: f64.queryGrad,
	}).apply(q, dk)
	if err != nil {
		return nil, err
	}
	dbeta, err := (&fused{
		name: name + "GradBeta", ranks: []int{1, 2}, rank: 1, wrt: none(2), shape: shapedAs(0), f32: f32.betaGrad, f64: f64.betaGrad,
	}).apply(beta, dk)
	if err != nil || len(in) == 3 {
		return G.Nodes{dq, dk, dbeta}, err
	}
	dv, err := accumulator(fused{
		name: name + "GradV", ranks: ranks, rank: 2, wrt: none(len(args)), shape: shapedAs(2),
	}, f32.valueGrads, f64.valueGrads).apply(args...)
	return G.Nodes{dq, dk, dv, dbeta}, err
}
