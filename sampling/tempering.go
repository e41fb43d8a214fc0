package sampling

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/layers"
)

// Tempering is persistent parallel tempering: chains that go on from one update to the next as those of PCD do, each with replicas on a
// ladder of inverse temperatures, see ParallelTempering. The cost sees the replicas at β = 1, which come to all modes of the model by
// way of the hotter ones, where PCD's chains stay in the one that they are in. A step costs Replicas times what one of PCD does.
//
// Source: G. Desjardins, A. Courville, Y. Bengio, P. Vincent, O. Delalleau, "Parallel Tempering for Training of Restricted Boltzmann
// Machines", AISTATS 2010; K. Cho, T. Raiko, A. Ilin, IJCNN 2010.
type Tempering struct {
	Steps    int       // k steps of all replicas between updates; 0 means 1
	Chains   int       // 0 means 100
	Replicas int       // rungs of each chain, evenly spaced; 0 means 10, or as many as Betas has
	Betas    []float64 // the ladder, see ParallelTempering
	Base     []float64 // biases at β = 0, see ParallelTempering; nil follows the model's own
}

// String returns Tempering-k with the numbers of chains and replicas, and what is set of ladder and base.
func (c Tempering) String() string {
	p := ParallelTempering{Replicas: c.Replicas, Betas: c.Betas}
	s := fmt.Sprintf("Tempering-%d with %d chains of %d replicas", gibbsSteps(c.Steps).count(), c.chains(), len(p.Ladder()))
	if c.Betas != nil {
		s += fmt.Sprintf(" at %v", c.Betas)
	}
	if c.Base != nil {
		s += fmt.Sprintf(" from %v", c.Base)
	}
	return s
}

func (c Tempering) chains() int {
	if c.Chains == 0 {
		return 100
	}
	return c.Chains
}

// Start satisfies Negative. All replicas start at draws of the base.
func (c Tempering) Start(m *layers.RBM, seed uint64) (Phase, error) {
	if m == nil {
		return nil, fmt.Errorf("sampling: Tempering: no model given: %w", energy.ErrConfig)
	}
	if c.Chains < 0 {
		return nil, fmt.Errorf("sampling: Tempering: Chains is %d, want at least 1, or 0 for 100: %w", c.Chains, energy.ErrConfig)
	}
	p := &temperingPhase{kernel: ParallelTempering{Model: m, Seed: seed, Replicas: c.Replicas, Betas: c.Betas, Base: c.Base}, weights: ones(c.chains())}
	if err := p.SetSteps(c.Steps); err != nil {
		return nil, err
	}
	err := p.kernel.checkLadder()
	if err == nil && m.Dtype() == tensor.Float32 {
		err = startTempering[float32](p)
	} else if err == nil {
		err = startTempering[float64](p)
	}
	if err != nil {
		return nil, fmt.Errorf("sampling: Tempering of RBM %q: %w", m.Name(), err)
	}
	return p, nil
}

type temperingPhase struct {
	kernel  ParallelTempering
	steps   gibbsSteps
	weights []float64
	rows    *tensor.Dense // the visible units at β = 1
	all     *tensor.Dense // and of all replicas: the kernel's own memory
}

func startTempering[T kernel.Float](p *temperingPhase) error {
	w, _, err := temperingOf[T](&p.kernel, len(p.weights))
	if err != nil {
		return err
	}
	w.path.DrawBase(w.rows, firstDraw)
	n := p.kernel.Model.Visible().Len()
	p.all = tensor.New(tensor.WithShape(w.rows.N, n), tensor.WithBacking(w.rows.V))
	p.rows = tensor.New(tensor.Of(p.kernel.Model.Dtype()), tensor.WithShape(w.n, n))
	return nil
}

func (p *temperingPhase) SetSteps(k int) error { return p.steps.set("Tempering", k) }
func (p *temperingPhase) Rows(int) int         { return len(p.weights) }

// Chains are the visible units of all replicas, from which a step draws everything else.
func (p *temperingPhase) Chains() *tensor.Dense { return p.all }

func (p *temperingPhase) Next(_ *tensor.Dense, _ []float64, step uint64) (*tensor.Dense, []float64, error) {
	err := p.kernel.Model.Visible().Check(p.all) // it may have been written to
	if err == nil && p.kernel.Model.Dtype() == tensor.Float32 {
		err = nextTempering[float32](p, step)
	} else if err == nil {
		err = nextTempering[float64](p, step)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("sampling: Tempering of RBM %q: Next: chains: %w", p.kernel.Model.Name(), err)
	}
	return p.rows, p.weights, nil
}

func nextTempering[T kernel.Float](p *temperingPhase, step uint64) error {
	w, _, err := temperingOf[T](&p.kernel, len(p.weights))
	if err != nil {
		return err
	}
	k := uint64(p.steps.count())
	for i := range k {
		w.step(&p.kernel, address(step)+i, step*k+i)
	}
	w.give(op.Numbers[T](p.rows), w.rows.V)
	return nil
}
