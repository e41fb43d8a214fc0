package associative

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// PackedRecalled is what a recall of a PackedHopfield ends with, for each row: see Recalled.
type PackedRecalled struct {
	States *PackedSpins
	Sweeps []int // made
	// Cycle is the length of the cycle that the row has run into: 1 is a fixed point, 2 two states in turn, 0 that none was found before
	// the sweeps ended.
	Cycle  []int
	Energy []float64 // of States
	// Trace is the energy before the first sweep and after each.
	Trace [][]float64
	// Overlaps are m_μ of States with the patterns: n where a pattern is recalled without an error, −n where its negative is.
	Overlaps [][]int
}

// packedRow is one state under recall. Its overlaps belong to the state at all times.
type packedRow struct {
	h        *PackedHopfield
	x        []uint64
	distance []int
	// overlaps has as many numbers as p bits fill words; those behind the p-th mean nothing.
	overlaps []int32
	total    int64 // Σ_μ m_μ
	sweeps   int
	cycle    int
	trace    []float64
}

// Recall lets states follow their fields until they are at rest or the sweeps are up, by Synchronous or Asynchronous dynamics. Given the
// same patterns and settings it ends as Hopfield.Recall does with Hebb's couplings, in every number.
//
// Errors: ErrShape for the states; ErrConfig and ErrShape for the settings, and ErrConfig for other dynamics.
// Cost: of a synchronous sweep P·n/64 words for the overlaps and P·n additions, 16 or 8 at a time, for the fields; of an asynchronous one
// P additions for each unit, and as many for each that flips.
func (h *PackedHopfield) Recall(states *PackedSpins, d Dynamics) (*PackedRecalled, error) {
	if err := h.check("Recall", "states", states); err != nil {
		return nil, err
	}
	var err error
	switch d := d.(type) {
	case Synchronous, Asynchronous:
		err = d.validate(h.n)
	case nil:
		return nil, fmt.Errorf("associative: PackedHopfield: Recall: no dynamics given, want Synchronous{}, say: %w", energy.ErrConfig)
	default:
		err = fmt.Errorf("want Synchronous or Asynchronous: %w", energy.ErrConfig)
	}
	if err != nil {
		return nil, fmt.Errorf("associative: PackedHopfield: Recall: %T: %w", d, err)
	}
	return h.recall(states, d), nil
}

// recall carries copies of states to their end.
func (h *PackedHopfield) recall(states *PackedSpins, d Dynamics) *PackedRecalled {
	rows := h.start(states)
	for _, r := range rows {
		r.note()
	}
	switch d := d.(type) {
	case Synchronous:
		h.synchronous(d, rows)
	case Asynchronous:
		h.asynchronous(d, rows)
	}
	out := &PackedRecalled{
		States: &PackedSpins{len(rows), h.n, h.words, make([]uint64, 0, len(rows)*h.words)},
		Sweeps: make([]int, len(rows)), Cycle: make([]int, len(rows)), Energy: make([]float64, len(rows)),
		Trace: make([][]float64, len(rows)), Overlaps: make([][]int, len(rows)),
	}
	for k, r := range rows {
		out.States.bits = append(out.States.bits, r.x...)
		out.Sweeps[k], out.Cycle[k], out.Trace[k], out.Overlaps[k] = r.sweeps, r.cycle, r.trace, r.overlapsOf()
		out.Energy[k] = r.energy()
	}
	return out
}

// start takes copies of states and counts their overlaps.
func (h *PackedHopfield) start(states *PackedSpins) []*packedRow {
	x := slices.Clone(states.bits)
	cut(x, h.n)
	rows := make([]*packedRow, states.rows)
	for k := range rows {
		rows[k] = &packedRow{
			h: h, x: x[k*h.words : (k+1)*h.words], distance: make([]int, h.p), overlaps: make([]int32, (h.p+63)/64*64),
		}
	}
	h.each(rows, (*packedRow).count)
	return rows
}

// each runs rows side by side, or the work of one side by side.
func (h *PackedHopfield) each(rows []*packedRow, f func(r *packedRow)) {
	kernel.Parallel(len(rows), 1+1<<16/(1+h.words*h.p), func(lo, hi int) {
		for _, r := range rows[lo:hi] {
			f(r)
		}
	})
}

// count sets the overlaps.
func (r *packedRow) count() {
	kernel.Hammings(r.distance, r.x, r.h.rows)
	r.total = 0
	for mu, d := range r.distance {
		r.overlaps[mu] = int32(r.h.n - 2*d)
		r.total += int64(r.overlaps[mu])
	}
}

func (r *packedRow) overlapsOf() []int {
	out := make([]int, r.h.p)
	for mu := range out {
		out[mu] = int(r.overlaps[mu])
	}
	return out
}

// energy has the steps of Hopfield.energy, whose −½ xᵀMx is this whole number.
func (r *packedRow) energy() float64 {
	sum := int64(0)
	for _, m := range r.overlaps[:r.h.p] {
		sum += int64(m) * int64(m)
	}
	sum -= r.own() * int64(r.h.n)
	return -(1/float64(r.h.n))*float64(sum)/2 + 0 // not −0
}

// own is what a unit takes off its field: n w_ii without the diagonal, and nothing with it.
func (r *packedRow) own() int64 {
	if r.h.config.KeepDiagonal {
		return 0
	}
	return int64(r.h.p)
}

// note adds the energy to the trace.
func (r *packedRow) note() { r.trace = append(r.trace, r.energy()) }

// synchronous recall: fields by sums down the patterns' bits, overlaps by counting bits.
func (h *PackedHopfield) synchronous(d Synchronous, rows []*packedRow) {
	held := packedMarks(d.Clamped, h.words)
	h.each(rows, func(r *packedRow) {
		next, met := make([]uint64, h.words), newCycles(r.x)
		for range cmp.Or(d.MaxSweeps, defaultSweeps) {
			r.together(next, held)
			copy(r.x, next)
			if r.cycle = met.after(r.x); r.cycle != 1 {
				r.count()
			}
			r.sweeps++
			r.note()
			if r.cycle != 0 {
				return
			}
		}
	})
}

// packedMarks sets a bit for each mark; nil for nil.
func packedMarks(marks []bool, words int) []uint64 {
	if marks == nil {
		return nil
	}
	out := make([]uint64, words)
	for i, marked := range marks {
		if marked {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

// blockWords are updated at a time.
const blockWords = 32

// together writes the state after an update of all units but those that are held.
func (r *packedRow) together(next, held []uint64) {
	kernel.Parallel(len(next), 1+1<<12/(r.h.p+1), func(lo, hi int) {
		var sums [64 * blockWords]int64
		for w := lo; w < hi; w += blockWords {
			end := min(w+blockWords, hi)
			kernel.ChosenSums(sums[:64*(end-w)], r.overlaps[:r.h.p], r.h.rows, r.h.words, w)
			for k := w; k < end; k++ {
				next[k] = r.updated(r.x[k], sums[64*(k-w):64*(k-w+1)])
				if held != nil {
					next[k] = next[k]&^held[k] | r.x[k]&held[k]
				}
			}
		}
	})
	cut(next, r.h.n)
}

// updated is the word that follows x. The field of a unit, n h_i = 2·sum − total − own·x_i with the sum over the patterns in which it is 1, is
// a whole number: that ties keep a unit of 1 is a threshold of −1 instead of 0 for such units.
func (r *packedRow) updated(x uint64, sums []int64) (next uint64) {
	low, high := r.total-r.own(), r.total+r.own() // what the doubled sum must exceed where the unit is −1, and where it is 1
	if r.h.config.Ties == Keep {
		high--
	}
	for _, sum := range sums { // of 64 units, the lowest bit first; a branch would be taken every other time
		threshold := low + (high-low)*int64(x&1)
		x >>= 1
		next = next>>1 | uint64(threshold-2*sum)&(1<<63)
	}
	return next
}

// asynchronous recall: the field of a unit by the bits of its column, and every overlap moves by ±2 where a unit flips.
func (h *PackedHopfield) asynchronous(d Asynchronous, rows []*packedRow) {
	orders, columns := newOrders(d.Seed, h.n, d.InOrder), h.columns.by(h.transposed)
	met := make(map[*packedRow]*cycles[uint64])
	if d.InOrder {
		for _, r := range rows {
			met[r] = newCycles(r.x)
		}
	}
	active := slices.Clone(rows)
	for sweep := range cmp.Or(d.MaxSweeps, defaultSweeps) {
		order := orders.at(sweep)
		h.each(active, func(r *packedRow) {
			changed := r.oneByOne(order, columns, d.Clamped)
			r.sweeps++
			r.note()
			switch {
			case !changed:
				r.cycle = 1
			case d.InOrder:
				r.cycle = met[r].after(r.x)
			}
		})
		if active = slices.DeleteFunc(active, func(r *packedRow) bool { return r.cycle != 0 }); len(active) == 0 {
			return
		}
	}
}

// oneByOne is a sweep; it reports whether any unit changed.
func (r *packedRow) oneByOne(order []int, columns []uint64, clamped []bool) (changed bool) {
	own, deep := r.own(), len(r.overlaps)/64
	for _, i := range order {
		if clamped != nil && clamped[i] {
			continue
		}
		column, x := columns[i*deep:(i+1)*deep], int64(r.x[i/64]>>(i%64)&1)*2-1
		field := 2*kernel.ChosenSum(r.overlaps, column) - r.total - own*x
		next := x
		switch {
		case field > 0:
			next = 1
		case field < 0 || r.h.config.Ties == Minus:
			next = -1
		}
		if next == x {
			continue
		}
		changed = true
		r.x[i/64] ^= 1 << (i % 64)
		kernel.AddSigned(r.overlaps, column, int32(2*next))
		ones := 0
		for _, word := range column {
			ones += bits.OnesCount64(word)
		}
		r.total += 2 * next * int64(2*ones-r.h.p)
	}
	return changed
}
