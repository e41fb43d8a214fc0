package op

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// NegativeEntropy builds Σ_j Γ*(m_j) per row, minus the entropy of independent units of these means: (B, n) gives (B), nats. The units
// are Spin or Bernoulli; with p = (1 + m)/2 or p = m the chance of the upper state,
//
//	Γ*(m) = p log p + (1−p) log(1−p)        dΓ*/dm = Γ'⁻¹(m), which is artanh m or log(p/(1−p))
//
// A mean that no unit can have gives NaN. At the ends of the range, where rounding puts means of large inputs, the gradient is that of
// the nearest number within. Gradient flows to m.
func NegativeEntropy(k units.Kind, m *G.Node) (*G.Node, error) {
	spin := k.Name == units.Spin.Name
	o := &fused{
		name:  "NegativeEntropy/" + k.Name,
		ranks: []int{2}, rank: 1, wrt: []bool{true}, shape: shapedAs(0),
		f32: negativeEntropy[float32](spin), f64: negativeEntropy[float64](spin), grain: costly,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  "NegativeEntropyGrad/" + k.Name,
				ranks: []int{2, 1}, rank: 2, wrt: none(2), shape: shapedAs(0),
				f32: negativeEntropyGrad[float32](spin, 1.0/(1<<25)), f64: negativeEntropyGrad[float64](spin, 1.0/(1<<54)), grain: costly, inPlace: []int{0},
			}
			dm, err := d.apply(in[0], g)
			return G.Nodes{dm}, err
		},
	}
	return o.apply(m)
}

func negativeEntropy[T kernel.Float](spin bool) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			sum := 0.0
			for _, m := range in[0].row(i) {
				p, q := chances(float64(m), spin)
				sum += timesLog(p) + timesLog(q)
			}
			dst.data[i] = T(sum)
		}
	}
}

func negativeEntropyGrad[T kernel.Float](spin bool, least float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			d, g := dst.row(i), in[1].data[i]
			for j, m := range in[0].row(i) {
				p, q := chances(float64(m), spin)
				slope := math.Log(max(p, least)) - math.Log(max(q, least))
				if spin {
					slope /= 2
				}
				d[j] = g * T(slope)
			}
		}
	}
}

// chances are those of the upper and of the lower state.
func chances(m float64, spin bool) (p, q float64) {
	if spin {
		return (1 + m) / 2, (1 - m) / 2
	}
	return m, 1 - m
}

func timesLog(p float64) float64 {
	if p == 0 {
		return 0
	}
	return p * math.Log(p)
}
