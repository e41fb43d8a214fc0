package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// SquaredDistance builds Σ (x − center)² over all numbers of a node of any rank above 0: a scalar.
func SquaredDistance(x *G.Node, center float64) (*G.Node, error) {
	return penalty(fmt.Sprintf("SquaredDistance(%x)", math.Float64bits(center)), x, squares[float32](center), squares[float64](center))
}

func squares[T kernel.Float](center float64) penaltyTerm[T] {
	return penaltyTerm[T]{
		func(x []T) float64 { return kernel.SumSquares(x, T(center)) },
		func(dst, x []T, g T) { kernel.ShiftScale(dst, x, T(center), 2*g) },
	}
}

// AbsoluteSum builds Σ |x|: a scalar. Its gradient at 0 is 0.
func AbsoluteSum(x *G.Node) (*G.Node, error) {
	return penalty("AbsoluteSum", x, magnitudes[float32](), magnitudes[float64]())
}

func magnitudes[T kernel.Float]() penaltyTerm[T] {
	return penaltyTerm[T]{
		func(x []T) (sum float64) {
			for _, v := range x {
				sum += math.Abs(float64(v))
			}
			return sum
		},
		func(dst, x []T, g T) {
			for i, v := range x {
				switch {
				case v > 0:
					dst[i] = g
				case v < 0:
					dst[i] = -g
				default: // 0 and NaN
					dst[i] = v * g
				}
			}
		},
	}
}

// penaltyTerm is a sum over numbers and its gradient, g times the slope at each.
type penaltyTerm[T kernel.Float] struct {
	sum  func(x []T) float64
	grad func(dst, x []T, g T)
}

func penalty(name string, x *G.Node, f32 penaltyTerm[float32], f64 penaltyTerm[float64]) (*G.Node, error) {
	rank := rankOf(x)
	o := &fused{
		name:  fmt.Sprintf("%s/%d", name, rank),
		ranks: []int{rank}, rank: 0, wrt: []bool{true},
		shape: shapedAs(0),
		f32:   f32.forward, f64: f64.forward,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  fmt.Sprintf("%sGrad/%d", name, rank),
				ranks: []int{rank, 0}, rank: rank, wrt: none(2),
				shape: shapedAs(0),
				f32:   f32.gradient, f64: f64.gradient, grain: cheap, inPlace: []int{0},
			}
			dx, err := d.apply(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func (p penaltyTerm[T]) forward(dst operand[T], in []operand[T], _, _ int) {
	dst.data[0] = T(p.sum(in[0].data))
}

func (p penaltyTerm[T]) gradient(dst operand[T], in []operand[T], lo, hi int) {
	p.grad(dst.span(lo, hi), in[0].span(lo, hi), in[1].data[0])
}
