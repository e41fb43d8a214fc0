package energy_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// The free energy of a restricted Boltzmann machine is a node like any other: it has a gradient, and runs on Gorgonia's
// machines.
func ExampleRBM_FreeEnergy() {
	g := G.NewGraph()
	input := func(name string, data []float64, shape ...int) *G.Node {
		t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
		return G.NewTensor(g, tensor.Float64, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	}
	rbm := energy.RBM{
		Visible: energy.Bernoulli(2), Hidden: energy.Bernoulli(1),
		W: input("W", []float64{2, -2}, 2, 1), B: input("b", []float64{0, 0}, 2), C: input("c", []float64{0}, 1),
	}
	v := input("v", []float64{0, 0, 1, 0, 0, 1}, 3, 2)
	free, err := rbm.FreeEnergy(v)
	if err != nil {
		fmt.Println(err)
		return
	}
	var values, slope G.Value
	G.Read(free, &values)
	grads, err := G.Grad(G.Must(G.Mean(free)), rbm.W)
	if err != nil {
		fmt.Println(err)
		return
	}
	G.Read(grads[0], &slope)
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("F = %.4f\n", values.Data())
	fmt.Printf("dF/dW = %.4f\n", slope.Data())
	// Output:
	// F = [-0.6931 -2.1269 -0.1269]
	// dF/dW = [-0.2936 -0.0397]
}

// Units of different families stand side by side in one row.
func ExampleJoin() {
	u := energy.Join(energy.Bernoulli(4), energy.OneHot(1, 10))
	fmt.Println(u, "has", u.Len(), "columns")
	fmt.Println(u.Check(tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(1, 14))))
	// Output:
	// Join(Bernoulli(4), OneHot(1, 10)) has 14 columns
	// row 0, column 4 is 0, want what Join(Bernoulli(4), OneHot(1, 10)) takes (groups of 10 that sum to 1): value outside the range
}

// Counts on one side and rectified units on the other: which couplings leave a distribution.
func ExampleNormalisable() {
	words, topics := energy.Poisson(2), energy.ReLU(1)
	fmt.Println(energy.Normalisable(words, topics, []float64{-0.5, -1}, nil, nil))
	fmt.Println(energy.Normalisable(words, topics, []float64{-0.5, 0.1}, nil, nil))
	fmt.Println(energy.Normalisable(energy.Binomial(2, 100), topics, []float64{0.5, 0.1}, nil, nil)) // counts with an end are always enough
	// Output:
	// <nil>
	// Z is infinite: W between visible unit 1 and hidden unit 0, a Poisson and another unit that has no bound, is 0.1, want at most 0: bad configuration
	// <nil>
}

// The states of small sides can be listed, to sum over them.
func ExampleUnits_State() {
	u := energy.Join(energy.Spin(1), energy.OneHot(1, 3))
	count, err := u.StateCount()
	if err != nil {
		fmt.Println(err)
		return
	}
	row := make([]float64, u.Len())
	for i := range count {
		u.State(i, row)
		fmt.Println(row)
	}
	// Output:
	// [-1 1 0 0]
	// [-1 0 1 0]
	// [-1 0 0 1]
	// [1 1 0 0]
	// [1 0 1 0]
	// [1 0 0 1]
}

// A Hopfield net of two units that want to be alike.
func ExampleQuadratic() {
	g := G.NewGraph()
	input := func(name string, data []float32, shape ...int) *G.Node {
		t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(t))
	}
	net := energy.Quadratic{Units: energy.Spin(2), W: input("W", []float32{0, 1, 1, 0}, 2, 2), B: input("b", []float32{0.5, 0}, 2)}
	x := input("x", []float32{1, 1, 1, -1, -1, 1, -1, -1}, 4, 2)
	e, err := net.Energy(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Value().Data())
	// Output: [-1.5 0.5 1.5 -0.5]
}
