package training

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/sampling"
)

// contrastivePlan is the graph of a contrastive step for one batch size, compiled.
type contrastivePlan struct {
	positive, positiveWeights *tensor.Dense
	negative                  *G.Node // which reads the rows of the negative phase where they lie
	negativeWeights           *tensor.Dense
	hiddenMeans, covariances  *G.Node       // of a phase that knows means, read where they lie
	shares                    *tensor.Dense // of each row in a mean over the batch, (1, rows); nil where none is taken
	negativeShares            *tensor.Dense // and of each negative row

	weights    []float64 // of the rows of the batch at hand
	shareTerms []float64 // what the shares are filled from

	compiled
	visibleMean, hiddenMean *G.Node // over the batch, for a centered machine

	// The inputs of the hidden units given the rows of either phase, where the negative phase computes them.
	dataInputs, sampleInputs *G.Node
}

// plan returns the graph for a number of rows of either phase, compiled:
//
//	mean F(v⁺) − mean F(v⁻) + L1·Σ|W| + L2/2·ΣW² + sparsity·Σ_j (mean E[h_j|v⁺] − target)²
//
// with all means over the data weighted. For a phase that knows means, mean F(v⁻) is mean E(v⁻,h⁻) − Σ W·C, see sampling.Means.
func (f *contrastiveFit) plan(rows, negativeRows int) (*contrastivePlan, error) {
	key := [2]int{rows, negativeRows}
	if p, ok := f.plans[key]; ok {
		return p, nil
	}
	p, err := f.build(rows, negativeRows)
	if err == nil {
		f.plans[key] = p
	}
	return p, err
}

func (f *contrastiveFit) build(rows, negativeRows int) (*contrastivePlan, error) {
	op.Building.Lock()
	defer op.Building.Unlock()
	g, dtype, n := G.NewGraph(), f.model.Dtype(), f.model.Visible().Len()
	p := &contrastivePlan{weights: make([]float64, rows), shareTerms: make([]float64, max(rows, negativeRows))}
	var positive, positiveWeights, negativeWeights *G.Node
	p.positive, positive = input(g, dtype, "positive", rows, n)
	p.positiveWeights, positiveWeights = input(g, dtype, "positive weights", rows)
	p.negative = G.NewMatrix(g, dtype, G.WithName("negative"), G.WithShape(negativeRows, n))
	p.negativeWeights, negativeWeights = input(g, dtype, "negative weights", negativeRows)

	e, err := f.model.Bind(g)
	if err != nil {
		return nil, err
	}
	plus, err := e.FreeEnergy(positive)
	if err != nil {
		return nil, err
	}
	means, known := f.phase.(sampling.Means)
	minus, err := p.minus(e, means)
	if err != nil {
		return nil, err
	}
	contrast, err := energy.WeightedContrastiveCost(plus, positiveWeights, minus, negativeWeights)
	if err != nil {
		return nil, err
	}
	var reads []*G.Node
	var cost op.Terms
	cost.Add(1)(contrast, nil)
	if known {
		p.covariances = G.NewMatrix(g, dtype, G.WithName("covariances"), G.WithShape(e.W.Shape()...))
		cost.Add(float64(n))(rowMean(e.W, p.covariances))
	}
	penalize(&cost, e.W, f.L1, f.L2)
	if f.SparsityCost > 0 || f.model.Config().Centered {
		h, err := e.HiddenMean(positive)
		if err != nil {
			return nil, err
		}
		var shares *G.Node
		p.shares, shares = input(g, dtype, "shares", 1, rows)
		q, err := op.Gemm(shares, h, false, false)
		if err != nil {
			return nil, err
		}
		if f.SparsityCost > 0 {
			cost.Add(f.SparsityCost)(op.SquaredDistance(q, f.SparsityTarget))
		}
		if f.model.Config().Centered {
			v, err := op.Gemm(shares, positive, false, false)
			if err != nil {
				return nil, err
			}
			if err := p.offsetMeans(f.Offsets, e, v, q); err != nil {
				return nil, err
			}
			reads = append(reads, p.visibleMean, p.hiddenMean)
		}
	}
	total, err := cost.Build()
	if err != nil {
		return nil, err
	}
	var given []*G.Node
	if !f.model.Config().Centered { // whose inputs are (v−μ)W + c
		if _, shared := f.phase.(sampling.SharesData); shared {
			if p.dataInputs, err = e.HiddenInput(positive); err != nil {
				return nil, err
			}
			given = append(given, p.dataInputs)
		}
		if _, shared := f.phase.(sampling.SharesSamples); shared {
			if p.sampleInputs, err = e.HiddenInput(p.negative); err != nil {
				return nil, err
			}
			given = append(given, p.sampleInputs)
		}
	}
	return p, p.compile(total, f.model, f.Solver, given, reads...)
}

// minus builds F of the rows of the negative phase, (rows), or E with the hidden means of one that knows them.
func (p *contrastivePlan) minus(e energy.RBM, means sampling.Means) (*G.Node, error) {
	if means == nil {
		return e.FreeEnergy(p.negative)
	}
	p.hiddenMeans = G.NewMatrix(p.negative.Graph(), p.negative.Dtype(), G.WithName("hidden means"), G.WithShape(means.HiddenMeans().Shape()...))
	return e.Energy(p.negative, p.hiddenMeans)
}

// rowMean builds Σ_ij a_ij·b_ij / n of two (n, columns), a scalar.
func rowMean(a, b *G.Node) (*G.Node, error) {
	rows, err := op.RowDot(a, b)
	if err != nil {
		return nil, err
	}
	return op.Mean(rows)
}

// bind gives the graph's inputs the weights and what the negative phase has made.
func (p *contrastivePlan) bind(phase sampling.Phase, negative *tensor.Dense, negativeWeights []float64) error {
	if len(negativeWeights) != p.negativeWeights.Shape()[0] {
		return fmt.Errorf("the negative phase gave %d weights, want %d: %w", len(negativeWeights), p.negativeWeights.Shape()[0], energy.ErrShape)
	}
	setFloats(p.positiveWeights, p.weights)
	setFloats(p.negativeWeights, negativeWeights)
	p.setShares(p.shares, p.weights)
	p.setShares(p.negativeShares, negativeWeights)
	if p.dataInputs != nil {
		if err := p.vm.Let(p.dataInputs, phase.(sampling.SharesData).DataInputs()); err != nil {
			return err
		}
	}
	if p.covariances != nil {
		means := phase.(sampling.Means)
		if err := p.vm.Let(p.hiddenMeans, means.HiddenMeans()); err != nil {
			return err
		}
		if err := p.vm.Let(p.covariances, means.Covariances()); err != nil {
			return err
		}
	}
	if p.sampleInputs != nil {
		if err := p.vm.Let(p.sampleInputs, phase.(sampling.SharesSamples).SampleInputs()); err != nil {
			return err
		}
	}
	return p.vm.Let(p.negative, negative)
}

// setShares sets the shares of rows with some weights, where there are shares.
func (p *contrastivePlan) setShares(shares *tensor.Dense, weights []float64) {
	if shares == nil {
		return
	}
	total, terms := kernel.Sum(weights), p.shareTerms[:len(weights)]
	for i, w := range weights {
		terms[i] = w / total
	}
	setFloats(shares, terms)
}
