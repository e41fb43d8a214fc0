package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// MeanField is the negative phase of naive mean-field theory: in place of samples there are means, which a few rounds of
//
//	h ← Γ′_h(vW + c)        v ← Γ′_v(hWᵀ + b)
//
// take towards a solution of the mean-field equations. Where these hold, the gradient of F at v is that of the mean-field free energy: the
// units count as independent. It is wrong in the first order of W, and as a negative phase it is known to fail: the free energy
// is bounded from the wrong side, so that learning raises the error of the bound, and one solution stands for all modes (Welling and Hinton find
// it to work only where chains of means start at the data, with few rounds). It draws no random numbers but the start. TAP is better at its price.
//
// Source: M. Welling, G. Hinton, "A New Learning Algorithm for Mean Field Boltzmann Machines", ICANN 2002.
type MeanField struct {
	Iterations int // rounds between updates; 0 means 10
	// Chains is how many means go on from one update to the next, started at draws from the visible biases; 0 starts at the rows of each batch.
	Chains int
}

// String returns the rounds, and where they start.
func (c MeanField) String() string {
	if c.Chains > 0 {
		return fmt.Sprintf("mean field, %d rounds, with %d chains", c.iterations(), c.Chains)
	}
	return fmt.Sprintf("mean field, %d rounds from the data", c.iterations())
}

func (c MeanField) iterations() int {
	if c.Iterations == 0 {
		return 10
	}
	return c.Iterations
}

// Start satisfies Negative. It is an ErrConfig for visible units whose variance is learned: means do not tell it.
func (c MeanField) Start(m *layers.RBM, seed uint64) (Phase, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: MeanField: no model given: %w", energy.ErrConfig)
	}
	if c.Iterations < 0 || c.Chains < 0 {
		return nil, fmt.Errorf("sampling: MeanField: Iterations is %d and Chains %d, want none below 0: %w", c.Iterations, c.Chains, energy.ErrConfig)
	}
	if s := m.Param("visible_log_variance"); s != nil && s.Learned() {
		return nil, fmt.Errorf("sampling: MeanField: RBM %q: the visible units %v learn their variance, which means do not tell: %w", m.Name(), m.Visible(), energy.ErrConfig)
	}
	p := &meanFieldPhase{model: m, iterations: c.iterations()}
	if c.Chains > 0 {
		state, err := RandomState(m, c.Chains, seed)
		if err != nil {
			return nil, err
		}
		p.persistent, p.visible, p.hidden, p.weights = true, state.Visible, state.Hidden, ones(c.Chains)
	}
	return p, nil
}

type meanFieldPhase struct {
	model           *layers.RBM
	iterations      int
	persistent      bool
	visible, hidden *tensor.Dense // means
	weights         []float64     // of persistent ones
}

func (p *meanFieldPhase) Rows(batch int) int {
	if p.persistent {
		return len(p.weights)
	}
	return batch
}

func (p *meanFieldPhase) Chains() *tensor.Dense {
	if p.persistent {
		return p.visible
	}
	return nil
}

func (p *meanFieldPhase) Next(data *tensor.Dense, weights []float64, _ uint64) (*tensor.Dense, []float64, error) {
	fail := func(what string, err error) (*tensor.Dense, []float64, error) {
		return nil, nil, fmt.Errorf("sampling: MeanField of RBM %q: Next: %s%w", p.model.Name(), what, err)
	}
	if p.persistent {
		if err := p.model.Visible().Check(p.visible); err != nil { // it may have been written to
			return fail("chains: ", err)
		}
		weights = p.weights
	} else {
		if err := checkRows(p.model, data); err != nil {
			return fail("data: ", err)
		}
		rows := data.Shape()[0]
		if len(weights) != rows {
			return fail("", fmt.Errorf("%d weights, want one a row (%d): %w", len(weights), rows, energy.ErrShape))
		}
		if p.visible == nil || p.visible.Shape()[0] != rows {
			p.hidden = tensor.New(tensor.Of(data.Dtype()), tensor.WithShape(rows, p.model.Hidden().Len()))
			p.visible = tensor.New(tensor.Of(data.Dtype()), tensor.WithShape(data.Shape()...))
		}
		if err := tensor.Copy(p.visible, data); err != nil {
			return fail("data: ", err)
		}
	}
	if p.model.Dtype() == tensor.Float32 {
		return p.visible, weights, meanFieldRounds[float32](p)
	}
	return p.visible, weights, meanFieldRounds[float64](p)
}

func meanFieldRounds[T kernel.Float](p *meanFieldPhase) error {
	plain, err := layers.PlainOf[T](p.model)
	if err != nil {
		return err
	}
	v, h, rows := op.Numbers[T](p.visible), op.Numbers[T](p.hidden), p.visible.Shape()[0]
	for range p.iterations {
		plain.HiddenMean(h, v, rows)
		plain.VisibleMean(v, h, rows)
	}
	return nil
}
