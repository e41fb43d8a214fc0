package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// CD is contrastive divergence: the negative rows are where chains that start at the data stand after a few Gibbs steps, with
// the weights of the rows that they started from.
//
// Source: G. Hinton, Neural Computation 14 (2002).
type CD struct {
	Steps int // k Gibbs steps; 0 means 1
}

// String returns CD-k.
func (c CD) String() string { return fmt.Sprintf("CD-%d", gibbsSteps(c.Steps).count()) }

// Start satisfies Negative.
func (c CD) Start(m *layers.RBM, seed uint64) (Phase, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: CD: no model given: %w", energy.ErrConfig)
	}
	p := &cdPhase{gibbs: Gibbs{Model: m, Seed: seed}}
	if err := p.SetSteps(c.Steps); err != nil {
		return nil, err
	}
	return p, nil
}

type cdPhase struct {
	gibbs        Gibbs
	steps        gibbsSteps
	state        State
	hiddenInputs *tensor.Dense // given the data
}

var _ SharesData = (*cdPhase)(nil)

func (p *cdPhase) SetSteps(k int) error  { return p.steps.set("CD", k) }
func (p *cdPhase) Rows(batch int) int    { return batch }
func (p *cdPhase) Chains() *tensor.Dense { return nil }

func (p *cdPhase) DataInputs() *tensor.Dense { return p.hiddenInputs }

func (p *cdPhase) Next(data *tensor.Dense, weights []float64, step uint64) (*tensor.Dense, []float64, error) {
	if err := checkRows(p.gibbs.Model, data); err != nil {
		return nil, nil, fmt.Errorf("sampling: CD of RBM %q: Next: data: %w", p.gibbs.Model.Name(), err)
	}
	rows := data.Shape()[0]
	if len(weights) != rows {
		return nil, nil, fmt.Errorf("sampling: CD of RBM %q: Next: %d weights, want one a row (%d): %w", p.gibbs.Model.Name(), len(weights), rows, energy.ErrShape)
	}
	if p.state.Visible == nil || p.state.Visible.Shape()[0] != rows {
		p.state.Visible = tensor.New(tensor.Of(data.Dtype()), tensor.WithShape(data.Shape()...))
		p.state.Hidden = tensor.New(tensor.Of(data.Dtype()), tensor.WithShape(rows, p.gibbs.Model.Hidden().Len()))
		p.hiddenInputs = p.state.Hidden.Clone().(*tensor.Dense)
	}
	if data.Dtype() == tensor.Float32 { // tensor.Copy allocates
		copy(p.state.Visible.Float32s(), data.Float32s())
	} else {
		copy(p.state.Visible.Float64s(), data.Float64s())
	}
	p.state.Step = address(step)
	kept := p.hiddenInputs
	for i := range p.steps.count() {
		if i > 0 { // the data have been checked
			if err := p.gibbs.check(&p.state); err != nil {
				return nil, nil, err
			}
		}
		if err := p.gibbs.step(&p.state, hiddenFirst, kept); err != nil {
			return nil, nil, err
		}
		kept = nil
	}
	return p.state.Visible, weights, nil
}
