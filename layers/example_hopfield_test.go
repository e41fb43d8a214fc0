package layers_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/machine"
)

// Two patterns are stored by Hebb's rule, and a state that differs from the first in one place goes back to it. W may then be trained
// from there, as part of any net.
func ExampleHopfield() {
	patterns := [][]float64{{1, 1, 1, 1, -1, -1, -1, -1}, {1, -1, 1, -1, 1, -1, 1, -1}}
	const n = 8
	w := make([]float64, n*n)
	for i := range n {
		for j := range n {
			for _, p := range patterns {
				if i != j {
					w[i*n+j] += p[i] * p[j] / n
				}
			}
		}
	}
	h := check(layers.NewHopfield("memory", layers.HopfieldConfig{Units: energy.Spin(n), Temperature: 0.2, InputIsState: true, Steps: 5}))
	if err := h.Param("W").Set(w); err != nil {
		fmt.Println(err)
	}
	state := tensor.New(tensor.WithShape(1, n), tensor.WithBacking([]float32{-1, 1, 1, 1, -1, -1, -1, -1}))
	x := G.NewMatrix(G.NewGraph(), G.Float32, G.WithName("x"), G.WithValue(state))
	m := check(h.Forward(x))
	before, after := check(h.Energy(x)), check(h.Energy(m))
	vm := check(machine.New(x.Graph(), machine.Config{Outputs: G.Nodes{m, before, after}}))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%+.0f\n", m.Value().Data())
	fmt.Printf("energy %.2f, then %.2f\n", before.Value().Data().([]float32)[0], after.Value().Data().([]float32)[0])
	// Output:
	// [+1 +1 +1 +1 -1 -1 -1 -1]
	// energy -1.50, then -2.99
}
