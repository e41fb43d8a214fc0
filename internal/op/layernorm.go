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
	fit := func(in []tensor.Shape) (tensor.Shape, error) {
		for i := 1; i < 3; i++ {
			if in[i][0] != in[0][1] {
				return nil, fmt.Errorf("x %v, gain %v and bias %v do not fit: %w", in[0], in[1], in[2], ErrShape)
			}
		}
		return in[0].Clone(), nil
	}
	name := fmt.Sprintf("LayerNorm(%g)", epsilon)
	o := &fused{
		name:  name,
		ranks: []int{2, 1, 1}, rank: 2, wrt: []bool{true, true, true},
		shape: fit,
		f32:   layerNorm[float32](epsilon), f64: layerNorm[float64](epsilon),
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx := &fused{
				name: name + "Grad", ranks: []int{2, 1, 2}, rank: 2, wrt: none(3),
				shape: func(in []tensor.Shape) (tensor.Shape, error) { return in[0].Clone(), nil },
				f32:   layerNormGrad[float32](epsilon), f64: layerNormGrad[float64](epsilon),
			}
			x, err := dx.apply(in[0], in[1], g)
			if err != nil {
				return nil, err
			}
			dgain := &fused{
				name: name + "GainGrad", ranks: []int{2, 2}, rank: 1, wrt: none(2),
				shape: func(in []tensor.Shape) (tensor.Shape, error) { return tensor.Shape{in[0][1]}, nil },
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

// standardize returns the mean and the inverse deviation of a row.
func standardize[T kernel.Float](x []T, epsilon float64) (mean, inverse float64) {
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	variance := 0.0
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, 1 / math.Sqrt(variance/float64(len(x))+epsilon)
}

func layerNorm[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		gain, bias := in[1].data, in[2].data
		for i := range dst.rows() {
			x, d := in[0].row(i), dst.row(i)
			mean, inverse := standardize(x, epsilon)
			for j := range d {
				d[j] = T((float64(x[j])-mean)*inverse)*gain[j] + bias[j]
			}
		}
	}
}

// With y = (x − m)·s and e = gain∘g, dx = s(e − mean(e) − y·mean(e∘y)).
func layerNormGrad[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		gain := in[1].data
		for i := range dst.rows() {
			x, g, d := in[0].row(i), in[2].row(i), dst.row(i)
			mean, inverse := standardize(x, epsilon)
			sum, dot := 0.0, 0.0
			for j := range d {
				e := float64(gain[j]) * float64(g[j])
				sum += e
				dot += e * (float64(x[j]) - mean) * inverse
			}
			n := float64(len(d))
			for j := range d {
				y := (float64(x[j]) - mean) * inverse
				d[j] = T(inverse * (float64(gain[j])*float64(g[j]) - sum/n - y*dot/n))
			}
		}
	}
}

func layerNormGainGrad[T kernel.Float](epsilon float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T]) {
		for i := range in[0].rows() {
			x, g := in[0].row(i), in[1].row(i)
			mean, inverse := standardize(x, epsilon)
			for j := range dst.data {
				dst.data[j] += T(float64(g[j]) * (float64(x[j]) - mean) * inverse)
			}
		}
	}
}
