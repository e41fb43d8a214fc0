package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// SquaredDistance builds Σ (x − center)² over all numbers of a node of any rank above 0: a scalar.
func SquaredDistance(x *G.Node, center float64) (*G.Node, error) {
	return penalty(fmt.Sprintf("SquaredDistance(%x)", math.Float64bits(center)), x,
		func(x float64) float64 { return (x - center) * (x - center) },
		func(x float64) float64 { return 2 * (x - center) })
}

// AbsoluteSum builds Σ |x|: a scalar. Its gradient at 0 is 0.
func AbsoluteSum(x *G.Node) (*G.Node, error) {
	return penalty("AbsoluteSum", x, math.Abs, func(x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return x // 0 and NaN
	})
}

func penalty(name string, x *G.Node, f, slope func(float64) float64) (*G.Node, error) {
	rank := rankOf(x)
	o := &fused{
		name:  fmt.Sprintf("%s/%d", name, rank),
		ranks: []int{rank}, rank: 0, wrt: []bool{true},
		shape: func([]tensor.Shape) (tensor.Shape, error) { return tensor.ScalarShape(), nil },
		f32:   penaltyKernel[float32](f), f64: penaltyKernel[float64](f),
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  fmt.Sprintf("%sGrad/%d", name, rank),
				ranks: []int{rank, 0}, rank: rank, wrt: none(2),
				shape: func(in []tensor.Shape) (tensor.Shape, error) { return in[0].Clone(), nil },
				f32:   penaltyGrad[float32](slope), f64: penaltyGrad[float64](slope),
			}
			dx, err := d.apply(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func penaltyKernel[T kernel.Float](f func(float64) float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		sum := 0.0
		for _, x := range in[0].data {
			sum += f(float64(x))
		}
		dst.data[0] = T(sum)
	}
}

func penaltyGrad[T kernel.Float](slope func(float64) float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		g := float64(in[1].data[0])
		for i, x := range in[0].data {
			dst.data[i] = T(g * slope(float64(x)))
		}
	}
}
