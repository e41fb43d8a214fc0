package modernhopfield_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// corners are the four corners of a tetrahedron and one that is near the first.
func corners() *tensor.Dense {
	return tensor.New(tensor.WithShape(5, 3), tensor.WithBacking([]float64{
		1, 1, 1,
		1, -1, -1,
		-1, 1, -1,
		-1, -1, 1,
		1, 1, 0.9,
	}))
}

// Retrieve patterns from states that are like them.
func ExampleMemory() {
	memory, err := modernhopfield.NewMemory(corners(), modernhopfield.MemoryConfig{Beta: 4})
	if err != nil {
		log.Fatal(err)
	}
	corrupted := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{
		0.3, -0.8, -0.1,
		0.5, 0.7, 0.2,
	}))
	got, err := memory.Retrieve(corrupted)
	if err != nil {
		log.Fatal(err)
	}
	regimes, err := memory.Regimes(got.States)
	if err != nil {
		log.Fatal(err)
	}
	for i, regime := range regimes {
		fmt.Printf("%.3f after %d updates, within 1e-9 of a fixed point: %t, %v\n",
			got.States.Float64s()[3*i:3*i+3], got.Steps[i], got.ErrorBound[i] < 1e-9, regime)
	}
	warning, err := memory.Warning()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(warning)
	// Output:
	// [1.000 -1.000 -1.000] after 4 updates, within 1e-9 of a fixed point: true, single pattern (k = 1 of 5)
	// [1.000 1.000 0.959] after 6 updates, within 1e-9 of a fixed point: true, metastable state (k = 2 of 5, class II)
	// 2 of 5 patterns are not proved to be stored, for which the separation has to be 1.64: pattern 0 has 0.1; pattern 4 has -0.09
}

// Read out something else than the patterns, and let the memory grow and shrink.
func ExampleMemory_values() {
	values := tensor.New(tensor.WithShape(5, 1), tensor.WithBacking([]float64{10, 20, 30, 40, 10}))
	memory, err := modernhopfield.NewMemory(corners(), modernhopfield.MemoryConfig{
		Separation: energy.Sparsemax(), Beta: 1, Values: values, Labels: []int{1, 2, 3, 4, 1},
	})
	if err != nil {
		log.Fatal(err)
	}
	state := tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float64{-1, -2, 0.5}))
	show := func() {
		got, err := memory.Retrieve(state)
		if err != nil {
			log.Fatal(err)
		}
		classes, err := memory.Classify(state)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(got.States.Float64s(), got.Values.Float64s(), classes)
	}
	show()
	if err := memory.Forget(3); err != nil {
		log.Fatal(err)
	}
	show()
	err = memory.Store(modernhopfield.Entries{
		Patterns: tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float64{-2, -2, -2})),
		Values:   tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float64{50})),
		Labels:   []int{5},
	})
	if err != nil {
		log.Fatal(err)
	}
	show()
	// Output:
	// [-1 -1 1] [40] [4]
	// [1 -1 -1] [20] [2]
	// [-2 -2 -2] [50] [5]
}

// What the theory promises of a memory, and how much more it holds.
func ExampleMeasureCapacity() {
	of := modernhopfield.RandomPatterns{Dim: 12, Radius: 1, Beta: 1, Failure: 0.1}
	bound, err := modernhopfield.Capacity(of)
	if err != nil {
		log.Fatal(err)
	}
	measured, err := modernhopfield.MeasureCapacity(context.Background(), of, modernhopfield.CapacityTrials{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("proved: %.0f; seen: %v\n", math.Floor(bound.Patterns), measured)
	// Output:
	// proved: 0; seen: 14 patterns (14 to 16)
}

// The β that keeps the error of one update small, for all states near the patterns.
func ExampleBetaFor() {
	patterns := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{2, 0, 0, 2, -2, -2}))
	beta, err := modernhopfield.BetaFor(patterns, 0.01, 0.1)
	if err != nil {
		log.Fatal(err)
	}
	bounds, err := modernhopfield.RetrievalBound(patterns, beta, 0.1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("β = %.3f keeps the errors below %.1g\n", beta, bounds)
	// Output:
	// β = 2.047 keeps the errors below [0.01 0.01 8e-10]
}
