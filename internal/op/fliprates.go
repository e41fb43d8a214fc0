package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// FlipRates builds the square roots of how much more probable a state becomes as one unit changes, for each number of the unit that it
// could change to. With h the inputs at which units are distributed given the others it is
//
//	exp((x' − x)·h/2),         x' = 1 + low − x,           for a unit of two values
//	exp((h_k − Σ_l x_l h_l)/2) for each state k of a group, which is 1 for the state that it is in
//
// x and h are (B, n), and so is the result. x need not be states: then the formula says what. Gradient flows to both.
func FlipRates(choices []Choices, x, h *G.Node) (*G.Node, error) {
	name := fmt.Sprintf("FlipRates(%v)", choices)
	columns := 0
	for _, c := range choices {
		columns += c.Columns
	}
	o := &fused{
		name:  name,
		ranks: []int{2, 2}, rank: 2, wrt: []bool{true, true}, grain: costly,
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][1] != columns {
				return fmt.Errorf("x has shape %v, want (B, %d): %w", in[0], columns, ErrShape)
			}
			return sameShape(out, in)
		},
		f32: flipRates[float32](choices), f64: flipRates[float64](choices),
		diff: func(in G.Nodes, out, g *G.Node) (G.Nodes, error) {
			grad := func(what string, f32 kernelFunc[float32], f64 kernelFunc[float64]) (*G.Node, error) {
				return (&fused{
					name: name + what, ranks: []int{2, 2, 2, 2}, rank: 2, wrt: none(4), grain: costly, shape: shapedAs(0), f32: f32, f64: f64,
				}).apply(in[0], in[1], out, g)
			}
			dx, err := grad("GradX", flipRatesGradX[float32](choices), flipRatesGradX[float64](choices))
			if err != nil {
				return nil, err
			}
			dh, err := grad("GradH", flipRatesGradH[float32](choices), flipRatesGradH[float64](choices))
			return G.Nodes{dx, dh}, err
		},
	}
	return o.apply(x, h)
}

// eachChoice goes through rows lo to hi: the columns of units of two values at once, and one group of states after the other.
func eachChoice(choices []Choices, columns, lo, hi int, two func(from, to int, middle float64), group func(from, to int)) {
	for i := lo; i < hi; i++ {
		at := i * columns
		for _, c := range choices {
			end := at + c.Columns
			if c.States == 0 {
				two(at, end, (1+c.Low)/2)
				at = end
			}
			for ; at < end; at += c.States {
				group(at, at+c.States)
			}
		}
	}
}

func flipRates[T kernel.Float](choices []Choices) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		x, h, out := in[0].data, in[1].data, dst.data
		eachChoice(choices, dst.cols(), lo, hi, func(from, to int, middle float64) {
			for k := from; k < to; k++ {
				out[k] = (T(middle) - x[k]) * h[k]
			}
		}, func(from, to int) {
			here := T(kernel.Dot(x[from:to], h[from:to]))
			for k := from; k < to; k++ {
				out[k] = (h[k] - here) / 2
			}
		})
		rows := dst.span(lo, hi)
		kernel.Exp(rows, rows)
	}
}

// flipRatesGradX and flipRatesGradH take x, h, the rates r and the gradient g with regard to them.
func flipRatesGradX[T kernel.Float](choices []Choices) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		h, r, g, out := in[1].data, in[2].data, in[3].data, dst.data
		eachChoice(choices, dst.cols(), lo, hi, func(from, to int, _ float64) {
			for k := from; k < to; k++ {
				out[k] = -g[k] * r[k] * h[k]
			}
		}, func(from, to int) {
			total := T(kernel.Dot(g[from:to], r[from:to]))
			kernel.Scale(out[from:to], h[from:to], -total/2)
		})
	}
}

func flipRatesGradH[T kernel.Float](choices []Choices) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		x, r, g, out := in[0].data, in[2].data, in[3].data, dst.data
		eachChoice(choices, dst.cols(), lo, hi, func(from, to int, middle float64) {
			for k := from; k < to; k++ {
				out[k] = g[k] * r[k] * (T(middle) - x[k])
			}
		}, func(from, to int) {
			total := T(kernel.Dot(g[from:to], r[from:to]))
			for k := from; k < to; k++ {
				out[k] = (g[k]*r[k] - x[k]*total) / 2
			}
		})
	}
}
