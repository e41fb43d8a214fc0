package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Gemm builds op(a)·op(b), op the transpose where asked. a and b are matrices; the result is (m, n).
func Gemm(a, b *G.Node, transA, transB bool) (*G.Node, error) {
	o := accumulator(fused{
		name:  fmt.Sprintf("Gemm(%v,%v)", transA, transB),
		ranks: []int{2, 2}, rank: 2, wrt: []bool{true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			m, k := turned(in[0], transA)
			k2, n := turned(in[1], transB)
			if k != k2 {
				return fmt.Errorf("shapes %v and %v do not multiply: %w", in[0], in[1], ErrShape)
			}
			return setShape(out, m, n)
		},
	}, gemm[float32](transA, transB), gemm[float64](transA, transB))
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		a, b := in[0], in[1]
		var da, db *G.Node
		var err error
		if transA {
			da, err = Gemm(b, g, transB, true)
		} else {
			da, err = Gemm(g, b, false, !transB)
		}
		if err != nil {
			return nil, err
		}
		if transB {
			db, err = Gemm(g, a, true, transA)
		} else {
			db, err = Gemm(a, g, !transA, false)
		}
		return G.Nodes{da, db}, err
	}
	return o.apply(a, b)
}

func gemm[T kernel.Float](transA, transB bool) addFunc[T] {
	return func(dst operand[T], in []operand[T], alpha T, accumulate bool) {
		_, k := turned(in[0].shape, transA)
		kernel.Gemm(transA, transB, dst.rows(), dst.cols(), k, alpha, in[0].data, in[0].cols(), in[1].data, in[1].cols(), accumulate, dst.data, dst.cols())
	}
}

// turned returns the rows and columns of a matrix, or of its transpose.
func turned(s tensor.Shape, transpose bool) (rows, cols int) {
	if transpose {
		return s[1], s[0]
	}
	return s[0], s[1]
}

// Affine builds x·W + c, or x·Wᵀ + c: x is (B, n), W (n, m) or transposed (m, n), c (m); the result is (B, m).
func Affine(x, w, c *G.Node, transW bool) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("Affine(%v)", transW),
		ranks: []int{2, 2, 1}, rank: 2, wrt: []bool{true, true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			k, n := turned(in[1], transW)
			if in[0][1] != k || in[2][0] != n {
				return fmt.Errorf("x %v, W %v and bias %v do not fit: %w", in[0], in[1], in[2], ErrShape)
			}
			return setShape(out, in[0][0], n)
		},
		f32: affineKernel[float32](transW),
		f64: affineKernel[float64](transW),
	}
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := Gemm(g, in[1], false, !transW)
		if err != nil {
			return nil, err
		}
		var dw *G.Node
		if transW {
			dw, err = Gemm(g, in[0], true, false)
		} else {
			dw, err = Gemm(in[0], g, true, false)
		}
		if err != nil {
			return nil, err
		}
		dc, err := ColSum(g)
		return G.Nodes{dx, dw, dc}, err
	}
	return o.apply(x, w, c)
}

func affineKernel[T kernel.Float](transW bool) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], _, _ int) {
		kernel.Affine(transW, dst.rows(), dst.cols(), in[0].cols(), in[0].data, in[1].data, in[2].data, dst.data)
	}
}

// MatVec builds x·b: x is (B, n), b (n), the result (B).
func MatVec(x, b *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "MatVec",
		ranks: []int{2, 1}, rank: 1, wrt: []bool{true, true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][1] != in[1][0] {
				return fmt.Errorf("x %v and b %v do not fit: %w", in[0], in[1], ErrShape)
			}
			return setShape(out, in[0][0])
		},
		f32: matVec[float32], f64: matVec[float64], grain: cheap,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := outer(g, in[1])
			if err != nil {
				return nil, err
			}
			db, err := vecMat(g, in[0])
			return G.Nodes{dx, db}, err
		},
	}
	return o.apply(x, b)
}

func matVec[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		dst.data[i] = T(kernel.Dot(in[0].row(i), in[1].data))
	}
}

// outer builds g bᵀ: (B) and (n) give (B, n).
func outer(g, b *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "outer",
		ranks: []int{1, 1}, rank: 2, wrt: none(2),
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0], in[1][0]) },
		f32:   outerKernel[float32], f64: outerKernel[float64], grain: cheap,
	}
	return o.apply(g, b)
}

func outerKernel[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		kernel.Scale(dst.row(i), in[1].data, in[0].data[i])
	}
}

// vecMat builds gᵀx: (B) and (B, n) give (n).
func vecMat(g, x *G.Node) (*G.Node, error) {
	o := accumulator(fused{
		name:  "vecMat",
		ranks: []int{1, 2}, rank: 1, wrt: none(2),
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[1][1]) },
	}, vecMatKernel[float32], vecMatKernel[float64])
	return o.apply(g, x)
}

func vecMatKernel[T kernel.Float](dst operand[T], in []operand[T], alpha T, accumulate bool) {
	rows, cols := in[1].rows(), in[1].cols()
	kernel.Gemm(false, false, 1, cols, rows, alpha, in[0].data, rows, in[1].data, cols, accumulate, dst.data, cols)
}

// RowDot builds Σ_j a_ij b_ij: two (B, n) give (B).
func RowDot(a, b *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "RowDot",
		ranks: []int{2, 2}, rank: 1, wrt: []bool{true, true},
		shape: sameShape,
		f32:   rowDot[float32], f64: rowDot[float64], grain: cheap,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			da, err := scaleRows(in[1], g)
			if err != nil {
				return nil, err
			}
			db, err := scaleRows(in[0], g)
			return G.Nodes{da, db}, err
		},
	}
	return o.apply(a, b)
}

func rowDot[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		dst.data[i] = T(kernel.Dot(in[0].row(i), in[1].row(i)))
	}
}

// scaleRows builds x_ij g_i.
func scaleRows(x, g *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "scaleRows",
		ranks: []int{2, 1}, rank: 2, wrt: none(2),
		shape: shapedAs(0),
		f32:   scaleRowsKernel[float32], f64: scaleRowsKernel[float64], grain: cheap, inPlace: []int{0},
	}
	return o.apply(x, g)
}

func scaleRowsKernel[T kernel.Float](dst operand[T], in []operand[T], lo, hi int) {
	for i := lo; i < hi; i++ {
		kernel.Scale(dst.row(i), in[0].row(i), in[1].data[i])
	}
}
