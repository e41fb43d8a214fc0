package associative

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Asynchronous updates one unit after the other, in a new random order each sweep. For symmetric couplings without a diagonal no flip raises
// the energy, and with Ties Keep each lowers it, so that recall ends in a fixed point.
type Asynchronous struct {
	Seed uint64 // of the orders, which are the same for every row
	// InOrder visits the units in their order. Only then is a cycle told: in random orders the same state is left in other ways.
	InOrder bool
	// MaxSweeps ends a recall that is not at rest; 0 means 100.
	MaxSweeps int
	// Clamped marks units, one each, that keep the values they are given: what is known, when a pattern is to be completed. nil is none.
	Clamped []bool
}

func (d Asynchronous) validate(n int) error {
	var seed error
	if d.InOrder && d.Seed != 0 {
		seed = fmt.Errorf("Seed is %d, but nothing is drawn where units are updated InOrder: %w", d.Seed, energy.ErrConfig)
	}
	return cmp.Or(seed, validSweeps("MaxSweeps", d.MaxSweeps), validClamped(n, d.Clamped))
}

func (d Asynchronous) run(h *Hopfield, rows []*row) {
	orders, met := newOrders(d.Seed, h.n, d.InOrder), make([]*cycles[float64], len(rows))
	if d.InOrder {
		for k, r := range rows {
			met[k] = newCycles(r.x)
		}
	}
	active := slices.Clone(rows)
	for sweep := range cmp.Or(d.MaxSweeps, defaultSweeps) {
		order := orders.at(sweep) // drawn once for all rows
		each(h, active, func(r *row) {
			changed := r.sweep(h, order, d.Clamped)
			r.sweeps++
			r.note(h)
			switch {
			case !changed:
				r.cycle = 1
			case d.InOrder:
				r.cycle = met[r.number].after(r.x)
			}
		})
		if active = slices.DeleteFunc(active, func(r *row) bool { return r.cycle != 0 }); len(active) == 0 {
			return
		}
	}
}

// sweep updates units one by one; it reports whether any changed.
func (r *row) sweep(h *Hopfield, order []int, clamped []bool) (changed bool) {
	for _, i := range order {
		if clamped != nil && clamped[i] {
			continue
		}
		x, field := r.x[i], h.field(i, r.sums[i])
		if field*x > h.tie[i] {
			continue // what nearly all units are: 1, or −1, as their field says
		}
		if next := h.next(i, x, field); next != x {
			r.set(h, i, next)
			changed = true
		}
	}
	return changed
}

// orders are the orders of sweeps.
type orders struct {
	n      int
	stream rng.Stream
	fixed  []int // nil where orders are random
}

func newOrders(seed uint64, n int, inOrder bool) *orders {
	o := &orders{n: n, stream: rng.New(seed, "associative order")}
	if inOrder {
		o.fixed = make([]int, n)
		for i := range o.fixed {
			o.fixed[i] = i
		}
	}
	return o
}

// at returns the order of a sweep: of the seed and the sweep alone.
func (o *orders) at(sweep int) []int {
	if o.fixed != nil {
		return o.fixed
	}
	return o.stream.Perm(o.n, uint64(sweep))
}
