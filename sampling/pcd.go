package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// PCD is persistent contrastive divergence: chains that go on from one update to the next, and whose number is free of the
// batch's. A step draws the visible units, whose rows the cost sees, and then the hidden ones, which the next step goes on from: the
// inputs of the hidden units are needed for both, and are computed once.
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

// Start satisfies Negative. The chains start at hidden units given draws from the visible biases.
func (c PCD) Start(m *layers.RBM, seed uint64) (Phase, error) {
	if c.Chains < 0 {
		return nil, fmt.Errorf("sampling: PCD: Chains is %d, want at least 1, or 0 for 100: %w", c.Chains, energy.ErrConfig)
	}
	state, err := RandomState(m, c.chains(), seed)
	if err != nil {
		return nil, err
	}
	p := &pcdPhase{gibbs: Gibbs{Model: m, Seed: seed}, state: state, weights: ones(c.chains()), inputs: state.Hidden.Clone().(*tensor.Dense)}
	if err := p.SetSteps(c.Steps); err != nil {
		return nil, err
	}
	visible := state.Visible.Clone().(*tensor.Dense)
	state.Step = firstDraw
	if err := p.gibbs.step(state, hiddenFirst, nil); err != nil {
		return nil, err
	}
	state.Visible = visible
	return p, nil
}

// firstDraw is a step that no training reaches.
const firstDraw = 1<<48 - 1

type pcdPhase struct {
	gibbs   Gibbs
	steps   gibbsSteps
	state   *State
	weights []float64
	inputs  *tensor.Dense // of the hidden units given the visible ones
}

var _ SharesSamples = (*pcdPhase)(nil)

func (p *pcdPhase) SetSteps(k int) error  { return p.steps.set("PCD", k) }
func (p *pcdPhase) Rows(int) int          { return len(p.weights) }
func (p *pcdPhase) Chains() *tensor.Dense { return p.state.Hidden }

func (p *pcdPhase) SampleInputs() *tensor.Dense { return p.inputs }

func (p *pcdPhase) Next(_ *tensor.Dense, _ []float64, step uint64) (*tensor.Dense, []float64, error) {
	p.state.Step = address(step)
	for range p.steps.count() {
		if err := p.gibbs.Model.Hidden().Check(p.state.Hidden); err != nil { // it may have been written to
			return nil, nil, fmt.Errorf("sampling: PCD of RBM %q: Next: chains: %w", p.gibbs.Model.Name(), err)
		}
		if err := p.gibbs.step(p.state, visibleFirst, p.inputs); err != nil {
			return nil, nil, err
		}
	}
	return p.state.Visible, p.weights, nil
}
