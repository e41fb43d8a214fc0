package op

import (
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// ColSum builds Σ_i x_ij: (B, n) gives (n).
func ColSum(x *G.Node) (*G.Node, error) { return colSum(x, 1) }

// colSum builds scale·Σ_i x_ij.
func colSum(x *G.Node, scale float64) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("ColSum(%x)", math.Float64bits(scale)),
		ranks: []int{2}, rank: 1, wrt: []bool{true},
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return tensor.Shape{in[0][1]}, nil },
		f32:   colSumKernel[float32](scale),
		f64:   colSumKernel[float64](scale),
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := repeatRow(g, in[0], scale)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func colSumKernel[T kernel.Float](scale float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		kernel.ColSum(dst.data, in[0].data, in[0].rows(), in[0].cols())
		for j := range dst.data {
			dst.data[j] *= T(scale)
		}
	}
}

// repeatRow builds scale·g in every row of a matrix shaped like x.
func repeatRow(g, x *G.Node, scale float64) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("repeatRow(%x)", math.Float64bits(scale)),
		ranks: []int{1, 2}, rank: 2, wrt: none(2),
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return in[1].Clone(), nil },
		f32:   repeatRowKernel[float32](scale),
		f64:   repeatRowKernel[float64](scale),
	}
	return o.apply(g, x)
}

func repeatRowKernel[T kernel.Float](scale float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		for i := range dst.rows() {
			kernel.Axpy(T(scale), in[0].data, dst.row(i))
		}
	}
}

// ShiftRows builds x_ij − m_j: (B, n) and (n) give (B, n). Gradient flows to x and to m.
func ShiftRows(x, m *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "ShiftRows",
		ranks: []int{2, 1}, rank: 2, wrt: []bool{true, true},
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			if in[0][1] != in[1][0] {
				return nil, fmt.Errorf("x %v and offsets %v do not fit: %w", in[0], in[1], ErrShape)
			}
			return in[0].Clone(), nil
		},
		f32: shiftRows[float32], f64: shiftRows[float64],
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := Combine([]float64{1}, g)
			if err != nil {
				return nil, err
			}
			dm, err := colSum(g, -1)
			return G.Nodes{dx, dm}, err
		},
	}
	return o.apply(x, m)
}

func shiftRows[T kernel.Float](dst operand[T], in []operand[T]) {
	for i := range dst.rows() {
		to, from := dst.row(i), in[0].row(i)
		for j, m := range in[1].data {
			to[j] = from[j] - m
		}
	}
}

// Combine builds Σ_k coefficients[k]·terms[k] over nodes of one shape, scalars included.
func Combine(coefficients []float64, terms ...*G.Node) (*G.Node, error) {
	if len(terms) == 0 || len(terms) != len(coefficients) {
		return nil, fmt.Errorf("op: Combine: %d coefficients for %d terms", len(coefficients), len(terms))
	}
	rank := 0
	if terms[0] != nil {
		rank = terms[0].Dims()
	}
	var name strings.Builder
	name.WriteString("Combine")
	o := &fused{rank: rank, shape: sameShape}
	for _, c := range coefficients {
		fmt.Fprintf(&name, ",%x", math.Float64bits(c))
		o.ranks = append(o.ranks, rank)
		o.wrt = append(o.wrt, true)
	}
	o.name = fmt.Sprintf("%s/%d", name.String(), rank)
	o.f32, o.f64 = combineKernel[float32](coefficients), combineKernel[float64](coefficients)
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		grads := make(G.Nodes, len(in))
		for k := range in {
			var err error
			if grads[k], err = Combine(coefficients[k:k+1], g); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return o.apply(terms...)
}

func combineKernel[T kernel.Float](coefficients []float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		for k, c := range coefficients {
			kernel.Axpy(T(c), in[k].data, dst.data)
		}
	}
}

// WeightedMean builds Σ_i w_i x_i / Σ_i w_i over a batch of scalars: (B) and (B) give a scalar. w gets no gradient.
func WeightedMean(x, w *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "WeightedMean",
		ranks: []int{1, 1}, rank: 0, wrt: []bool{true, false},
		shape: func(in []tensor.Shape) (tensor.Shape, error) {
			if _, err := sameShape(in); err != nil {
				return nil, err
			}
			return tensor.ScalarShape(), nil
		},
		f32: weightedMean[float32], f64: weightedMean[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := weightedMeanGrad(in[1], g)
			return G.Nodes{dx, nil}, err
		},
	}
	return o.apply(x, w)
}

func weightedMean[T kernel.Float](dst operand[T], in []operand[T]) {
	sum, total := 0.0, 0.0
	for i, w := range in[1].data {
		if w != 0 { // a row of weight 0 is not there, whatever its value
			sum += float64(w) * float64(in[0].data[i])
			total += float64(w)
		}
	}
	dst.data[0] = T(sum / total)
}

func weightedMeanGrad(w, g *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "weightedMeanGrad",
		ranks: []int{1, 0}, rank: 1, wrt: none(2),
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return in[0].Clone(), nil },
		f32:   weightedMeanGradKernel[float32], f64: weightedMeanGradKernel[float64],
	}
	return o.apply(w, g)
}

func weightedMeanGradKernel[T kernel.Float](dst operand[T], in []operand[T]) {
	total := 0.0
	for _, w := range in[0].data {
		total += float64(w)
	}
	kernel.Axpy(T(float64(in[1].data[0])/total), in[0].data, dst.data)
}

// Mean builds the mean over a batch of scalars: (B) gives a scalar.
func Mean(x *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Mean",
		ranks: []int{1}, rank: 0, wrt: []bool{true},
		shape: func([]tensor.Shape) (tensor.Shape, error) { return tensor.ScalarShape(), nil },
		f32:   meanKernel[float32], f64: meanKernel[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := meanGrad(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func meanKernel[T kernel.Float](dst operand[T], in []operand[T]) {
	dst.data[0] = kernel.Sum(in[0].data) / T(len(in[0].data))
}

func meanGrad(x, g *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "meanGrad",
		ranks: []int{1, 0}, rank: 1, wrt: none(2),
		shape: func(in []tensor.Shape) (tensor.Shape, error) { return in[0].Clone(), nil },
		f32:   meanGradKernel[float32], f64: meanGradKernel[float64],
	}
	return o.apply(x, g)
}

func meanGradKernel[T kernel.Float](dst operand[T], in []operand[T]) {
	for i := range dst.data {
		dst.data[i] = in[1].data[0] / T(len(dst.data))
	}
}
