package op

import (
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Multiply builds a_ij·b_ij: two (B, n) give (B, n). Gradient flows to both.
func Multiply(a, b *G.Node) (*G.Node, error) {
	o := &fused{
		name:  "Multiply",
		ranks: []int{2, 2}, rank: 2, wrt: []bool{true, true},
		shape: sameShape,
		f32:   binary(kernel.Multiply[float32]), f64: binary(kernel.Multiply[float64]),
		inPlace: []int{0, 1},
		diff: func(in G.Nodes, _, g *G.Node) (G.Nodes, error) {
			da, err := Multiply(g, in[1])
			if err != nil {
				return nil, err
			}
			db, err := Multiply(g, in[0])
			return G.Nodes{da, db}, err
		},
	}
	return o.apply(a, b)
}
