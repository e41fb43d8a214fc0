package modernhopfield_test

import (
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/modernhopfield"
)

// A modern Hopfield network is a mixture of Gaussians around its stored patterns, and an RBM with one hidden unit.
func ExampleMixture() {
	patterns := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{
		2, 0,
		0, 2,
		-1, -1,
	}))
	m, err := modernhopfield.NewMixture(patterns, 4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("log Z = %.6f\n", m.LogPartition())

	_, components, err := m.Sample(10000, 1)
	if err != nil {
		log.Fatal(err)
	}
	count := make([]int, 3)
	for _, i := range components {
		count[i]++
	}
	fmt.Println("drawn around each pattern:", count)

	updated, err := m.PosteriorMean(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, 0.2})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("one update of (1, 0.2): %.4f\n", updated.Float64s())

	r, err := m.RBM("memory")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("as an RBM:", r.Visible(), r.Hidden())
	// Output:
	// log Z = 0.055234
	// drawn around each pattern: [5019 4904 77]
	// one update of (1, 0.2): [1.9967 0.0033]
	// as an RBM: FixedGaussian(2, 0.25) OneHot(1, 3)
}

// Classical patterns become an RBM whose visible units have the Boltzmann distribution of the Hopfield network, and are found
// again in its weights.
func ExampleHopfieldFactor() {
	patterns := tensor.New(tensor.WithShape(2, 8), tensor.WithBacking([]float64{
		1, 1, 1, 1, -1, -1, -1, -1,
		1, -1, 1, -1, 1, -1, 1, 1,
	}))
	f, err := modernhopfield.FactorPatterns(patterns, modernhopfield.FactorQR)
	if err != nil {
		log.Fatal(err)
	}
	r, err := f.RBM("hopfield", modernhopfield.HopfieldRBMConfig{Beta: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Visible(), r.Hidden())

	found, err := modernhopfield.PatternSearch{Seed: 1}.Find(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stored patterns found, up to their signs:", found.Exact)
	for i := range found.Exact {
		fmt.Printf("%+.0f\n", found.Patterns.Float64s()[8*i:8*i+8])
	}
	// Output:
	// Spin(8) FixedGaussian(2, 0.5)
	// stored patterns found, up to their signs: 2
	// [+1 +1 +1 +1 -1 -1 -1 -1]
	// [+1 -1 +1 -1 +1 -1 +1 +1]
}
