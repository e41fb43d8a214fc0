package likelihood

import (
	"context"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/layers"
)

// FreeEnergyGap is mean F(held out) − mean F(training), in nats: by how much the machine finds rows it was trained on more probable than others
// of their kind, log Z being the same for both. Around 0 it does not overfit; it is to be watched while it grows. The deviation is that of both
// means, whatever the rows in them. Errors: what the visible units' Check says of the data, and ErrConfig for a convention that cannot be.
//
// Source: G. Hinton, "A Practical Guide to Training Restricted Boltzmann Machines", 2010, section 6.
func FreeEnergyGap(ctx context.Context, m Model, training, heldOut *tensor.Dense, c Convention, seed uint64) (Score, error) {
	fail := func(what string, err error) (Score, error) {
		return Score{}, named(m, "FreeEnergyGap", fmt.Errorf("%s%w", what, err))
	}
	if err := checkModel(m); err != nil {
		return fail("", err)
	}
	held, err := freeEnergies(ctx, m, heldOut, c, seed+1)
	if err != nil {
		return fail("held-out rows: ", err)
	}
	seen, err := freeEnergies(ctx, m, training, c, seed)
	if err != nil {
		return fail("training rows: ", err)
	}
	high, low := newScore("", held, c), newScore("", seen, c)
	return Score{"free-energy gap", high.Value - low.Value, math.Hypot(high.Deviation, low.Deviation), high.Rows + low.Rows, c}, nil
}

// freeEnergies is F of each row, in float64.
func freeEnergies(ctx context.Context, m Model, data *tensor.Dense, c Convention, seed uint64) ([]float64, error) {
	rows, err := readRows[float64](m, data, c, seed)
	if err != nil {
		return nil, err
	}
	if bm, ok := m.(*layers.Boltzmann); ok {
		return boltzmannFreeEnergies(ctx, bm, rows)
	}
	rbm := m.(*layers.RBM)
	p, err := plain64(rbm)
	if err != nil {
		return nil, err
	}
	f := p.FreeEnergy(rows, data.Shape()[0])
	shift := constant(rbm)
	for i := range f {
		f[i] += shift
	}
	return f, nil
}
