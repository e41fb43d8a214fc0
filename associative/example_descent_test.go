package associative_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
)

// randomPatterns draws p patterns of n spins.
func randomPatterns(p, n int) *tensor.Dense {
	r, x := rand.New(rand.NewPCG(1, 1)), make([]float64, p*n)
	for k := range x {
		x[k] = float64(2*r.IntN(2) - 1)
	}
	return tensor.New(tensor.WithShape(p, n), tensor.WithBacking(x))
}

func count(marks []bool) (n int) {
	for _, m := range marks {
		if m {
			n++
		}
	}
	return n
}

// As many patterns as units are far too many for Hebb's rule, and few for what can be had.
func ExampleMPF() {
	patterns := randomPatterns(60, 60)
	for _, rule := range []associative.Rule{
		associative.Hebb{}, associative.Valleys{From: associative.NearTargets}, associative.MPF{},
	} {
		h := check(rule.Learn(context.Background(), patterns))
		stable := check(h.Stable(patterns))
		fmt.Printf("%v: %d of 60 are stable\n", rule, count(stable))
	}
	// Output:
	// Hebb: 0 of 60 are stable
	// valleys from NearTargets: 60 of 60 are stable
	// MPF: 60 of 60 are stable
}

// Success on the visible bits against N + K: hidden units that nobody cares about raise what Hebb's rule stores.
func ExamplePadded() {
	ctx, patterns := context.Background(), randomPatterns(20, 50)
	for _, hidden := range []int{0, 10, 25, 50} {
		rule := associative.Padded{Rule: associative.Hebb{}, Hidden: hidden, Paddings: associative.Decorrelated}
		h := check(rule.Learn(ctx, patterns))
		stored := check(rule.Extend(ctx, patterns))
		right := check(rule.Success(h, stored, patterns, associative.Asynchronous{}))
		fmt.Printf("%d units: %d of 20 patterns stay\n", h.Len(), count(right))
	}
	// Output:
	// 50 units: 3 of 20 patterns stay
	// 60 units: 9 of 20 patterns stay
	// 75 units: 20 of 20 patterns stay
	// 100 units: 20 of 20 patterns stay
}
