package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// activation is an elementwise function with the kernel of its gradient, dst = g·f'(x).
type activation struct {
	name  string
	f32   func(dst, x []float32)
	f64   func(dst, x []float64)
	grad3 func(dst, x, g []float32)
	grad6 func(dst, x, g []float64)
}

var (
	sigmoid  = activation{"Sigmoid", kernel.Sigmoid[float32], kernel.Sigmoid[float64], kernel.SigmoidGrad[float32], kernel.SigmoidGrad[float64]}
	softplus = activation{"Softplus", kernel.Softplus[float32], kernel.Softplus[float64], kernel.SoftplusGrad[float32], kernel.SoftplusGrad[float64]}
	tanh     = activation{"Tanh", kernel.Tanh[float32], kernel.Tanh[float64], kernel.TanhGrad[float32], kernel.TanhGrad[float64]}
	relu     = activation{"ReLU", kernel.ReLU[float32], kernel.ReLU[float64], kernel.ReLUGrad[float32], kernel.ReLUGrad[float64]}
)

// Sigmoid builds 1/(1 + exp(−x)), elementwise, for any rank above 0.
func Sigmoid(x *G.Node) (*G.Node, error) { return sigmoid.apply(x) }

// Softplus builds log(1 + exp x), elementwise.
func Softplus(x *G.Node) (*G.Node, error) { return softplus.apply(x) }

// Tanh builds tanh x, elementwise.
func Tanh(x *G.Node) (*G.Node, error) { return tanh.apply(x) }

// ReLU builds max(x, 0), elementwise; its gradient at 0 is 0.
func ReLU(x *G.Node) (*G.Node, error) { return relu.apply(x) }

// Exp builds exp x, elementwise, for any rank above 0.
func Exp(x *G.Node) (*G.Node, error) {
	rank := rankOf(x)
	o := &fused{
		name:  "Exp",
		ranks: []int{rank}, rank: rank, wrt: []bool{true},
		shape: sameShape,
		f32:   unary(kernel.Exp[float32]), f64: unary(kernel.Exp[float64]),
		inPlace: []int{0},
		diff: func(_ G.Nodes, out, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  "ExpGrad",
				ranks: []int{rank, rank}, rank: rank, wrt: none(2),
				shape: sameShape,
				f32:   binary(kernel.Multiply[float32]), f64: binary(kernel.Multiply[float64]),
				inPlace: []int{0, 1},
			}
			dx, err := d.apply(out, g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

// AddConstant builds x + c, elementwise, for any rank.
func AddConstant(x *G.Node, c float64) (*G.Node, error) {
	rank := rankOf(x)
	o := &fused{
		name:  fmt.Sprintf("AddConstant(%x)", math.Float64bits(c)),
		ranks: []int{rank}, rank: rank, wrt: []bool{true},
		shape: sameShape,
		f32:   unary(addConstant[float32](c)), f64: unary(addConstant[float64](c)),
		inPlace: []int{0},
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := Combine([]float64{1}, g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func addConstant[T kernel.Float](c float64) func(dst, x []T) {
	return func(dst, x []T) { kernel.ShiftScale(dst, x, -T(c), 1) }
}

func (a activation) apply(x *G.Node) (*G.Node, error) {
	rank := rankOf(x)
	o := &fused{
		name:  a.name,
		ranks: []int{rank}, rank: rank, wrt: []bool{true},
		shape: sameShape,
		f32:   unary(a.f32), f64: unary(a.f64),
		inPlace: []int{0},
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  a.name + "Grad",
				ranks: []int{rank, rank}, rank: rank, wrt: none(2),
				shape: sameShape,
				f32:   binary(a.grad3), f64: binary(a.grad6),
				inPlace: []int{0, 1},
			}
			dx, err := d.apply(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func unary[T kernel.Float](f func(dst, x []T)) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], _, _ int) { f(dst.data, in[0].data) }
}

func binary[T kernel.Float](f func(dst, x, g []T)) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], _, _ int) { f(dst.data, in[0].data, in[1].data) }
}

// rankOf is the rank of a node that may be nil: apply refuses nil with the op's name.
func rankOf(x *G.Node) int {
	if x == nil {
		return 0
	}
	return x.Dims()
}

// StopGradient builds a copy of x through which no gradient flows.
func StopGradient(x *G.Node) (*G.Node, error) {
	rank := rankOf(x)
	o := &fused{
		name:  "StopGradient",
		ranks: []int{rank}, rank: rank, wrt: none(1),
		shape:   sameShape,
		f32:     unary(func(dst, x []float32) { copy(dst, x) }),
		f64:     unary(func(dst, x []float64) { copy(dst, x) }),
		inPlace: []int{0},
	}
	return o.apply(x)
}
