package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Bags of instances lie one behind the other in a matrix x, (R, F): bag n has lengths_n of its rows. lengths, (N), is a vector
// of the graph's dtype that holds whole numbers of at least 0 with the sum R; it gets no gradient. What it holds is known when a
// machine runs, and checked then.

// checkLengths refuses what are not the lengths of bags of so many rows together.
func checkLengths[T kernel.Float](lengths []T, rows int) error {
	total := 0
	for n, l := range lengths {
		if !(l >= 0 && l <= T(rows)) || l != T(int(l)) {
			return fmt.Errorf("bag %d has length %v, want a whole number of 0 to %d rows: %w", n, l, rows, ErrShape)
		}
		total += int(l)
	}
	if total != rows {
		return fmt.Errorf("the lengths of %d bags have the sum %d, want the %d rows: %w", len(lengths), total, rows, ErrShape)
	}
	return nil
}

// AppendRow builds x with a row behind each bag: x (R, F), row (F) and lengths (N) give (R + N, F). A nil row is zeros.
// Gradient flows to x and, summed over the bags, to row.
func AppendRow(x, row, lengths *G.Node) (*G.Node, error) {
	name, ranks, wrt, args := "AppendRow", []int{2, 1, 1}, []bool{true, true, false}, G.Nodes{x, row, lengths}
	if row == nil {
		name, ranks, wrt, args = "AppendZeros", []int{2, 1}, []bool{true, false}, G.Nodes{x, lengths}
	}
	o := &fused{
		name: name, ranks: ranks, rank: 2, wrt: wrt,
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if len(in) == 3 && in[1][0] != in[0][1] {
				return fmt.Errorf("x %v and row %v do not fit: %w", in[0], in[1], ErrShape)
			}
			return setShape(out, in[0][0]+in[len(in)-1][0], in[0][1])
		},
		f32: appendRow[float32], f64: appendRow[float64],
		check32: checkBags[float32], check64: checkBags[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			lengths := in[len(in)-1]
			dx, err := dropLast(g, lengths)
			if err != nil || len(in) == 2 {
				return G.Nodes{dx, nil}, err
			}
			drow, err := sumLast(g, lengths)
			return G.Nodes{dx, drow, nil}, err
		},
	}
	return o.apply(args...)
}

// checkBags checks the lengths, the last argument, against the rows of the first.
func checkBags[T kernel.Float](in []operand[T]) error {
	return checkLengths(in[len(in)-1].data, in[0].rows())
}

func appendRow[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	x, to, cols := in[0].data, dst.data, dst.cols()
	for _, l := range in[len(in)-1].data {
		n := int(l) * cols
		copy(to, x[:n])
		last := to[n : n+cols]
		if len(in) == 3 {
			copy(last, in[1].data)
		} else {
			clear(last)
		}
		x, to = x[n:], to[n+cols:]
	}
}

// dropLast builds what AppendRow was made of: g (R + N, F) and lengths (N) give (R, F).
func dropLast(g, lengths *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "dropLast",
		ranks: []int{2, 1}, rank: 2, wrt: none(2),
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][0] < in[1][0] {
				return fmt.Errorf("%v has fewer rows than %d bags: %w", in[0], in[1][0], ErrShape)
			}
			return setShape(out, in[0][0]-in[1][0], in[0][1])
		},
		f32: dropLastKernel[float32], f64: dropLastKernel[float64],
		check32: checkLonger[float32], check64: checkLonger[float64],
	}
	return o.apply(g, lengths)
}

// checkLonger checks the lengths against the rows of bags that have a row more each.
func checkLonger[T kernel.Float](in []operand[T]) error {
	return checkLengths(in[1].data, in[0].rows()-in[1].rows())
}

func dropLastKernel[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	from, to, cols := in[0].data, dst.data, dst.cols()
	for _, l := range in[1].data {
		n := int(l) * cols
		copy(to, from[:n])
		from, to = from[n+cols:], to[n:]
	}
}

// sumLast builds the sum of the last rows of bags that have a row more each: g (R + N, F) and lengths (N) give (F).
func sumLast(g, lengths *G.Node) (*G.Node, error) {
	o := accumulator(fused{
		name:  "sumLast",
		ranks: []int{2, 1}, rank: 1, wrt: none(2),
		shape:   func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][1]) },
		check32: checkLonger[float32], check64: checkLonger[float64],
	}, sumLastKernel[float32](), sumLastKernel[float64]())
	return o.apply(g, lengths)
}

func sumLastKernel[T kernel.Float]() addFunc[T] {
	var last, sums []T
	return func(dst operand[T], in []operand[T], alpha T, accumulate bool) {
		bags, cols := in[1].rows(), in[0].cols()
		last, sums = sized(last, bags*cols), sized(sums, cols)
		end := 0
		for n, l := range in[1].data {
			end += int(l) + 1
			copy(last[n*cols:], in[0].row(end-1))
		}
		kernel.ColSum(sums, last, bags, cols)
		addScaled(dst.data, sums, alpha, accumulate)
	}
}

// addScaled computes dst = alpha·x, or dst += alpha·x where accumulate is set.
func addScaled[T kernel.Float](dst, x []T, alpha T, accumulate bool) {
	if accumulate {
		kernel.Axpy(alpha, x, dst)
	} else {
		kernel.Scale(dst, x, alpha)
	}
}

// Repeat builds q once for each bag: q (Q, F) and lengths (N) give (N·Q, F). What the lengths are does not matter. Gradient
// flows to q, summed over the bags.
func Repeat(q, lengths *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Repeat",
		ranks: []int{2, 1}, rank: 2, wrt: []bool{true, false},
		shape: func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[1][0]*in[0][0], in[0][1]) },
		f32:   repeat[float32], f64: repeat[float64],
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dq, err := sumRepeats(g, in[0])
			return G.Nodes{dq, nil}, err
		},
	}
	return o.apply(q, lengths)
}

func repeat[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	q := in[0].data
	for n := range in[1].data {
		copy(dst.data[n*len(q):], q)
	}
}

// sumRepeats builds the sum over bags: g (N·Q, F) gives (Q, F), the shape of q.
func sumRepeats(g, q *G.Node) (*G.Node, error) {
	o := accumulator(fused{
		name:  "sumRepeats",
		ranks: []int{2, 2}, rank: 2, wrt: none(2),
		shape: shapedAs(1),
	}, sumRepeatsKernel[float32](), sumRepeatsKernel[float64]())
	return o.apply(g, q)
}

func sumRepeatsKernel[T kernel.Float]() addFunc[T] {
	var sums []T
	return func(dst operand[T], in []operand[T], alpha T, accumulate bool) {
		n := len(dst.data)
		sums = sized(sums, n)
		kernel.ColSum(sums, in[0].data, len(in[0].data)/max(1, n), n)
		addScaled(dst.data, sums, alpha, accumulate)
	}
}
