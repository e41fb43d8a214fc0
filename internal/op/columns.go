package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Pad builds x with n columns of zeros behind its own: (B, m) gives (B, m + n).
func Pad(x *G.Node, n int) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("Pad(%d)", n),
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0], in[0][1]+n) },
		f32:   copyColumns[float32], f64: copyColumns[float64], grain: cheap,
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := truncate(g, n)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

// truncate builds x without its last n columns.
func truncate(x *G.Node, n int) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("truncate(%d)", n),
		ranks: []int{2}, rank: 2, wrt: none(1),
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0], in[0][1]-n) },
		f32:   copyColumns[float32], f64: copyColumns[float64], grain: cheap,
	}
	return o.apply(x)
}

// copyColumns copies the columns that both matrices have and clears the others.
func copyColumns[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		to := dst.row(i)
		clear(to[copy(to, in[0].row(i)):])
	}
}
