package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// LayerNorm builds gain_j (x_ij − m_i)/√(v_i + epsilon) + bias_j with the mean m and the biased variance v of each row:
// (B, n), (n) and (n) give (B, n).
//
// Reference: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", arXiv:1607.06450.
func LayerNorm(x, gain, bias *G.Node, epsilon float64) (*G.Node, error) {
	fit := func(out tensor.Shape, in []tensor.Shape) error {
		for i := 1; i < 3; i++ {
			if in[i][0] != in[0][1] {
				return fmt.Errorf("x %v, gain %v and bias %v do not fit: %w", in[0], in[1], in[2], ErrShape)
			}
		}
		copy(out, in[0])
		return nil
	}
	name := fmt.Sprintf("LayerNorm(%g)", epsilon)
	o := &fused{
		name:  name,
		ranks: []int{2, 1, 1}, rank: 2, wrt: []bool{true, true, true},
		shape: fit,
		f32:   layerNorm[float32](epsilon), f64: layerNorm[float64](epsilon), grain: costly, inPlace: []int{0},
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx := &fused{
				name: name + "Grad", ranks: []int{2, 1, 2}, rank: 2, wrt: none(3),
				shape: shapedAs(0),
				f32:   layerNormGrad[float32](epsilon), f64: layerNormGrad[float64](epsilon), grain: costly, inPlace: []int{2},
			}
			x, err := dx.apply(in[0], in[1], g)
			if err != nil {
				return nil, err
			}
			dgain := &fused{
				name: name + "GainGrad", ranks: []int{2, 2}, rank: 1, wrt: none(2),
				shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][1]) },
				f32:   layerNormGainGrad[float32](epsilon), f64: layerNormGainGrad[float64](epsilon),
			}
			gain, err := dgain.apply(in[0], g)
			if err != nil {
				return nil, err
			}
			bias, err := ColSum(g)
			return G.Nodes{x, gain, bias}, err
		},
	}
	return o.apply(x, gain, bias)
}

// Standardize builds (x_ij − m_i)/√(v_i + epsilon): LayerNorm without gain and bias.
func Standardize(x *G.Node, epsilon float64) (*G.Node, error) {
	name := fmt.Sprintf("Standardize(%g)", epsilon)
	o := &fused{
		name:  name,
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: sameShape,
		f32:   standardizeRows[float32](epsilon), f64: standardizeRows[float64](epsilon), grain: costly, inPlace: []int{0},
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name: name + "Grad", ranks: []int{2, 2}, rank: 2, wrt: none(2),
				shape: sameShape,
				f32:   standardizeRowsGrad[float32](epsilon), f64: standardizeRowsGrad[float64](epsilon), grain: costly, inPlace: []int{1},
			}
			dx, err := d.apply(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

// standardize returns the mean and the inverse deviation of a row.
func standardize[T kernel.Float](x []T, epsilon float64) (mean, inverse float64) {
	n := float64(len(x))
	mean = kernel.Total(x) / n
	return mean, 1 / math.Sqrt(kernel.SumSquares(x, T(mean))/n+epsilon)
}

func layerNorm[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			x, d := in[0].row(i), dst.row(i)
			mean, inverse := standardize(x, epsilon)
			kernel.ShiftScale(d, x, T(mean), T(inverse))
			kernel.MultiplyAdd(d, d, in[1].data, in[2].data)
		}
	}
}

// With y = (x − m)·s and e = gain∘g, dx = s(e − mean(e) − y·mean(e∘y)), which is linear in e and x.
func layerNormGrad[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			e := dst.row(i)
			kernel.Multiply(e, in[1].data, in[2].row(i))
			standardizeGrad(e, in[0].row(i), epsilon)
		}
	}
}

// standardizeGrad turns the gradient of a standardized row into that of the row.
func standardizeGrad[T kernel.Float](e, x []T, epsilon float64) {
	n := float64(len(x))
	mean, inverse := standardize(x, epsilon)
	sum := kernel.Total(e)
	slope := (kernel.Dot(e, x) - mean*sum) * inverse * inverse / n
	kernel.ShiftScale(e, e, T(sum/n), T(inverse))
	kernel.AddShifted(e, x, T(mean), T(-inverse*slope))
}

func layerNormGainGrad[T kernel.Float](epsilon float64) kernelFunc[T] {
	var y []T // a standardized row
	return func(dst operand[T], in []operand[T], _, _ int) {
		y = sized(y, in[0].cols())
		clear(dst.data)
		for i := range in[0].rows() {
			mean, inverse := standardize(in[0].row(i), epsilon)
			kernel.ShiftScale(y, in[0].row(i), T(mean), T(inverse))
			kernel.MultiplyAdd(dst.data, in[1].row(i), y, dst.data)
		}
	}
}

func standardizeRows[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			mean, inverse := standardize(in[0].row(i), epsilon)
			kernel.ShiftScale(dst.row(i), in[0].row(i), T(mean), T(inverse))
		}
	}
}

func standardizeRowsGrad[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			e := dst.row(i)
			copy(e, in[1].row(i))
			standardizeGrad(e, in[0].row(i), epsilon)
		}
	}
}
