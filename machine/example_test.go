package machine_test

import (
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/machine"
)

// Least squares by gradient descent: the machine moves w itself. Then one row more comes than the graph was built for.
func Example() {
	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float64, G.WithName("x"), G.WithValue(tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{1, 0, 0, 1, 1, 1}))))
	y := G.NewMatrix(g, G.Float64, G.WithName("y"), G.WithValue(tensor.New(tensor.WithShape(3, 1), tensor.WithBacking([]float64{2, -1, 1}))))
	w := G.NewMatrix(g, G.Float64, G.WithName("w"), G.WithValue(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float64{0, 0}))))
	fit := G.Must(G.Mul(x, w))
	cost := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(fit, y))))))
	if _, err := G.Grad(cost, w); err != nil {
		log.Fatal(err)
	}

	m, err := machine.New(g, machine.Config{Outputs: G.Nodes{cost}, Descend: G.Nodes{w}, Guard: cost})
	if err != nil {
		log.Fatal(err)
	}
	m.SetRate(0.5)
	for range 200 {
		if err := m.RunAll(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("w = %.3f\n", w.Value().Data())

	predict, err := machine.New(g, machine.Config{Outputs: G.Nodes{fit}})
	if err != nil {
		log.Fatal(err)
	}
	more := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float64{1, 0, 0, 1, 1, 1, 2, 2}))
	if err := predict.Let(x, more); err != nil {
		log.Fatal(err)
	}
	if err := predict.RunAll(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("x·w = %.3f\n", predict.Value(fit).Data())
	// Output:
	// w = [2.000 -1.000]
	// x·w = [2.000 -1.000 1.000 2.000]
}
