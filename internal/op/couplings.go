package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Couplings builds ½(W + Wᵀ) with zeros on the diagonal, (n, n): the couplings of units among themselves that W stands for. It is a
// projection, so a W that is of this form stays as it is, bit for bit, and its own adjoint, so the gradient is of this form too: a
// solver that treats all numbers alike keeps W symmetric with a zero diagonal. Gradient flows to W. Cost: n².
func Couplings(w *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Couplings",
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][0] != in[0][1] {
				return fmt.Errorf("W has shape %v, want a square matrix: %w", in[0], ErrShape)
			}
			copy(out, in[0])
			return nil
		},
		f32: couplings[float32], f64: couplings[float64], grain: cheap,
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dw, err := Couplings(g)
			return G.Nodes{dw}, err
		},
	}
	return o.apply(w)
}

// couplings goes through bands of rows, whose counterparts in the transpose are then neighbours in memory.
func couplings[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	const band = 16
	n, w := in[0].cols(), in[0].data
	for ; lo < hi; lo += band {
		end := min(lo+band, hi)
		for j := range n {
			for i := lo; i < end; i++ {
				dst.data[i*n+j] = (w[i*n+j] + w[j*n+i]) / 2
			}
		}
		for i := lo; i < end; i++ {
			dst.data[i*n+i] = 0
		}
	}
}
