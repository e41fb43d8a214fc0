package energy

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/op"
)

// ContrastiveCost builds mean F(v⁺) − mean F(v⁻) from the free energies of data and of model samples, vectors of any two
// lengths: a scalar, nats. With v⁻ drawn from the model its gradient is that of the mean negative log-likelihood; with v⁻
// from a few steps of Gibbs sampling, that of contrastive divergence. v⁻ must be an input node, not a function of the
// parameters. The value itself is no likelihood and need not fall.
//
// Source: G. Hinton, "Training Products of Experts by Minimizing Contrastive Divergence", Neural Computation 14 (2002).
func ContrastiveCost(positive, negative *G.Node) (*G.Node, error) {
	return WeightedContrastiveCost(positive, nil, negative, nil)
}

// WeightedContrastiveCost is ContrastiveCost with weighted means Σ wF/Σ w over either phase: row weights of the data, or
// the probabilities of enumerated states. Weights are vectors as long as their phase, or nil for plain means; they must not
// be negative nor sum to 0. No gradient flows to them.
func WeightedContrastiveCost(positive, positiveWeights, negative, negativeWeights *G.Node) (*G.Node, error) {
	plus, err := weightedMean("positive", positive, positiveWeights)
	if err != nil {
		return nil, err
	}
	minus, err := weightedMean("negative", negative, negativeWeights)
	if err != nil {
		return nil, err
	}
	cost, err := op.Combine([]float64{1, -1}, plus, minus)
	if err != nil {
		return nil, fmt.Errorf("energy: ContrastiveCost: %w", err)
	}
	return cost, nil
}

func weightedMean(phase string, f, weights *G.Node) (*G.Node, error) {
	if f == nil || f.Dims() != 1 {
		return nil, fmt.Errorf("energy: ContrastiveCost: %s phase has %s, want one free energy a row (batch): %w", phase, shapeOf(f), ErrShape)
	}
	if weights == nil {
		return op.Mean(f)
	}
	mean, err := op.WeightedMean(f, weights)
	if err != nil {
		return nil, fmt.Errorf("energy: ContrastiveCost: %s phase: %w", phase, err)
	}
	return mean, nil
}
