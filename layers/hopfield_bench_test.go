package layers

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

// A hundred rows of five hundred units: five updates, and fixed points of the couplings that a layer starts with.
func BenchmarkHopfield(b *testing.B) {
	const n, rows = 500, 100
	for _, dt := range dtypes {
		for _, steps := range []int{5, 0} {
			for _, gradient := range []bool{false, true} {
				b.Run(fmt.Sprintf("%v/steps=%d/gradient=%v", dt, steps, gradient), func(b *testing.B) {
					h := must(NewHopfield("h", HopfieldConfig{Units: energy.Spin(n), Steps: steps, Seed: 1, Dtype: dt}))
					x := input(G.NewGraph(), "x", dense(dt, tensor.Shape{rows, n}, normals(1, rows*n)...))
					y := must(h.Forward(x))
					config := machine.Config{Outputs: G.Nodes{y}}
					if gradient {
						cost := must(op.Mean(must(SquaredErrorRows(y, x))))
						config = machine.Config{Outputs: G.Nodes{cost}, Wrt: append(Wrt(cost, h), x)}
						must(G.Grad(cost, config.Wrt...))
					}
					vm := must(machine.New(x.Graph(), config))
					defer vm.Close()
					b.ReportAllocs()
					for b.Loop() {
						if err := vm.RunAll(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
