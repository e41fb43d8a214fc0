package likelihood

import (
	"context"
	"fmt"

	"slices"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// PseudoLikelihood is the log-probability of each visible unit given all the others,
//
//	Σ_i log p(v_i | v_−i) = −Σ_i log Σ_x exp(F(v) − F(v with x in place of v_i))        nats a row
//
// x going through the states of unit i. It needs no Z and is cheap, and says how well single units are filled in: it can rise while the
// likelihood falls, and does not compare models as that does.
//
// Source: J. Besag, "Statistical Analysis of Non-Lattice Data", The Statistician 24 (1975).
type PseudoLikelihood struct {
	// Units is how many units are drawn in each row, with replacement, to stand for all: an unbiased estimate. 0 means all of them, exact and
	// without any draw.
	Units int
	// Convention says what grey values are taken for; what is not a state after that has no pseudo-likelihood.
	Convention Convention
	// Seed of the drawn units and of the stochastic convention; it must be 0 where nothing is drawn.
	Seed uint64
}

// Of returns the pseudo-likelihood of data, (rows, visible), as a mean over the rows. The visible units must be Bernoulli, Spin or OneHot. Errors:
// ErrConfig for other units and for settings that cannot be, what the units' Check says of the data, ErrRange for data that are no states, and
// ctx's error. Cost: one (rows×visible)·(visible×hidden) product, and Γ of the hidden units for each state of each unit of each row.
func (p PseudoLikelihood) Of(ctx context.Context, m *layers.RBM, data *tensor.Dense) (Score, error) {
	err := checkModel(m)
	if err == nil {
		err = p.check(m)
	}
	if err == nil {
		var s Score
		if m.Dtype() == tensor.Float32 {
			s, err = pseudoLikelihood[float32](ctx, p, m, data)
		} else {
			s, err = pseudoLikelihood[float64](ctx, p, m, data)
		}
		if err == nil {
			return s, nil
		}
	}
	return Score{}, named(m, "PseudoLikelihood", err)
}

func (p PseudoLikelihood) check(m *layers.RBM) error {
	switch {
	case p.Units < 0:
		return fmt.Errorf("Units is %d, want a positive number, or 0 for all: %w", p.Units, energy.ErrConfig)
	case p.Units == 0 && p.Convention != Stochastic && p.Seed != 0:
		return fmt.Errorf("Seed is %d, which cannot take effect where nothing is drawn: %w", p.Seed, energy.ErrConfig)
	}
	for _, f := range m.Visible().Families() {
		if !slices.Contains([]string{"Bernoulli", "Spin", "OneHot"}, f) {
			return fmt.Errorf("visible units are %v, want Bernoulli, Spin or OneHot: %w", m.Visible(), energy.ErrConfig)
		}
	}
	return nil
}

func pseudoLikelihood[T kernel.Float](ctx context.Context, c PseudoLikelihood, m *layers.RBM, data *tensor.Dense) (Score, error) {
	v, err := readRows[T](m, data, c.Convention, c.Seed)
	if err != nil {
		return Score{}, err
	}
	p, err := layers.PlainOf[T](m)
	if err != nil {
		return Score{}, err
	}
	all := unitsOf(m.Visible())
	for r := range data.Shape()[0] {
		for _, u := range all {
			for i := u.first; i < u.end; i++ {
				if x := float64(v[r*p.VisibleLen+i]); x != 1 && x != u.low {
					return Score{}, fmt.Errorf("row %d, column %d: %g is no state of a unit, see Convention: %w", r, i, x, energy.ErrRange)
				}
			}
		}
	}
	rows, draws := data.Shape()[0], rng.New(c.Seed, "pseudo-likelihood")
	logs, inputs := make([]float64, rows), make([]T, rows*p.HiddenLen)
	p.HiddenInput(inputs, v, rows)
	const block = 256 // rows between two looks at ctx
	for first := 0; first < rows; first += block {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		kernel.Parallel(min(block, rows-first), 1, func(lo, hi int) {
			moved := make([]T, p.HiddenLen)
			for r := first + lo; r < first+hi; r++ {
				row, input := v[r*p.VisibleLen:(r+1)*p.VisibleLen], inputs[r*p.HiddenLen:(r+1)*p.HiddenLen]
				own := float64(p.Hidden.CGF(input, p.HiddenLogVariance))
				if c.Units == 0 {
					for _, u := range all {
						logs[r] += conditional(p, u, row, input, own, moved)
					}
					continue
				}
				for k := range c.Units {
					u := all[draws.Uint64(uint64(r)+uint64(k)<<32)%uint64(len(all))]
					logs[r] += conditional(p, u, row, input, own, moved) * float64(len(all)) / float64(c.Units)
				}
			}
		})
	}
	return newScore("pseudo-likelihood", logs, c.Convention), nil
}

// conditional is log p(v_i | v_−i) of a unit of a row. input are the inputs of the hidden units and own is their Γ.
func conditional[T kernel.Float](p layers.Plain[T], u unit, row, input []T, own float64, moved []T) float64 {
	relative := func(changes ...change) float64 { // exp of it is how much more probable the row is with the changes
		copy(moved, input)
		bias := 0.0
		for _, c := range changes {
			kernel.Axpy(T(c.by), p.W[c.column*p.HiddenLen:(c.column+1)*p.HiddenLen], moved)
			bias += c.by * float64(p.B[c.column])
		}
		return bias + float64(p.Hidden.CGF(moved, p.HiddenLogVariance)) - own
	}
	if u.end == u.first+1 {
		return -kernel.Softplus1(relative(change{u.first, 1 + u.low - 2*float64(row[u.first])}))
	}
	on := u.first
	for row[on] != 1 {
		on++
	}
	logs := []float64{0}
	for i := u.first; i < u.end; i++ {
		if i != on {
			logs = append(logs, relative(change{on, -1}, change{i, 1}))
		}
	}
	return -logSumExp(logs)
}

// change is what a column of a row changes by.
type change struct {
	column int
	by     float64
}

// unit is the columns of a visible unit. One of a single column is low or 1, one of several has a 1 among zeros.
type unit struct {
	first, end int
	low        float64
}

func unitsOf(u energy.Units) []unit {
	var all []unit
	spins := u.Columns("Spin")
	for i := range u.Len() {
		if n := u.UnitOf(i); n == len(all) {
			all = append(all, unit{first: i})
			if spins[i] {
				all[n].low = -1
			}
		}
		all[len(all)-1].end = i + 1
	}
	return all
}
