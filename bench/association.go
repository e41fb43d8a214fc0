package bench

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/machine"
)

const states, stored, dims, beta = 64, 10_000, 64, 0.125

// Forward is two products, the scores and the weighted sum; backward four: the slopes of the weights, and the gradients of
// the states, of the stored patterns as keys and of these as values.
var associationRows = []Row{
	{
		Name: "assoc_fwd", About: fmt.Sprintf("association softmax(βQKᵀ)K, %d states × %d stored × %d dimensions, float32", states, stored, dims),
		Flops: 2 * 2 * states * stored * dims, Tolerance: 1e-3,
		New: func() (*Work, error) { return association(stored, false) },
	},
	{
		Name: "assoc_bwd", About: "the same, with the gradients of the states and of the stored patterns",
		Flops: 6 * 2 * states * stored * dims, Tolerance: 1e-3,
		New: func() (*Work, error) { return association(stored, true) },
	},
}

func association(stored int, backward bool) (*Work, error) {
	g := G.NewGraph()
	q := input(g, "states", filled(1, 4, states, dims))
	k := input(g, "stored", filled(2, 4, stored, dims))
	b := tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{beta}))
	retrieved, err := op.Associate(q, k, k, input(g, "beta", b))
	if err != nil {
		return nil, err
	}
	outputs := G.Nodes{retrieved}
	if backward {
		// Σ O∘S over the number of states, so that a random S/64 is what flows back.
		rows, err := op.RowDot(retrieved, input(g, "slopes", filled(3, 1, states, dims)))
		if err != nil {
			return nil, err
		}
		cost, err := op.Mean(rows)
		if err != nil {
			return nil, err
		}
		if outputs, err = G.Grad(cost, q, k); err != nil {
			return nil, err
		}
	}
	vm, err := machine.New(g, machine.Config{Outputs: outputs})
	if err != nil {
		return nil, err
	}
	return &Work{
		Step: vm.RunAll,
		Sum: func() float64 {
			sum := 0.0
			for _, n := range outputs {
				sum += WeightedSum(vm.Value(n).(*tensor.Dense).Float32s())
			}
			return sum
		},
	}, nil
}
