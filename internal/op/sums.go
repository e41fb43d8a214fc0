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

// colSum builds factor·Σ_i x_ij.
func colSum(x *G.Node, factor float64) (*G.Node, error) {
	o := accumulator(fused{
		name:  fmt.Sprintf("ColSum(%x)", math.Float64bits(factor)),
		ranks: []int{2}, rank: 1, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][1]) },
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := repeatRow(g, in[0], factor)
			return G.Nodes{dx}, err
		},
	}, colSumKernel[float32](factor), colSumKernel[float64](factor))
	return o.apply(x)
}

func colSumKernel[T kernel.Float](factor float64) addFunc[T] {
	var sums []T
	return func(dst operand[T], in []operand[T], alpha T, accumulate bool) {
		rows, cols := in[0].rows(), in[0].cols()
		if !accumulate {
			kernel.ColSum(dst.data, in[0].data, rows, cols)
			kernel.Scale(dst.data, dst.data, alpha*T(factor))
			return
		}
		sums = sized(sums, cols)
		kernel.ColSum(sums, in[0].data, rows, cols)
		kernel.Axpy(alpha*T(factor), sums, dst.data)
	}
}

// repeatRow builds factor·g in every row of a matrix shaped like x.
func repeatRow(g, x *G.Node, factor float64) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("repeatRow(%x)", math.Float64bits(factor)),
		ranks: []int{1, 2}, rank: 2, wrt: none(2),
		shape: shapedAs(1),
		f32:   repeatRowKernel[float32](factor), f64: repeatRowKernel[float64](factor), grain: cheap,
	}
	return o.apply(g, x)
}

func repeatRowKernel[T kernel.Float](factor float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			kernel.Scale(dst.row(i), in[0].data, T(factor))
		}
	}
}

// ShiftRows builds x_ij − m_j: (B, n) and (n) give (B, n). Gradient flows to x and to m.
func ShiftRows(x, m *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "ShiftRows",
		ranks: []int{2, 1}, rank: 2, wrt: []bool{true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][1] != in[1][0] {
				return fmt.Errorf("x %v and offsets %v do not fit: %w", in[0], in[1], ErrShape)
			}
			copy(out, in[0])
			return nil
		},
		f32: shiftRows[float32], f64: shiftRows[float64], grain: cheap, inPlace: []int{0},
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

func shiftRows[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		kernel.Subtract(dst.row(i), in[0].row(i), in[1].data)
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
	o := &fused{rank: rank, shape: sameShape, grain: cheap, inPlace: []int{0}}
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
	return func(dst operand[T], in []operand[T], lo, hi int) {
		d, x := dst.span(lo, hi), in[0].span(lo, hi)
		if len(in) == 1 {
			kernel.Scale(d, x, T(coefficients[0]))
			return
		}
		kernel.Combine(d, x, in[1].span(lo, hi), T(coefficients[0]), T(coefficients[1]), 0)
		for k, c := range coefficients[2:] {
			kernel.Axpy(T(c), in[k+2].span(lo, hi), d)
		}
	}
}

// WeightedMean builds Σ_i w_i x_i / Σ_i w_i over a batch of scalars: (B) and (B) give a scalar. w gets no gradient.
func WeightedMean(x, w *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "WeightedMean",
		ranks: []int{1, 1}, rank: 0, wrt: []bool{true, false},
		shape: sameShape,
		f32:   weightedMean[float32], f64: weightedMean[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := weightedMeanGrad(in[1], g)
			return G.Nodes{dx, nil}, err
		},
	}
	return o.apply(x, w)
}

func weightedMean[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
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
		shape: shapedAs(0),
		f32:   weightedMeanGradKernel[float32], f64: weightedMeanGradKernel[float64], inPlace: []int{0},
	}
	return o.apply(w, g)
}

func weightedMeanGradKernel[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	total := 0.0
	for _, w := range in[0].data {
		total += float64(w)
	}
	kernel.Scale(dst.data, in[0].data, T(float64(in[1].data[0])/total))
}

// Mean builds the mean over a batch of scalars: (B) gives a scalar.
func Mean(x *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Mean",
		ranks: []int{1}, rank: 0, wrt: []bool{true},
		shape: shapedAs(0),
		f32:   meanKernel[float32], f64: meanKernel[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := meanGrad(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func meanKernel[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	dst.data[0] = kernel.Sum(in[0].data) / T(len(in[0].data))
}

func meanGrad(x, g *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "meanGrad",
		ranks: []int{1, 0}, rank: 1, wrt: none(2),
		shape: shapedAs(0),
		f32:   meanGradKernel[float32], f64: meanGradKernel[float64],
	}
	return o.apply(x, g)
}

func meanGradKernel[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	for i := range dst.data {
		dst.data[i] = in[1].data[0] / T(len(dst.data))
	}
}
