package op

import (
	"fmt"
	"math"
	"math/bits"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Exponent is the function x ↦ Factor·(Scale·x)ⁿ, where it is rectified of x > 0 alone and 0 elsewhere. n is at least 0, and x⁰ is 1:
// rectified that is a step.
//
// The scale goes in before the power is taken, so that overlaps of N terms scaled by 1/N overflow at no n.
type Exponent struct {
	N             int
	Rectified     bool
	Scale, Factor float64
}

func (e Exponent) name() string {
	return fmt.Sprintf("Power(%d,%v,%x,%x)", e.N, e.Rectified, math.Float64bits(e.Scale), math.Float64bits(e.Factor))
}

// Power builds the power of each number: (B, n) gives (B, n). The slope of a rectified power of n = 1 at 0 is 0.
func Power(x *G.Node, e Exponent) (*G.Node, error) {
	o := &fused{
		name:  e.name(),
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: sameShape,
		f32:   power[float32](e), f64: power[float64](e), grain: powerGrain,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			slope := Exponent{max(e.N-1, 0), e.Rectified, e.Scale, e.Factor * float64(e.N) * e.Scale}
			d := &fused{
				name:  e.name() + "Grad",
				ranks: []int{2, 2}, rank: 2, wrt: none(2),
				shape: sameShape,
				f32:   powerGrad[float32](slope), f64: powerGrad[float64](slope), grain: powerGrain,
			}
			dx, err := d.apply(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

const (
	powerGrain = 1 << 13 // numbers worth a goroutine: a power is some ten passes over a vector
	powerBlock = 1 << 10 // numbers that stay in the nearest cache from pass to pass
)

func power[T kernel.Float](e Exponent) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		inBlocks(dst.span(lo, hi), in[0].span(lo, hi), func(_ int, d, x []T) {
			powers(d, x, e)
			if e.Rectified {
				kernel.ReLUGrad(d, x, d) // 0 where x ≤ 0
			}
		})
	}
}

func powerGrad[T kernel.Float](slope Exponent) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		g := in[1].span(lo, hi)
		inBlocks(dst.span(lo, hi), in[0].span(lo, hi), func(at int, d, x []T) {
			powers(d, x, slope)
			kernel.Multiply(d, d, g[at:])
			if slope.Rectified {
				kernel.ReLUGrad(d, x, d)
			}
		})
	}
}

func inBlocks[T kernel.Float](dst, x []T, f func(at int, dst, x []T)) {
	for at := 0; at < len(dst); at += powerBlock {
		end := min(at+powerBlock, len(dst))
		f(at, dst[at:end], x[at:end])
	}
}

// powers sets dst = Factor·(Scale·x)ⁿ, rectified or not, by squaring, from the highest bit of n down. dst must not overlap x.
func powers[T kernel.Float](dst, x []T, e Exponent) {
	if e.N == 0 {
		for i := range dst {
			dst[i] = T(e.Factor)
		}
		return
	}
	kernel.Scale(dst, x, T(e.Scale))
	for bit := bits.Len(uint(e.N)) - 2; bit >= 0; bit-- {
		kernel.Multiply(dst, dst, dst)
		if e.N>>bit&1 == 1 {
			kernel.Multiply(dst, dst, x)
			scaleBy(dst, e.Scale)
		}
	}
	scaleBy(dst, e.Factor)
}

func scaleBy[T kernel.Float](dst []T, factor float64) {
	if factor != 1 {
		kernel.Scale(dst, dst, T(factor))
	}
}

// RowSum builds factor·Σ_j x_ij: (B, n) gives (B).
func RowSum(x *G.Node, factor float64) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("RowSum(%x)", math.Float64bits(factor)),
		ranks: []int{2}, rank: 1, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0]) },
		f32:   rowSum[float32](factor), f64: rowSum[float64](factor), grain: cheap,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name:  fmt.Sprintf("RowSumGrad(%x)", math.Float64bits(factor)),
				ranks: []int{2, 1}, rank: 2, wrt: none(2),
				shape: shapedAs(0),
				f32:   rowSumGrad[float32](factor), f64: rowSumGrad[float64](factor), grain: cheap, inPlace: []int{0},
			}
			dx, err := d.apply(in[0], g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func rowSum[T kernel.Float](factor float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			dst.data[i] = T(factor * kernel.Total(in[0].row(i)))
		}
	}
}

func rowSumGrad[T kernel.Float](factor float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			g, row := T(factor)*in[1].data[i], dst.row(i)
			for j := range row {
				row[j] = g
			}
		}
	}
}
