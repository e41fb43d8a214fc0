package association

import (
	"math"
	"slices"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Settling says how states are updated, ξ ← Σ_j p_ij k_j, the values being the keys.
type Settling struct {
	Steps      []int     // updates at most, of each head
	Tolerances []float64 // a query of a head stops once an update has moved it by less than its head's; 0 for never
	Implicit   bool      // the gradient is that of the fixed point, see SettleBackward
}

// Settled keeps what the gradient of an update needs.
type Settled[T kernel.Float] struct {
	Taken    []int     // updates of each query in each head
	Residual []float64 // how far the last one moved it

	frames []frame[T]
	active []bool
	batch  Batch[T]
	work   [6][]T
}

// frame is the states before an update.
type frame[T kernel.Float] struct {
	states []T
	stats  []stat[T]
	active []bool
}

// Settle sets dst, (ΣL, H·D), to the queries after their updates. With keep the states in between are kept for SettleBackward:
// memory for the queries times the steps taken. Cost: a Retrieve a step, until the last query has stopped.
func (e *Engine[T]) Settle(dst []T, b *Batch[T], s Settling, r *Settled[T], keep bool) {
	e.settle(dst, b, s, r, 0, keep && !s.Implicit)
}

// settle keeps the frames from a step on.
func (e *Engine[T]) settle(dst []T, b *Batch[T], s Settling, r *Settled[T], from int, keep bool) {
	n := b.Rows(e.Heads) * e.Heads
	r.Taken, r.Residual, r.active = sized(r.Taken, n), sized(r.Residual, n), sized(r.active, n)
	clear(r.Taken)
	for i := range n {
		r.Residual[i], r.active[i] = math.Inf(1), s.Steps[i%e.Heads] > 0
	}
	r.batch = *b
	r.batch.V, r.batch.Width, r.batch.Dropout = b.K, b.Depth, 0
	copy(dst, b.Q)
	r.frames = r.frames[:0]
	before := sized(r.work[0], len(dst))
	r.work[0] = before
	for step, moving := 0, slices.Contains(r.active, true); moving; step++ {
		copy(before, dst)
		r.batch.Q = before
		e.Retrieve(dst, &r.batch)
		if keep && step >= from {
			r.keep(before, e.stats)
		}
		moving = false
		for i := range n {
			old, now := before[i*b.Depth:(i+1)*b.Depth], dst[i*b.Depth:(i+1)*b.Depth]
			if !r.active[i] {
				copy(now, old)
				continue
			}
			r.Taken[i]++
			r.Residual[i] = distance(old, now)
			r.active[i] = r.Residual[i] >= s.Tolerances[i%e.Heads] && r.Taken[i] < s.Steps[i%e.Heads] // NaN will never settle
			moving = moving || r.active[i]
		}
	}
}

// keep adds a frame, in the memory of an earlier run where there is some.
func (r *Settled[T]) keep(states []T, stats []stat[T]) {
	if len(r.frames) < cap(r.frames) {
		r.frames = r.frames[:len(r.frames)+1]
	} else {
		r.frames = append(r.frames, frame[T]{})
	}
	f := &r.frames[len(r.frames)-1]
	f.states = append(f.states[:0], states...)
	f.stats = append(f.stats[:0], stats...)
	f.active = append(f.active[:0], r.active...)
}

func distance[T kernel.Float](x, y []T) float64 {
	square := 0.0
	for d := range x {
		diff := float64(x[d]) - float64(y[d])
		square += diff * diff
	}
	return math.Sqrt(square)
}

// SettleBackward sets dq and dk to the gradients of what Settle gave, and leaves those with regard to β and α.
//
// Unless Implicit, it goes back through every update. Else it solves (I − J)u = g at the fixed point, J = ∂f/∂ξ, and the gradient
// is that of a single update from there with u flowing back: no state in between is needed, and none flows to the queries, from
// whose start the fixed point does not depend. A query that had not settled, or whose J is seen to stretch something by more than
// 0.999, has no such gradient: it goes back through its last 100 updates.
func (e *Engine[T]) SettleBackward(b *Batch[T], s Settling, r *Settled[T], out, g, dq, dk []T) {
	clear(dk)
	rows := b.Rows(e.Heads) * e.Heads
	e.slopes, e.bends = sized(e.slopes, rows), sized(e.bends, rows)
	clear(e.slopes)
	clear(e.bends)
	copy(dq, g)
	if !s.Implicit {
		e.unroll(r, out, dq, dk)
		return
	}
	if e.implicit(s, r, out, dq, dk) {
		return
	}
	const longest = 100
	taken := 0
	for _, t := range r.Taken {
		taken = max(taken, t)
	}
	var again Settled[T]
	end := make([]T, len(out))
	e.settle(end, b, s, &again, taken-longest, true)
	e.unroll(&again, end, dq, dk)
}

// unroll goes back through the frames: grad, the gradient of the last states, becomes that of the first, and dk grows.
func (e *Engine[T]) unroll(r *Settled[T], out, grad, dk []T) {
	depth := r.batch.Depth
	masked, back := sized(r.work[1], len(grad)), sized(r.work[2], len(grad))
	r.work[1], r.work[2] = masked, back
	for t := len(r.frames) - 1; t >= 0; t-- {
		f := &r.frames[t]
		for i, active := range f.active {
			row := masked[i*depth : (i+1)*depth]
			if active {
				copy(row, grad[i*depth:])
			} else {
				clear(row)
			}
		}
		r.batch.Q = f.states
		e.stats = append(e.stats[:0], f.stats...)
		e.Backward(&r.batch, Gradients[T]{Out: out, G: masked, DQ: back, DK: dk, Values: true, Accumulate: true})
		for i, active := range f.active {
			if active {
				copy(grad[i*depth:(i+1)*depth], back[i*depth:])
			}
		}
		out = f.states
	}
}
