package associative_test

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
)

func rows(n int, numbers ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(numbers)/n, n), tensor.WithBacking(numbers))
}

// Correlated patterns: what they say of each other is too loud for the correlation matrix, and nothing to the pseudoinverse.
func ExamplePseudoinverse() {
	x := rows(5, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, 1, 1, 1, -1, 1)
	y := rows(1, 1, -1, -1)
	crosstalk := check(associative.Crosstalk(x, y))
	hebb := check(associative.Correlation(x, y))
	pseudo := check(associative.Pseudoinverse(x, y))
	fmt.Println("crosstalk:    ", crosstalk.Data())
	for _, l := range []*associative.Linear{hebb, pseudo} {
		got := check(l.Recall(x))
		fmt.Println("recalled:     ", got.Data())
	}
	fmt.Println("rank:         ", pseudo.Rank())
	// Output:
	// crosstalk:     [-1.2 0.4 0.4]
	// recalled:      [-1 -1 -1]
	// recalled:      [1 -1 -1]
	// rank:          3
}

// A novelty filter knows two patterns and what they add up to. It lets through what is new about another one.
func ExampleLinear_Novelty() {
	known := rows(4, 1, 1, 1, 1, 1, 1, -1, -1)
	filter := check(associative.Pseudoinverse(known, known))
	familiar, novel, err := filter.Novelty(rows(4, 3, 1, 2, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("known %.1f, new %.1f\n", familiar.Data(), novel.Data())
	// Output:
	// known [2.0 2.0 1.0 1.0], new [1.0 -1.0 1.0 -1.0]
}

// Gradient descent on the total quadratic error finds what the pseudoinverse computes.
func ExampleLinearDescent_Learn() {
	x, y := rows(3, 1, 1, -1, 1, -1, 1), rows(1, 1, -1)
	l, report, err := associative.LinearDescent{Rate: 0.2}.Learn(context.Background(), x, y)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("W = %.3f, converged: %v\n", l.W().Data(), report.Converged)
	// Output:
	// W = [0.000 0.500 -0.500], converged: true
}

// The rotation by 90° has no eigenvector for the automaton to come to: every state is back after four steps.
func ExamplePowerMethod_Run() {
	for _, w := range []*tensor.Dense{rows(2, 2, 1, 1, 2), rows(2, 0, 1, -1, 0)} {
		got := check(associative.PowerMethod{}.Run(w, rows(2, 3, 1)))
		fmt.Printf("eigenvector %v: %.3f, eigenvalue %.3f, cycle of %d\n", got.Eigenvector[0], got.Vectors.Data(), got.Values[0], got.Cycle[0])
	}
	// Output:
	// eigenvector true: [0.707 0.707], eigenvalue 3.000, cycle of 1
	// eigenvector false: [0.316 -0.949], eigenvalue 0.000, cycle of 4
}

// Kosko's two pairs: a noisy x recalls its y, which corrects x.
func ExampleBAM_Recall() {
	x := rows(6, 1, -1, 1, -1, 1, -1, 1, 1, 1, -1, -1, -1)
	y := rows(4, 1, 1, -1, -1, 1, -1, 1, -1)
	hebb := check(associative.Correlation(x, y))
	memory := check(hebb.BAM(associative.BAMConfig{}))
	got := check(memory.Recall(rows(6, -1, -1, 1, -1, 1, -1), nil, associative.Synchronous{}))
	fmt.Println(got.Y.Data(), got.X.Data(), got.Trace[0])
	// Output:
	// [1 1 -1 -1] [1 -1 1 -1 1 -1] [-16 -16 -24 -24 -24]
}
