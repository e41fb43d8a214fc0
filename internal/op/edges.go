package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/bonds"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// EdgeFields builds what the units of a sparse graph feel of their neighbours, f_i = Σ_{j near i} w_ij x_j: x (B, n) and one weight an
// edge, (edges), give (B, n). It is xW for the symmetric W that the weights stand for. Gradient flows to x and w. Cost: two multiply-adds an
// edge and a row.
func EdgeFields(g *bonds.Graph, x, w *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "EdgeFields(" + g.Name() + ")",
		ranks: []int{2, 1}, rank: 2, wrt: []bool{true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][1] != g.N || in[1][0] != len(g.Edges) {
				return fmt.Errorf("x %v and weights %v do not fit a graph of %d units and %d edges: %w", in[0], in[1], g.N, len(g.Edges), ErrShape)
			}
			copy(out, in[0])
			return nil
		},
		f32: edgeFields[float32](g), f64: edgeFields[float64](g), grain: cheap,
		diff: func(in G.Nodes, _, d *G.Node) (G.Nodes, error) {
			dx, err := EdgeFields(g, d, in[1])
			if err != nil {
				return nil, err
			}
			dw, err := edgeProducts(g, in[0], d, in[1])
			return G.Nodes{dx, dw}, err
		},
	}
	return o.apply(x, w)
}

func edgeFields[T kernel.Float](g *bonds.Graph) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for b := lo; b < hi; b++ {
			clear(dst.row(b))
			bonds.AddFields(g, dst.row(b), in[0].row(b), in[1].data)
		}
	}
}

// edgeProducts builds the gradient of the weights, Σ_b x_bi d_bj + x_bj d_bi for edge (i, j): (B, n), (B, n) and the weights' shape give
// (edges).
func edgeProducts(g *bonds.Graph, x, d, w *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "edgeProducts(" + g.Name() + ")",
		ranks: []int{2, 2, 1}, rank: 1, wrt: none(3),
		shape: shapedAs(2),
		f32:   edgeSums[float32](g), f64: edgeSums[float64](g), grain: cheap,
	}
	return o.apply(x, d, w)
}

func edgeSums[T kernel.Float](g *bonds.Graph) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) { // edges lo to hi
		sums := dst.data[lo:hi]
		clear(sums)
		for b := range in[0].rows() {
			x, d := in[0].row(b), in[1].row(b)
			for k, e := range g.Edges[lo:hi] {
				sums[k] += x[e[0]]*d[e[1]] + x[e[1]]*d[e[0]]
			}
		}
	}
}
