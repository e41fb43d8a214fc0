package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Flatten builds the instances of a batch as rows: (N, T, F) gives (N·T, F), row n·T + t being instance t of sample n.
func Flatten(x *G.Node) (*G.Node, error) {
	o := reshaping("Flatten", []int{3}, 2, func(out tensor.Shape, in []tensor.Shape) error {
		return setShape(out, in[0][0]*in[0][1], in[0][2])
	})
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := Fold(g, in[0])
		return G.Nodes{dx}, err
	}
	return o.apply(x)
}

// Fold undoes Flatten: x (N·T, F) and like (N, T, ·) give (N, T, F). Of like only the shape matters; it gets no gradient.
func Fold(x, like *G.Node) (*G.Node, error) {
	o := reshaping("Fold", []int{2, 3}, 3, func(out tensor.Shape, in []tensor.Shape) error {
		if in[0][0] != in[1][0]*in[1][1] {
			return fmt.Errorf("x %v has other rows than %v has instances: %w", in[0], in[1], ErrShape)
		}
		return setShape(out, in[1][0], in[1][1], in[0][1])
	})
	o.diff = func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := Flatten(g)
		return G.Nodes{dx, nil}, err
	}
	return o.apply(x, like)
}

// JoinRows builds one row of each q rows that follow one another: (N·q, F) gives (N, q·F).
func JoinRows(x *G.Node, q int) (*G.Node, error) {
	if q < 1 {
		return nil, fmt.Errorf("op: JoinRows: %d rows to join, want at least 1: %w", q, ErrShape)
	}
	o := reshaping(fmt.Sprintf("JoinRows(%d)", q), []int{2}, 2, func(out tensor.Shape, in []tensor.Shape) error {
		if in[0][0]%q != 0 {
			return fmt.Errorf("x %v has no multiple of %d rows: %w", in[0], q, ErrShape)
		}
		return setShape(out, in[0][0]/q, in[0][1]*q)
	})
	o.diff = func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := SplitRows(g, q)
		return G.Nodes{dx}, err
	}
	return o.apply(x)
}

// SplitRows undoes JoinRows: (N, q·F) gives (N·q, F). Of rows in which heads lie side by side it makes a row a head.
func SplitRows(x *G.Node, q int) (*G.Node, error) {
	if q < 1 {
		return nil, fmt.Errorf("op: SplitRows: %d rows to split into, want at least 1: %w", q, ErrShape)
	}
	o := reshaping(fmt.Sprintf("SplitRows(%d)", q), []int{2}, 2, func(out tensor.Shape, in []tensor.Shape) error {
		if in[0][1]%q != 0 {
			return fmt.Errorf("x %v has no multiple of %d columns: %w", in[0], q, ErrShape)
		}
		return setShape(out, in[0][0]*q, in[0][1]/q)
	})
	o.diff = func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := JoinRows(g, q)
		return G.Nodes{dx}, err
	}
	return o.apply(x)
}

// FoldVector builds a matrix of a vector: (N·q) gives (N, q).
func FoldVector(x *G.Node, q int) (*G.Node, error) {
	if q < 1 {
		return nil, fmt.Errorf("op: FoldVector: %d columns, want at least 1: %w", q, ErrShape)
	}
	o := reshaping(fmt.Sprintf("FoldVector(%d)", q), []int{1}, 2, func(out tensor.Shape, in []tensor.Shape) error {
		if in[0][0]%q != 0 {
			return fmt.Errorf("x %v is no multiple of %d long: %w", in[0], q, ErrShape)
		}
		return setShape(out, in[0][0]/q, q)
	})
	o.diff = func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := Ravel(g)
		return G.Nodes{dx}, err
	}
	return o.apply(x)
}

// Ravel undoes FoldVector: (N, q) gives (N·q).
func Ravel(x *G.Node) (*G.Node, error) {
	o := reshaping("Ravel", []int{2}, 1, func(out tensor.Shape, in []tensor.Shape) error { return setShape(out, in[0][0]*in[0][1]) })
	o.diff = func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
		dx, err := FoldVector(g, in[0].Shape()[1])
		return G.Nodes{dx}, err
	}
	return o.apply(x)
}

// reshaping is an op that gives the numbers of its first argument, the only one that gets a gradient, another shape. It copies
// them, unless a machine finds that it may write over the argument.
func reshaping(name string, ranks []int, rank int, shape func(out tensor.Shape, in []tensor.Shape) error) *fused {
	wrt := none(len(ranks))
	wrt[0] = true
	return &fused{
		name: name, ranks: ranks, rank: rank, wrt: wrt, shape: shape,
		f32: copyAll[float32], f64: copyAll[float64], inPlace: []int{0},
	}
}

func copyAll[T kernel.Float](dst operand[T], in []operand[T], _, _ int) { copy(dst.data, in[0].data) }

// Lengths builds the number of instances of each sample: (N, T, F) gives (N), T everywhere. No gradient flows.
func Lengths(x *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Lengths",
		ranks: []int{3}, rank: 1, wrt: none(1),
		shape: shapedAs(0),
		f32:   lengthsKernel[float32], f64: lengthsKernel[float64],
	}
	return o.apply(x)
}

func lengthsKernel[T kernel.Float](dst operand[T], in []operand[T], _, _ int) {
	for i := range dst.data {
		dst.data[i] = T(in[0].shape[1])
	}
}
