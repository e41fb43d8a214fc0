package training

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// supervisedPlan is the graph of a step for one size of batch, compiled.
type supervisedPlan struct {
	feed             feed
	targets, weights *tensor.Dense
	sampleWeights    []float64
	compiled
}

// plan returns the graph for a batch of samples: weighted mean cost + L1·Σ|W| + L2/2·ΣW².
func (f *supervisedFit) plan(batch []int) (*supervisedPlan, error) {
	return f.plans.of(f.samples.size(batch), func() (*supervisedPlan, error) {
		op.Building.Lock()
		defer op.Building.Unlock()
		n := len(batch)
		g, p := G.NewGraph(), &supervisedPlan{sampleWeights: make([]float64, n)}
		var targets, weights, y *G.Node
		var err error
		if p.feed, y, err = f.samples.build(g, f.dtype, batch); err != nil {
			return nil, err
		}
		p.targets, targets = input(g, f.dtype, "target", n, f.targets.Width())
		p.weights, weights = input(g, f.dtype, "weights", n)
		perSample, err := f.Cost(y, targets)
		if err != nil {
			return nil, err
		}
		cost, err := op.WeightedMean(perSample, weights)
		if err != nil {
			return nil, err
		}
		total, err := penalized(cost, f.model, f.L1, f.L2)
		if err != nil {
			return nil, err
		}
		p.clipNorm = f.ClipNorm
		return p, p.compile(total, f.model, f.Solver, nil)
	})
}

// update makes a step. Where the graph turns out to keep to the shapes that it was built for, it is made with one that was built
// for this batch: no parameter has moved then.
func (f *supervisedFit) update(stepper *Stepper, batch []int, _ int, step uint64) (float64, error) {
	cost, err := f.step(stepper, batch, step)
	if err != nil && f.samples.fix() {
		cost, err = f.step(stepper, batch, step)
	}
	return cost, err
}

func (f *supervisedFit) step(stepper *Stepper, batch []int, step uint64) (float64, error) {
	p, err := f.plan(batch)
	if err != nil {
		return 0, err
	}
	if gatherWeights(p.sampleWeights, f.Weights, batch) == 0 { // a batch of samples that count for nothing
		return 0, nil
	}
	setFloats(p.weights, p.sampleWeights)
	if err := p.feed.read(p.vm, batch); err != nil {
		return 0, err
	}
	if err := f.targets.Read(p.targets, batch, 0); err != nil {
		return 0, err
	}
	if noisy, ok := f.model.(layers.Stochastic); ok {
		noisy.SetStep(step)
	}
	return p.compiled.step(stepper)
}

// gatherWeights puts the weights of a batch into dst and returns their sum.
func gatherWeights(dst, all []float64, rows []int) (total float64) {
	for i, r := range rows {
		dst[i] = 1
		if all != nil {
			dst[i] = all[r]
		}
		total += dst[i]
	}
	return total
}
