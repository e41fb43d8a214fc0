package likelihood

import (
	"context"
	"math"

	"github.com/harmonium-go/harmonium/internal/annealed"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/layers"
)

// probeSteps is how long the chains of a probe run; they are averaged over the second half.
const probeSteps = 100

// probe looks for a mode that no annealing leads to: one chain starts from each hidden unit, or up to so many of them, switched on alone,
// since narrow deep modes are made by hidden units of strong weights. It returns the base biases fitted to the chain that stays at the
// lowest free energy. AIS from there is a lower bound like any other, and where it lies above what was taken for an upper bound that is wrong.
func probe[T kernel.Float](ctx context.Context, m *layers.RBM, most int, seed uint64) ([]float64, error) {
	path, err := annealed.New[T](m, make([]float64, m.Visible().Len()), seed)
	if err != nil {
		return nil, err
	}
	hidden, visible := m.Hidden().Len(), m.Visible().Len()
	c := path.NewChains(min(hidden, most))
	spins, groups := m.Hidden().Columns("Spin"), m.Hidden().Columns("OneHot")
	for i := range c.N {
		on := i * hidden / c.N
		for j := range hidden {
			h := &c.H[i*hidden+j]
			switch {
			case j == on:
				*h = 1
			case spins[j]:
				*h = -1
			case groups[j] && m.Hidden().UnitOf(j) != m.Hidden().UnitOf(on) && (j == 0 || m.Hidden().UnitOf(j-1) != m.Hidden().UnitOf(j)):
				*h = 1
			}
		}
	}
	one, energies := make([]float64, c.N), make([]float64, c.N)
	for i := range one {
		one[i] = 1
	}
	path.DrawVisible(c, one, 0)
	totals, means := make([]float64, c.N), make([]float64, c.N*visible)
	for step := range probeSteps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path.Step(c, one, uint64(step+1))
		if step < probeSteps/2 {
			continue
		}
		path.FreeEnergy(energies, c, one)
		for i, f := range energies {
			totals[i] += f
		}
		for k, x := range c.V {
			means[k] += float64(x) / (probeSteps / 2)
		}
	}
	best, least := 0, math.Inf(1)
	for i, f := range totals {
		if f < least {
			best, least = i, f
		}
	}
	return annealed.BaseOf(m, means[best*visible:(best+1)*visible])
}
