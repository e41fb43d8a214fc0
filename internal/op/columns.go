package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Pad builds x with columns of zeros before and behind its own: (B, m) gives (B, before + m + behind). Gradient flows to x.
func Pad(x *G.Node, before, behind int) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("Pad(%d,%d)", before, behind),
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			return setShape(out, in[0][0], before+in[0][1]+behind)
		},
		f32: padColumns[float32](before), f64: padColumns[float64](before), grain: cheap,
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := Cut(g, before, behind)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

// Cut builds x without its first and last columns: (B, m) gives (B, m − before − behind). Gradient flows to x.
func Cut(x *G.Node, before, behind int) (*G.Node, error) {
	o := &fused{
		name:  fmt.Sprintf("Cut(%d,%d)", before, behind),
		ranks: []int{2}, rank: 2, wrt: []bool{true},
		shape: func(out tensor.Shape, in []tensor.Shape) error {
			if in[0][1] <= before+behind {
				return fmt.Errorf("x %v has not more than %d + %d columns: %w", in[0], before, behind, ErrShape)
			}
			return setShape(out, in[0][0], in[0][1]-before-behind)
		},
		f32: cutColumns[float32](before), f64: cutColumns[float64](before), grain: cheap,
		diff: func(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
			dx, err := Pad(g, before, behind)
			return G.Nodes{dx}, err
		},
	}
	return o.apply(x)
}

func padColumns[T kernel.Float](before int) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			to := dst.row(i)
			clear(to[:before])
			clear(to[before+copy(to[before:], in[0].row(i)):])
		}
	}
}

func cutColumns[T kernel.Float](before int) kernelFunc[T] {
	return func(dst operand[T], in []operand[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(dst.row(i), in[0].row(i)[before:])
		}
	}
}
