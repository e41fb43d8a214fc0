package op

import (
	"crypto/sha256"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Couplings builds ½(W + Wᵀ) with zeros on the diagonal, (n, n): the couplings of units among themselves that W stands for. blocked
// marks further pairs that are not coupled, symmetrically, n² of them row by row; nil for none. It is a projection, so a W that is of
// this form stays as it is, bit for bit, and its own adjoint, so the gradient is of this form too: a solver that treats all numbers
// alike keeps W so. Gradient flows to W. Cost: n².
func Couplings(w *G.Node, blocked []bool) (*G.Node, error) {
	name := "Couplings"
	if blocked != nil {
		name = fmt.Sprintf("Couplings(%x)", sha256.Sum256(marks(blocked)))
	}
	o := &fused{
		name:  name,
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][0] != in[0][1] {
				return fmt.Errorf("W has shape %v, want a square matrix: %w", in[0], ErrShape)
			}
			if blocked != nil && len(blocked) != in[0].TotalSize() {
				return fmt.Errorf("W has shape %v, and %d pairs are marked: %w", in[0], len(blocked), ErrShape)
			}
			copy(out, in[0])
			return nil
		},
		f32: couplings[float32](blocked), f64: couplings[float64](blocked), grain: cheap,
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dw, err := Couplings(g, blocked)
			return G.Nodes{dw}, err
		},
	}
	return o.apply(w)
}

func marks(blocked []bool) []byte {
	bytes := make([]byte, len(blocked))
	for i, b := range blocked {
		if b {
			bytes[i] = 1
		}
	}
	return bytes
}

// couplings goes through bands of rows, whose counterparts in the transpose are then neighbours in memory.
func couplings[T kernel.Float](blocked []bool) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
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
			if blocked == nil {
				continue
			}
			for at := lo * n; at < end*n; at++ {
				if blocked[at] {
					dst.data[at] = 0
				}
			}
		}
	}
}
