package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// PowerError builds Σ_j ((c_ij + 1)/2 − y_ij)^2m of each row: outputs in [−1, 1] and targets in [0, 1], (B, n) each, give (B). The
// targets get no gradient.
func PowerError(outputs, targets *G.Node, m int) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("PowerError(%d)", m),
		ranks: []int{2, 2}, rank: 1, wrt: []bool{true, false},
		shape: sameShape,
		f32:   powerError[float32](m), f64: powerError[float64](m), grain: costly,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  fmt.Sprintf("PowerErrorGrad(%d)", m),
				ranks: []int{2, 2, 1}, rank: 2, wrt: none(3),
				shape: shapedAs(0),
				f32:   powerErrorGrad[float32](m), f64: powerErrorGrad[float64](m), grain: costly, inPlace: []int{0, 1},
			}
			dx, err := d.apply(in[0], in[1], g)
			return G.Nodes{dx, nil}, err
		},
	}
	return o.apply(outputs, targets)
}

func powerError[T kernel.Float](m int) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			c, sum := in[0].row(i), 0.0
			for j, y := range in[1].row(i) {
				sum += natural((float64(c[j])+1)/2-float64(y), 2*m)
			}
			dst.data[i] = T(sum)
		}
	}
}

func powerErrorGrad[T kernel.Float](m int) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			c, y, g, d := in[0].row(i), in[1].row(i), float64(m)*float64(in[2].data[i]), dst.row(i)
			for j := range d {
				d[j] = T(g * natural((float64(c[j])+1)/2-float64(y[j]), 2*m-1))
			}
		}
	}
}

// natural is xⁿ by squaring.
func natural(x float64, n int) float64 {
	power := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			power *= x
		}
		x *= x
	}
	return power
}
