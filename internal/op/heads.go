package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Tile builds each row q times side by side: (R, F) gives (R, q·F). Gradient flows to x, summed over the copies.
func Tile(x *G.Node, q int) (*G.Node, error) {
	if q < 1 {
		return nil, fmt.Errorf("op: Tile: %d copies, want at least 1: %w", q, ErrShape)
	}
	o := &fused{
		name:  fmt.Sprintf("Tile(%d)", q),
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0], q*in[0][1]) },
		f32:   tile[float32], f64: tile[float64], grain: cheap,
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			d := &fused{
				name: fmt.Sprintf("sumTiles(%d)", q), ranks: []int{2}, rank: 2, wrt: none(1),
				shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0], in[0][1]/q) },
				f32:   sumTiles[float32], f64: sumTiles[float64], grain: cheap,
			}
			dx, err := d.apply(g)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func tile[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		x := in[0].row(i)
		for d := dst.row(i); len(d) > 0; d = d[len(x):] {
			copy(d, x)
		}
	}
}

func sumTiles[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		d, g := dst.row(i), in[0].row(i)
		copy(d, g)
		for g = g[len(d):]; len(g) > 0; g = g[len(d):] {
			kernel.Axpy(1, g[:len(d)], d)
		}
	}
}

// RowCount builds the number of rows of x as lengths of a single bag: (R, F) gives (1). No gradient flows.
func RowCount(x *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "RowCount",
		ranks: []int{2}, rank: 1, wrt: none(1),
		shape: func(out tensor.Shape, _ []tensor.Shape) error { return setShape(out, 1) },
		f32:   rowCount[float32], f64: rowCount[float64],
	}
	return o.apply(x)
}

func rowCount[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	dst.data[0] = T(in[0].rows())
}

// HeadEnergies builds factor·|x_h|² − c_h/β_h of every row and head: x is (B, H·D), head h owning the columns hD…hD+D−1, c is
// (B, H) and beta (H); the result is (B, H). Gradient flows to all of them.
func HeadEnergies(x, c, beta *G.Node, factor float64) (*G.Node, error) {
	name := fmt.Sprintf("HeadEnergies(%g)", factor)
	fit := func(out tensor.Shape, in []tensor.Shape) error {
		x, c, beta := in[0], in[1], in[2]
		if x[0] != c[0] || c[1] != beta[0] || c[1] == 0 || x[1]%c[1] != 0 {
			return fmt.Errorf("x %v, conjugate %v and beta %v do not fit: %w", x, c, beta, ErrShape)
		}
		copy(out, c)
		return nil
	}
	o := &fused{
		name:  name,
		ranks: []int{2, 2, 1}, rank: 2, wrt: []bool{true, true, true},
		shape: fit,
		f32:   headEnergies[float32](factor), f64: headEnergies[float64](factor), grain: costly,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := (&fused{
				name: name + "GradX", ranks: []int{2, 2}, rank: 2, wrt: none(2), shape: shapedAs(0),
				f32: headEnergiesGradX[float32](factor), f64: headEnergiesGradX[float64](factor), grain: cheap, inPlace: []int{0},
			}).apply(in[0], g)
			if err != nil {
				return nil, err
			}
			dc, err := (&fused{
				name: name + "GradC", ranks: []int{1, 2}, rank: 2, wrt: none(2), shape: shapedAs(1),
				f32: headEnergiesGradC[float32], f64: headEnergiesGradC[float64], grain: cheap, inPlace: []int{1},
			}).apply(in[2], g)
			if err != nil {
				return nil, err
			}
			dbeta, err := (&fused{
				name: name + "GradBeta", ranks: []int{2, 1, 2}, rank: 1, wrt: none(3), shape: shapedAs(1),
				f32: headEnergiesGradBeta[float32], f64: headEnergiesGradBeta[float64],
			}).apply(in[1], in[2], g)
			return G.Nodes{dx, dc, dbeta}, err
		},
	}
	return o.apply(x, c, beta)
}

func headEnergies[T kernel.Float](factor float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		heads := dst.cols()
		width := in[0].cols() / heads
		for i := lo; i < hi; i++ {
			x, c := in[0].row(i), in[1].row(i)
			for h, beta := range in[2].data {
				part := x[h*width : (h+1)*width]
				dst.row(i)[h] = T(factor*kernel.Dot(part, part) - float64(c[h])/float64(beta))
			}
		}
	}
}

func headEnergiesGradX[T kernel.Float](factor float64) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		width := in[0].cols() / in[1].cols()
		for i := lo; i < hi; i++ {
			for h, g := range in[1].row(i) {
				kernel.Scale(dst.row(i)[h*width:(h+1)*width], in[0].row(i)[h*width:(h+1)*width], T(2*factor)*g)
			}
		}
	}
}

func headEnergiesGradC[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		for h, g := range in[1].row(i) {
			dst.row(i)[h] = -g / in[0].data[h]
		}
	}
}

func headEnergiesGradBeta[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	for h, beta := range in[1].data {
		sum := 0.0
		for i := range in[2].rows() {
			if c := float64(in[0].row(i)[h]); !math.IsInf(c, -1) { // a state that sees nothing has +Inf whatever β is
				sum += float64(in[2].row(i)[h]) * c
			}
		}
		dst.data[h] = T(sum / float64(beta) / float64(beta))
	}
}
