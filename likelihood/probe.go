package likelihood

import (
	"context"

	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
)

// probe fits bases to modes that no annealing may lead to. AIS from such a base is a lower bound like any other, and where it lies above what was
// taken for an upper bound that is wrong.
type probe[T kernel.Float] struct {
	m    *layers.RBM
	path *annealed.Path[T]
	step uint64
}

// settleSteps is how long the chains of a probe run at the model; they are looked at over the second half.
const settleSteps = 100

func newProbe[T kernel.Float](m *layers.RBM, seed uint64) (*probe[T], error) {
	path, err := annealed.New[T](m, make([]float64, m.Visible().Len()), seed)
	return &probe[T]{m: m, path: path}, err
}

// deepest starts a chain from each hidden unit, or from most of them, switched on alone: narrow deep modes are made by units of strong weights.
// It returns the base fitted to the chain that stays at the lowest free energy.
func (p *probe[T]) deepest(ctx context.Context, most int) ([]float64, error) {
	hidden, u := p.m.Hidden().Len(), p.m.Hidden()
	c := p.path.NewChains(min(hidden, most))
	spins, groups := u.Columns("Spin"), u.Columns("OneHot")
	for i := range c.N {
		on := i * hidden / c.N
		for j := range hidden {
			first := j == 0 || u.UnitOf(j-1) != u.UnitOf(j)
			switch h := &c.H[i*hidden+j]; {
			case j == on, groups[j] && first && u.UnitOf(j) != u.UnitOf(on):
				*h = 1
			case spins[j]:
				*h = -1
			}
		}
	}
	p.step++
	p.path.DrawVisible(c, ones(c.N), p.step)
	means, energies, err := p.settle(ctx, c)
	if err != nil {
		return nil, err
	}
	best := 0
	for i, f := range energies {
		if f < energies[best] {
			best = i
		}
	}
	width := p.m.Visible().Len()
	return annealed.BaseOf(p.m, means[best*width:(best+1)*width])
}

// around returns the base fitted to chains that start at one visible state.
func (p *probe[T]) around(ctx context.Context, state []T) ([]float64, error) {
	const chains = 20
	c := p.path.NewChains(chains)
	for i := range chains {
		copy(c.V[i*len(state):], state)
	}
	p.path.Refresh(c)
	means, _, err := p.settle(ctx, c)
	if err != nil {
		return nil, err
	}
	return fitBase(p.m, means)
}

// settle runs chains and returns the mean state and the mean free energy of each.
func (p *probe[T]) settle(ctx context.Context, c *annealed.Chains[T]) (means, energies []float64, err error) {
	means, energies = make([]float64, len(c.V)), make([]float64, c.N)
	beta, now := ones(c.N), make([]float64, c.N)
	for step := range settleSteps {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p.step++
		p.path.Step(c, beta, p.step)
		if step < settleSteps/2 {
			continue
		}
		p.path.FreeEnergy(now, c, beta)
		kernel.Axpy(1.0/(settleSteps/2), now, energies)
		for k, x := range c.V {
			means[k] += float64(x) / (settleSteps / 2)
		}
	}
	return means, energies, nil
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}
