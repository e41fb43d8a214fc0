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
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return tensor.Shape{in[0][0], in[0][1] + n}, nil },
		f32:   copyColumns[float32], f64: copyColumns[float64],
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
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return tensor.Shape{in[0][0], in[0][1] - n}, nil },
		f32:   copyColumns[float32], f64: copyColumns[float64],
	}
	return o.apply(x)
}

// copyColumns copies the columns that both matrices have.
func copyColumns[T kernel.Float](dst operand[T], in []operand[T]) {
	for i := range dst.rows() {
		copy(dst.row(i), in[0].row(i))
	}
}
