package layers

import (
	"encoding/hex"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// maxMarginalStates bounds the joint states of the units that MarginalFreeEnergy sums out: each makes a row of every row of the batch.
const maxMarginalStates = 1 << 12

// MarginalFreeEnergy builds F(v_O) = −log Σ_{v_M} exp(−F(v)) with the marked visible units M summed out, the same ones in every row, so that
//
//	F(v) − F(v_O) = −log p(v_M | v_O):
//
// of the columns of a class it is the discriminative cost of the class given the features (Larochelle & Bengio 2008), to be added to any other: (B, visible)
// gives (B), nats. What v has in the marked columns does not matter. Gradient flows to v and all parameters. Errors: ErrShape for marks that
// are not one a visible column; ErrConfig for none, for a part of a OneHot unit, for real units and for more than 2^12 joint states; off the
// graph ObservedFreeEnergy knows more. Cost: that of FreeEnergy of batch × states rows.
func (r *RBM) MarginalFreeEnergy(v *G.Node, missing []bool) (*G.Node, error) {
	fail := func(format string, args ...any) (*G.Node, error) {
		return nil, fmt.Errorf("layers: RBM %q: MarginalFreeEnergy: %w", r.name, fmt.Errorf(format, args...))
	}
	n := r.Visible().Len()
	if len(missing) != n {
		return fail("%d marks, want one a visible column (%d): %w", len(missing), n, energy.ErrShape)
	}
	if v == nil || v.Dims() != 2 || v.Shape()[1] != n {
		return fail("visible has no shape (batch, %d): %w", n, energy.ErrShape)
	}
	if column := r.Visible().SplitGroup(missing); column >= 0 {
		return fail("a part of the OneHot group at column %d is marked, want all of it or none: %w", column, energy.ErrConfig)
	}
	units := r.Visible().Select(missing)
	if units.Len() == 0 {
		return fail("no column is marked, want FreeEnergy: %w", energy.ErrConfig)
	}
	count, err := units.StateCount()
	if err != nil {
		return fail("%w", err)
	}
	if count > maxMarginalStates {
		return fail("%v have %d joint states, want at most %d: %w", units, count, maxMarginalStates, energy.ErrConfig)
	}
	marks := make([]byte, (n+7)/8)
	for j, is := range missing {
		if is {
			marks[j/8] |= 1 << (j % 8)
		}
	}
	name := fmt.Sprintf("%s.without %s", r.name, hex.EncodeToString(marks))
	state := make([]float64, units.Len())
	states := r.constant(v.Graph(), name, count, func(i int, row []float64) {
		units.State(i, state)
		at := 0
		for j, is := range missing {
			if is {
				row[j] = state[at]
				at++
			}
		}
	})
	keep := r.constant(v.Graph(), fmt.Sprintf("%s of %d", name, v.Shape()[0]), v.Shape()[0], func(_ int, row []float64) {
		for j, is := range missing {
			if !is {
				row[j] = 1
			}
		}
	})
	return r.on("MarginalFreeEnergy", func(e energy.RBM) (*G.Node, error) { return e.MarginalFreeEnergy(v, keep, states) }, v)
}

// constant is an input of g of so many rows of visible numbers, which fill writes once.
func (r *RBM) constant(g *G.ExprGraph, name string, rows int, fill func(i int, row []float64)) *G.Node {
	for _, n := range g.ByName(name) {
		return n
	}
	columns := r.Visible().Len()
	x, row := tensor.New(tensor.Of(r.Dtype()), tensor.WithShape(rows, columns)), make([]float64, columns)
	for i := range rows {
		clear(row)
		fill(i, row)
		for j, value := range row {
			if r.Dtype() == tensor.Float32 {
				x.Float32s()[i*columns+j] = float32(value)
			} else {
				x.Float64s()[i*columns+j] = value
			}
		}
	}
	return G.NewMatrix(g, r.Dtype(), G.WithName(name), G.WithShape(rows, columns), G.WithValue(x))
}
