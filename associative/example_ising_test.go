package associative_test

import (
	"fmt"

	"github.com/harmonium-go/harmonium/associative"
)

// What a small magnet is on average, by enumeration, on both sides of the critical temperature.
func ExampleLattice() {
	magnet := check(associative.Lattice{Sides: []int{4, 4}, Periodic: true}.Ising())
	fmt.Println(magnet.Len(), "spins,", len(magnet.Bonds()), "bonds")
	for _, temperature := range []float64{1.5, associative.CriticalTemperature, 4} {
		mean := check(magnet.Exact(temperature))
		fmt.Printf("T = %.2f: energy %6.2f, specific heat %.2f, |m| %.2f\n", temperature, mean.Energy, mean.SpecificHeat, mean.MagnetisationAbs)
	}
	// Output:
	// 16 spins, 32 bonds
	// T = 1.50: energy -31.21, specific heat 0.20, |m| 0.99
	// T = 2.27: energy -25.05, specific heat 0.78, |m| 0.84
	// T = 4.00: energy -10.01, specific heat 0.24, |m| 0.42
}

// The spins of a chequered lattice are updated in two blocks, of which each is made at once.
func ExampleIsing_Colouring() {
	magnet := check(associative.Lattice{Sides: []int{3, 3}}.Ising())
	fmt.Println(magnet.Colouring())
	// Output:
	// [[0 2 4 6 8] [1 3 5 7]]
}
