package experiment_test

import (
	"context"
	"fmt"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/associative/experiment"
)

// The columns m = 2 and 3 of a classical table, over 200 sets of patterns.
func ExampleBasins() {
	table, err := experiment.Basins(context.Background(), experiment.BasinConfig{
		Rule: associative.Hebb{KeepDiagonal: true}, Units: 10, Stored: []int{2, 3}, Distance: 2, Sets: 200, Seed: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(table)
	fmt.Println("3 patterns, one bit wrong:", table.Shares[1][1])
	// Output:
	// Hebb + diagonal, 10 units: % of vectors that are the stored pattern in one step (200 sets, all vectors, ties Keep)
	//  H\m      2      3
	//    0  100.0   99.5
	//    1   98.2   87.7
	//    2   89.7   62.9
	//    I   2.78   2.14
	// intervals of 95 %: at most ± 1.9
	// 3 patterns, one bit wrong: 0.877 (0.865 to 0.888)
}

// Up to n − 1 patterns, whatever they are, are stable under the projection rule.
func ExampleCapacity() {
	capacities, err := experiment.Capacity(context.Background(), experiment.CapacityConfig{
		Rules: []associative.Rule{associative.Projection{}}, Units: []int{50, 100}, Sets: 5,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, point := range capacities.Curves[0].Points {
		fmt.Printf("%d units: %.0f patterns\n", point.Units, point.Patterns.Value)
	}
	// Output:
	// 50 units: 49 patterns
	// 100 units: 99 patterns
}
