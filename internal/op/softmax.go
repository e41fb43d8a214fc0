package op

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// LogSumExp builds log Σ_j exp x_ij: (B, n) gives (B).
func LogSumExp(x *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "LogSumExp",
		ranks: []int{2}, rank: 1, wrt: []bool{true},
		shape: shapedAs(0),
		f32:   logSumExp[float32], f64: logSumExp[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			p, err := Softmax(in[0])
			if err != nil {
				return nil, err
			}
			dx, err := scaleRows(p, g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func logSumExp[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	kernel.RowLogSumExp(dst.data, in[0].data, in[0].rows(), in[0].cols())
}

// Softmax builds exp x_ij / Σ_k exp x_ik over each row: (B, n) gives (B, n).
func Softmax(x *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Softmax",
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: sameShape,
		f32:   softmax[float32], f64: softmax[float64], inPlace: []int{0},
		diff: func(_ G.Nodes, out, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name: "SoftmaxGrad", ranks: []int{2, 2}, rank: 2, wrt: none(2), shape: sameShape,
				f32: softmaxGrad[float32], f64: softmaxGrad[float64], grain: cheap, inPlace: []int{0, 1},
			}
			dx, err := d.apply(out, g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func softmax[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	kernel.RowSoftmax(dst.data, in[0].data, in[0].rows(), in[0].cols())
}

func softmaxGrad[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		p, g := in[0].row(i), in[1].row(i)
		kernel.SoftmaxGrad(dst.row(i), p, g, T(kernel.Dot(p, g)), 1)
	}
}

// CrossEntropy builds −Σ_j y_ij log softmax(x_i)_j of each row: logits and targets (B, n) give (B), nats. The targets are
// rows of probabilities (one-hot for a class) and get no gradient.
func CrossEntropy(logits, targets *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "CrossEntropy",
		ranks: []int{2, 2}, rank: 1, wrt: []bool{true, false},
		shape: sameShape,
		f32:   crossEntropy[float32], f64: crossEntropy[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name: "CrossEntropyGrad", ranks: []int{2, 2, 1}, rank: 2, wrt: none(3),
				shape: shapedAs(0),
				f32:   crossEntropyGrad[float32], f64: crossEntropyGrad[float64], inPlace: []int{0},
			}
			dx, err := d.apply(in[0], in[1], g)
			return G.Nodes{dx, nil}, err
		},
	}
	return o.apply(logits, targets)
}

// A row costs Σ_j y_j (lse − x_j). A target of 0 takes no part, so a logit of −Inf there is no NaN.
func crossEntropy[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	kernel.RowLogSumExp(dst.data, in[0].data, in[0].rows(), in[0].cols())
	for i := range dst.data {
		x, lse, sum := in[0].row(i), float64(dst.data[i]), 0.0
		for j, y := range in[1].row(i) {
			if y != 0 {
				sum += float64(y) * (lse - float64(x[j]))
			}
		}
		if math.IsNaN(lse) {
			sum = lse
		}
		dst.data[i] = T(sum)
	}
}

func crossEntropyGrad[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	kernel.RowSoftmax(dst.data, in[0].data, in[0].rows(), in[0].cols())
	for i, g := range in[2].data {
		d, y := dst.row(i), in[1].row(i)
		kernel.Combine(d, d, y, g*kernel.Sum(y), -g, 0)
	}
}
