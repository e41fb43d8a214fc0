package sampling

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
)

// Exact is the exact negative phase of a machine whose visible units can be enumerated: all visible states, weighted by
// p(v). The contrastive cost then has the gradient of the negative log-likelihood. Cost of a step: 2^n rows for n binary
// units, so it is for small machines.
type Exact struct{}

// maxExactRows bounds the rows of an exact phase: they are a batch of the training graph.
const maxExactRows = 1 << 16

// String returns its name.
func (Exact) String() string { return "exact gradient" }

// Start satisfies Negative. It is an ErrConfig for visible units that cannot be enumerated.
func (Exact) Start(m *layers.RBM, _ uint64) (Phase, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: Exact: no model given: %w", energy.ErrConfig)
	}
	count, err := m.Visible().StateCount()
	if err != nil {
		return nil, fmt.Errorf("sampling: Exact: RBM %q: %w", m.Name(), err)
	}
	if count > maxExactRows {
		return nil, fmt.Errorf("sampling: Exact: RBM %q: %d visible states, want at most %d: %w", m.Name(), count, maxExactRows, energy.ErrConfig)
	}
	p := &exactPhase{model: m, weights: make([]float64, count)}
	p.states, err = m.Visible().States(m.Dtype())
	return p, err
}

type exactPhase struct {
	model   *layers.RBM
	states  *tensor.Dense
	weights []float64
}

func (p *exactPhase) Rows(int) int          { return len(p.weights) }
func (p *exactPhase) Chains() *tensor.Dense { return nil }

func (p *exactPhase) Next(*tensor.Dense, []float64, uint64) (*tensor.Dense, []float64, error) {
	var err error
	if p.model.Dtype() == tensor.Float32 {
		err = weigh[float32](p)
	} else {
		err = weigh[float64](p)
	}
	return p.states, p.weights, err
}

// weigh sets the weights to p(v) of each state.
func weigh[T kernel.Float](p *exactPhase) error {
	plain, err := layers.PlainOf[T](p.model)
	if err != nil {
		return err
	}
	f := plain.FreeEnergy(p.states.Data().([]T), len(p.weights))
	least := math.Inf(1)
	for _, x := range f {
		least = min(least, x)
	}
	total := 0.0
	for i, x := range f {
		p.weights[i] = math.Exp(least - x)
		total += p.weights[i]
	}
	for i := range p.weights {
		p.weights[i] /= total
	}
	return nil
}
