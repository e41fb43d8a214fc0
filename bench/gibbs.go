package bench

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

const (
	visible, hidden, batch = 784, 500, 100
	// sweeps is how many of the row's 1,000 sweeps one step makes.
	sweeps = 20
)

var gibbsRow = Row{
	Name: "gibbs", About: fmt.Sprintf("%d block-Gibbs sweeps of %d chains, RBM %d×%d, float32", sweeps, batch, visible, hidden),
	Flops: 4 * sweeps * batch * visible * hidden, Tolerance: 0.02,
	New: func() (*Work, error) { return gibbs(batch, hidden) },
}

func gibbs(chains, hidden int) (*Work, error) {
	model, err := newRBM(tensor.Float32, hidden)
	if err != nil {
		return nil, err
	}
	state, err := sampling.NewState(model, bits(tensor.Float32, 5, chains, visible))
	if err != nil {
		return nil, err
	}
	chain := &sampling.Gibbs{Model: model, Seed: 1}
	return &Work{
		Step: func() error {
			_, err := sampling.Run(context.Background(), chain, state, sampling.Schedule{BurnIn: sweeps})
			return err
		},
		Sum: func() float64 { return WeightedSum(state.Visible.Float32s()) },
	}, nil
}

// newRBM is an RBM whose parameters are a formula, with biases that keep its units off a half.
func newRBM(dtype tensor.Dtype, hidden int) (*layers.RBM, error) {
	model, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(visible), Hidden: energy.Bernoulli(hidden), Dtype: dtype})
	if err != nil {
		return nil, err
	}
	for i, p := range model.Params() { // W, b, c
		values := numbers(uint32(10+i), 0.1, p.Value().Shape().TotalSize())
		if i > 0 {
			for j := range values {
				values[j] -= 1
			}
		}
		if err := p.Set(values); err != nil {
			return nil, err
		}
	}
	return model, nil
}
