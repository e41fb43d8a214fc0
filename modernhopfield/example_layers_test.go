package modernhopfield_test

import (
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/machine"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// run builds what f builds on a matrix, runs it and returns the numbers.
func run(rows, columns int, x []float64, f func(x *G.Node) (*G.Node, error)) []float64 {
	g := G.NewGraph()
	in := G.NewMatrix(g, tensor.Float64, G.WithName("x"), G.WithShape(rows, columns),
		G.WithValue(tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(x))))
	y, err := f(in)
	if err != nil {
		log.Fatal(err)
	}
	vm, err := machine.New(g, machine.Config{Outputs: G.Nodes{y}})
	if err != nil {
		log.Fatal(err)
	}
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		log.Fatal(err)
	}
	return append([]float64(nil), vm.Value(y).Data().([]float64)...)
}

// A table that starts as data: labels of the nearest of the stored patterns.
func ExampleLookup() {
	config := modernhopfield.RetrievalConfig(20, 0)
	config.Similarity = energy.Euclidean
	config.Dtype = tensor.Float64
	table, err := modernhopfield.NewLookup("table", modernhopfield.LookupConfig{
		Config: config, Separated: true,
		Patterns: tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{0, 0, 0, 1, 1, 1})),
		Targets:  tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{1, 0, 0, 1, 1, 0})), // classes, one-hot
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", run(2, 2, []float64{0.1, 0.8, 0.2, 0.1}, table.Forward))
	// Output: [0.00 1.00 1.00 0.00]
}

// Updates complete a corrupted pattern. With a sparse separation function the result is a stored pattern, digit for digit.
func ExampleRetrievalConfig() {
	config := modernhopfield.RetrievalConfig(1, 3)
	config.Separation = energy.Sparsemax()
	config.Dtype = tensor.Float64
	memory, err := modernhopfield.NewHopfield("memory", config)
	if err != nil {
		log.Fatal(err)
	}
	completed := run(1, 4, []float64{1, 1, 0, -1}, func(state *G.Node) (*G.Node, error) {
		stored := G.NewMatrix(state.Graph(), tensor.Float64, G.WithName("stored"), G.WithShape(2, 4),
			G.WithValue(tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float64{1, 1, -1, -1, 1, -1, 1, -1}))))
		return memory.Associate(stored, state, stored, modernhopfield.Masks{})
	})
	fmt.Println(completed)
	// Output: [1 1 -1 -1]
}

// A bag of any size becomes one row.
func ExamplePooling() {
	pool, err := modernhopfield.NewPooling("pool", modernhopfield.PoolingConfig{
		Config: modernhopfield.Config{Input: 2, Output: 3, Dtype: tensor.Float64}, Quantity: 2,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(run(5, 2, make([]float64, 10), pool.Forward)), "numbers for five patterns,", len(run(1, 2, make([]float64, 2), pool.Forward)), "for one")
	// Output: 6 numbers for five patterns, 6 for one
}
