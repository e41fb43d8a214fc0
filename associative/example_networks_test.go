package associative_test

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
)

// A memory of one bit keeps what it was set to.
func ExampleFlipFlop() {
	flipFlop, _ := associative.FlipFlop()
	stable := check(flipFlop.StableStates(context.Background()))
	fmt.Println(stable)

	set := tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, 1})) // the first unit is switched on, and is held
	got := check(flipFlop.Recall(set, associative.Asynchronous{Clamped: []bool{true, false}}))
	fmt.Println(got.States.Data())
	// Output:
	// [[-1 1] [1 -1]]
	// [1 -1]
}

// With a and b held, recall computes a ⊕ b, and a ∧ b for which the fourth unit is needed.
func ExampleXOr() {
	xor, _ := associative.XOr()
	inputs := tensor.New(tensor.WithShape(4, 4), tensor.WithBacking([]float64{
		-1, -1, 1, 1,
		-1, 1, 1, 1,
		1, -1, 1, 1,
		1, 1, 1, 1,
	}))
	got := check(xor.Recall(inputs, associative.Asynchronous{Seed: 1, Clamped: []bool{true, true, false, false}}))
	fmt.Println(got.States)
	// Output:
	// ⎡-1  -1  -1  -1⎤
	// ⎢-1   1   1  -1⎥
	// ⎢ 1  -1   1  -1⎥
	// ⎣ 1   1  -1   1⎦
}
