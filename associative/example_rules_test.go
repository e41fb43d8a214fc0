package associative_test

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
)

// The rows a, b, a ⊕ b cannot be the stable states of three units, which is proved; with a fourth unit, a ∧ b, they can.
func ExamplePerceptron_Separate() {
	for _, rows := range []*tensor.Dense{
		tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float64{
			-1, -1, -1,
			-1, 1, 1,
			1, -1, 1,
			1, 1, -1,
		})),
		tensor.New(tensor.WithShape(4, 4), tensor.WithBacking([]float64{
			-1, -1, -1, -1,
			-1, 1, 1, -1,
			1, -1, 1, -1,
			1, 1, -1, 1,
		})),
	} {
		found := check(associative.Perceptron{}.Separate(context.Background(), rows))
		fmt.Println(found.Verdict)
		if found.Verdict == associative.NotSeparable {
			fmt.Println(found.Reason)
			continue
		}
		fmt.Println(found.Network.Couplings())
		fmt.Println(found.Network.Config().Bias)
	}
	// Output:
	// not separable
	// the weights came back to earlier ones
	// separable
	// ⎡ 0  -2   2   4⎤
	// ⎢-2   0   2   4⎥
	// ⎢ 2   2   0  -4⎥
	// ⎣ 4   4  -4   0⎦
	//
	// [3 1 -1 -1]
}

// With three patterns in ten units Hebb's rule already loses one of these; other rules keep them all.
func ExampleRule() {
	patterns := tensor.New(tensor.WithShape(3, 10), tensor.WithBacking([]float64{
		1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
		1, 1, 1, 1, -1, 1, -1, -1, -1, 1,
		1, -1, 1, 1, 1, -1, -1, 1, -1, 1,
	}))
	for _, rule := range []associative.Rule{associative.Hebb{}, associative.Storkey{}, associative.Projection{}} {
		network := check(rule.Learn(context.Background(), patterns))
		stable := check(network.Stable(patterns))
		fmt.Println(rule, stable)
	}
	// Output:
	// Hebb [false true true]
	// Storkey [true true true]
	// projection [true true true]
}
