package sampling

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/units"
	"github.com/harmonium-go/harmonium/layers"
)

// DenoiseBoltzmann is Denoise by a Boltzmann machine: hidden units are drawn beside each of the rows, (rows, visible), then all units are
// drawn for a few sweeps, and what is returned is E[v_i | all other units] where the chains end: the rows pulled towards what the machine finds
// likely. One sweep removes what is unlike the machine and keeps the rest; many forget the row. When ctx ends it returns ctx's error. Errors:
// ErrConfig for sweeps below 1, and what NewBoltzmannState says of the rows. Cost: sweeps + 10 sweeps of a chain a row.
func DenoiseBoltzmann(ctx context.Context, m *layers.Boltzmann, rows *tensor.Dense, sweeps int, seed uint64) (*tensor.Dense, error) {
	s, err := NewBoltzmannState(m, rows, seed)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*tensor.Dense, error) {
		return nil, fmt.Errorf("sampling: DenoiseBoltzmann by Boltzmann %q: %w", m.Name(), err)
	}
	if sweeps < 1 || sweeps > maxSteps {
		return fail(fmt.Errorf("%d sweeps, want 1 to %d: %w", sweeps, maxSteps, energy.ErrConfig))
	}
	if s.Hidden != nil {
		if err := newSweeps(m, rng.New(seed, "clamped").Uint64(0), true).run(s, 10, 0); err != nil {
			return fail(err)
		}
	}
	free := newSweeps(m, seed, false)
	for k := range sweeps {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		if err := free.run(s, 1, uint64(k)); err != nil {
			return fail(err)
		}
	}
	if m.Dtype() == tensor.Float32 {
		err = toVisibleMeans[float32](m, s)
	} else {
		err = toVisibleMeans[float64](m, s)
	}
	if err != nil {
		return fail(err)
	}
	return s.Visible, nil
}

// toVisibleMeans sets each visible unit to its mean given all others.
func toVisibleMeans[T kernel.Float](m *layers.Boltzmann, s *State) error {
	p, err := layers.PlainBoltzmannOf[T](m)
	if err != nil {
		return err
	}
	n, visible := p.Len(), p.VisibleLen
	x := gatherAll[T](nil, s, n)
	field, v := make([]T, len(x)), op.Numbers[T](s.Visible)
	p.Input(field, x, len(x)/n)
	family := units.In[T](m.Visible().Kind())
	var logVariance []T
	if p.LogVariance != nil {
		logVariance = p.LogVariance[:visible]
	}
	for r := range len(x) / n {
		family.Mean(v[r*visible:(r+1)*visible], field[r*n:r*n+visible], logVariance)
	}
	return nil
}
