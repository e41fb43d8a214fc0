package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// PCD is persistent contrastive divergence: chains that go on from one update to the next, and whose number is free of the
// batch's.
//
// Source: T. Tieleman, "Training Restricted Boltzmann Machines Using Approximations to the Likelihood Gradient", ICML 2008.
type PCD struct {
	Steps  int // k Gibbs steps between updates; 0 means 1
	Chains int // 0 means 100
}

// String returns PCD-k and the number of chains.
func (c PCD) String() string {
	return fmt.Sprintf("PCD-%d with %d chains", gibbsSteps(c.Steps).count(), c.chains())
}

func (c PCD) chains() int {
	if c.Chains == 0 {
		return 100
	}
	return c.Chains
}

// Start satisfies Negative. The chains start at draws from the visible biases.
func (c PCD) Start(m *layers.RBM, seed uint64) (Phase, error) {
	if c.Chains < 0 {
		return nil, fmt.Errorf("sampling: PCD: Chains is %d, want at least 1, or 0 for 100: %w", c.Chains, energy.ErrConfig)
	}
	state, err := RandomState(m, c.chains(), seed)
	if err != nil {
		return nil, err
	}
	p := &pcdPhase{gibbs: Gibbs{Model: m, Seed: seed}, state: state, weights: ones(c.chains())}
	if err := p.SetSteps(c.Steps); err != nil {
		return nil, err
	}
	return p, nil
}

type pcdPhase struct {
	gibbs   Gibbs
	steps   gibbsSteps
	state   *State
	weights []float64
}

func (p *pcdPhase) SetSteps(k int) error  { return p.steps.set("PCD", k) }
func (p *pcdPhase) Rows(int) int          { return len(p.weights) }
func (p *pcdPhase) Chains() *tensor.Dense { return p.state.Visible }

func (p *pcdPhase) Next(_ *tensor.Dense, _ []float64, step uint64) (*tensor.Dense, []float64, error) {
	p.state.Step = address(step)
	for range p.steps.count() {
		if err := p.gibbs.Step(p.state); err != nil {
			return nil, nil, err
		}
	}
	return p.state.Visible, p.weights, nil
}
