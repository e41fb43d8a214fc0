package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
)

// flipRatesBuilders are units of two values, groups of states, and both.
func flipRatesBuilders() (all []builder) {
	for cols, choices := range map[string]func(n int) []Choices{
		"n": func(n int) []Choices { return []Choices{{Columns: n, Low: -1}} },
		"g": func(n int) []Choices { return []Choices{{Columns: n, States: 3}} },
		"p": func(n int) []Choices { return []Choices{{Columns: n - 2}, {Columns: 2, States: 2}} },
	} {
		all = append(all, builder{
			name: fmt.Sprintf("FlipRates of %s", cols), args: fmt.Sprintf("b%[1]s b%[1]s", cols), out: "b" + cols,
			apply: two(func(x, h *G.Node) (*G.Node, error) {
				n := 1
				if x != nil && x.Dims() == 2 {
					n = x.Shape()[1]
				}
				return FlipRates(choices(n), x, h)
			}),
			plain: func(in []array) (out []float64) {
				for i := range in[0].rows() {
					x, h, lo := in[0].row(i), in[1].row(i), 0
					for _, c := range choices(len(x)) {
						for k := lo; k < lo+c.Columns; k++ {
							if c.States == 0 {
								out = append(out, math.Exp((1+c.Low-2*x[k])*h[k]/2))
								continue
							}
							first := k - (k-lo)%c.States
							out = append(out, math.Exp((h[k]-dot(x[first:first+c.States], h[first:first+c.States]))/2))
						}
						lo += c.Columns
					}
				}
				return out
			},
		})
	}
	return all
}
