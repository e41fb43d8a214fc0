package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Gradients is what flows back into a run, and where its gradients go. The stats are those of the forward run of the same batch.
type Gradients[T kernel.Float] struct {
	Out, G []T // the result of the forward run and the gradient of it; of Conjugate only G, and Width is 0

	DQ, DK []T // as Q and K; nil where not wanted
	// Values says that the keys are the values, and DK is to have their gradient as such too: in one pass for Dot, else with
	// scratch memory of the size of the keys.
	Values bool
	// Accumulate adds to DK, β and α what the run gives; DQ is set.
	Accumulate bool
}

// backward is the running gradients of a task.
type backward[T kernel.Float] struct {
	out, g, dq, dk []T // from the task's first number on, or nil
	fused          bool
	accumulate     bool
}

// Backward computes gradients, and Slope and Bend those with regard to β and to α. With the gradient g of the result,
//
//	dz_ij = w_ij (g_i·v_j − m_i) − p_ij c_i,   m_i = Σ_j w_ij g_i·v_j / Σ_j w_ij
//
// where w = p for Softmax and TopK, p^(2−α) for Entmax, 1 where 0 < p < 1 for Subsets, and c = 0; Normmax see scoreGrad. Of
// Conjugate dz_ij = g_i p_ij. Then, for Dot, dQ = β dz K, dK = β dzᵀQ, dβ = Σ_i q_i·(dz K)_i.
func (e *Engine[T]) Backward(b *Batch[T], gr Gradients[T]) {
	rows := b.Rows(e.Heads) * e.Heads
	if !gr.Accumulate || len(e.slopes) != rows {
		e.slopes, e.bends = sized(e.slopes, rows), sized(e.bends, rows)
		clear(e.slopes)
		clear(e.bends)
	}
	e.gr = gr
	e.each(b, e.differentiating)
}

func (t *task[T]) differentiateAll() {
	gr := t.e.gr
	at := t.query*t.stride + t.head*t.depth
	t.backward = backward[T]{fused: gr.Values && t.e.Similarity == Dot, accumulate: gr.Accumulate}
	if gr.DK != nil && t.stored > 0 {
		t.backward.dk = gr.DK[t.pattern*t.stride+t.head*t.depth:]
	}
	if t.queries == 0 || t.stored == 0 {
		t.clearGradients(gr, at)
		return
	}
	if gr.DQ != nil {
		t.backward.dq = gr.DQ[at:]
	}
	if t.width > 0 {
		from := t.query*t.wide + t.head*t.width
		t.backward.out, t.backward.g = gr.Out[from:], gr.G[from:]
	} else {
		t.backward.g = gr.G[t.query*t.e.Heads+t.head:]
	}
	t.findMeans()
	if t.e.Similarity == Euclidean {
		t.columns = sized(t.columns, t.stored)
		clear(t.columns)
	}
	keys := t.backward.dk
	if keys != nil && t.e.Similarity != Dot && (t.backward.accumulate || gr.Values) { // the last step on keys is of this run's alone
		t.backward.dk, t.backward.accumulate = make([]T, t.stored*t.stride), false
	}
	for t.first = 0; t.cut(); t.first += t.group {
		t.partial = sized(t.partial, t.blocks*t.count*t.depth)
		t.moments = sized(t.moments, t.count*t.blocks)
		kernel.Parallel(t.blocks, t.grain(), t.differentiating)
		kernel.Parallel(t.count, cheap/(t.blocks*t.depth), t.mergingGrad)
	}
	if keys == nil {
		return
	}
	t.finishKeys()
	if t.e.Similarity == Dot || !(gr.Accumulate || gr.Values) {
		return
	}
	for j := range t.stored {
		row, own := keys[j*t.stride:][:t.depth], t.backward.dk[j*t.stride:][:t.depth]
		if gr.Accumulate {
			kernel.Axpy(1, own, row)
		} else {
			copy(row, own)
		}
	}
	if gr.Values {
		t.returnValues(keys, t.stride, 1, true)
	}
}

// clearGradients is for a task without queries or without stored patterns.
func (t *task[T]) clearGradients(gr Gradients[T], at int) {
	if gr.DQ != nil {
		for i := range t.queries {
			clear(gr.DQ[at+i*t.stride:][:t.depth])
		}
	}
	if t.backward.dk != nil && !gr.Accumulate {
		for j := range t.stored {
			clear(t.backward.dk[j*t.stride:][:t.depth])
		}
	}
}

// differentiate computes dK of some blocks, and what they add to dz K for the queries of the group.
func (t *task[T]) differentiate(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for b := lo; b < hi; b++ {
		n := t.size(b)
		k := t.k[b*t.block*t.stride:]
		for from := 0; from < t.count; from += t.chunk {
			i, rows := t.first+from, min(t.chunk, t.count-from)
			p, dz := memory[:rows*n], memory[t.chunk*t.block:][:rows*n]
			t.weights(p, i, rows, b)
			t.scoreGrad(dz, p, i, rows, b)
			keep := t.backward.accumulate || i > 0
			partial := t.partial[(b*t.count+from)*t.depth:]
			if t.e.Similarity == Manhattan {
				t.manhattanGrad(dz, partial, i, from, rows, b, keep)
				continue
			}
			t.toProducts(dz, i, from, rows, b)
			if t.backward.dk != nil {
				dk := t.backward.dk[b*t.block*t.stride:]
				kernel.Gemm(true, false, n, t.depth, rows, t.beta, dz, n, t.q[i*t.stride:], t.stride, keep, dk, t.stride)
				if t.backward.fused {
					t.dropAgain(p, i, rows, b)
					kernel.Gemm(true, false, n, t.width, rows, 1, p, n, t.backward.g[i*t.wide:], t.wide, true, dk, t.stride)
				}
			}
			kernel.Gemm(false, false, rows, t.depth, n, 1, dz, n, k, t.stride, false, partial, t.depth)
		}
	}
}

// dropAgain applies the mask of the forward run to weights, with scratch memory of its own.
func (t *task[T]) dropAgain(p []T, i, rows, b int) {
	if t.b.Dropout > 0 {
		t.drop(p, make([]T, t.size(b)), i, rows, b)
	}
}

// toProducts makes of dz, the gradient with regard to scores, that with regard to the products q_i·k_j, and keeps the sums that the
// parts of a similarity beside the product need.
func (t *task[T]) toProducts(dz []T, i, from, rows, b int) {
	n := t.size(b)
	switch t.e.Similarity {
	case Cosine:
		t.scaleToCosines(dz, i, rows, b)
	case Euclidean:
		columns := t.columns[b*t.block:][:n]
		for r := range rows {
			row := dz[r*n : (r+1)*n]
			kernel.Scale(row, row, 2)
			kernel.Axpy(1, row, columns)
			t.moments[(from+r)*t.blocks+b] = moment{value: kernel.Total(row), slope: kernel.Dot(row, t.kn[b*t.block:])}
		}
	}
}

// mergeGrad adds up dz K of some queries of the group over all blocks, and makes dQ and the slope of β of it.
func (t *task[T]) mergeGrad(lo, hi int) {
	for i := lo; i < hi; i++ {
		u := t.partial[i*t.depth:][:t.depth] // of block 0, to which the others are added
		for b := 1; b < t.blocks; b++ {
			kernel.Axpy(1, t.partial[(b*t.count+i)*t.depth:][:t.depth], u)
		}
		q := t.q[(t.first+i)*t.stride:][:t.depth]
		slope := kernel.Dot(q, u)
		switch t.e.Similarity {
		case Cosine:
			inverse := float64(t.qn[t.first+i])
			kernel.Axpy(T(-slope*inverse*inverse), q, u)
		case Euclidean, Manhattan:
			m := t.collect(i)
			if t.e.Similarity == Manhattan {
				slope = m.value
				break
			}
			slope -= (float64(t.qn[t.first+i])*m.value + m.slope) / 2
			kernel.Axpy(T(-m.value), q, u)
		}
		t.e.slopes[(t.query+t.first+i)*t.e.Heads+t.head] += slope
		if t.backward.dq != nil {
			kernel.Scale(t.backward.dq[(t.first+i)*t.stride:][:t.depth], u, t.beta)
		}
	}
}

// finishKeys adds to dK what a similarity has beside the product.
func (t *task[T]) finishKeys() {
	for j := range t.stored {
		k, dk := t.k[j*t.stride:][:t.depth], t.backward.dk[j*t.stride:][:t.depth]
		switch t.e.Similarity {
		case Cosine:
			inverse := float64(t.kn[j])
			kernel.Axpy(T(-kernel.Dot(k, dk)*inverse*inverse), k, dk)
		case Euclidean:
			kernel.Axpy(-t.beta*t.columns[j], k, dk)
		}
	}
}

// manhattanGrad is differentiate for the sum of absolute differences, whose derivative at 0 is taken as 0.
func (t *task[T]) manhattanGrad(dz, partial []T, i, from, rows, b int, keep bool) {
	n, q, k := t.size(b), t.q[i*t.stride:], t.k[b*t.block*t.stride:]
	var dk []T
	if t.backward.dk != nil {
		dk = t.backward.dk[b*t.block*t.stride:]
		if !keep {
			for j := range n {
				clear(dk[j*t.stride:][:t.depth])
			}
		}
	}
	for r := range rows {
		x, u, sum := q[r*t.stride:][:t.depth], partial[r*t.depth:][:t.depth], 0.0
		clear(u)
		for j, slope := range dz[r*n : (r+1)*n] {
			if slope == 0 {
				continue
			}
			for d, y := range k[j*t.stride:][:t.depth] {
				sum -= float64(slope) * math.Abs(float64(x[d]-y))
				toward := slope
				switch {
				case x[d] == y:
					continue
				case x[d] > y:
					toward = -slope
				}
				u[d] += toward
				if dk != nil {
					dk[j*t.stride+d] -= t.beta * toward
				}
			}
		}
		t.moments[(from+r)*t.blocks+b] = moment{value: sum}
	}
}

// ValueGrads sets dV = pᵀg, or adds alpha times it.
func (e *Engine[T]) ValueGrads(b *Batch[T], dv, g []T, alpha T, accumulate bool) {
	e.dst, e.gr, e.alpha = dv, Gradients[T]{G: g, Accumulate: accumulate}, alpha
	e.each(b, e.returning)
}

func (t *task[T]) returnAll() {
	if t.stored == 0 {
		return
	}
	to, accumulate := t.e.dst[t.pattern*t.wide+t.head*t.width:], t.e.gr.Accumulate
	if t.queries == 0 {
		for j := range t.stored {
			if !accumulate {
				clear(to[j*t.wide:][:t.width])
			}
		}
		return
	}
	t.backward = backward[T]{g: t.e.gr.G[t.query*t.wide+t.head*t.width:]}
	t.returnValues(to, t.wide, t.e.alpha, accumulate)
}

// returnValues computes the gradient with regard to the values.
func (t *task[T]) returnValues(to []T, stride int, alpha T, accumulate bool) {
	t.values = returned[T]{to, stride, alpha, accumulate}
	kernel.Parallel(t.blocks, t.grain(), t.returning)
}

// returned is where returnValues puts its result.
type returned[T kernel.Float] struct {
	to         []T
	stride     int
	alpha      T
	accumulate bool
}

func (t *task[T]) valueGrad(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for b := lo; b < hi; b++ {
		n := t.size(b)
		for i := 0; i < t.queries; i += t.chunk {
			rows := min(t.chunk, t.queries-i)
			p := memory[:rows*n]
			t.weights(p, i, rows, b)
			t.drop(p, memory[t.chunk*t.block:], i, rows, b)
			v := t.values
			kernel.Gemm(true, false, n, t.width, rows, v.alpha, p, n, t.backward.g[i*t.wide:], t.wide,
				v.accumulate || i > 0, v.to[b*t.block*v.stride:], v.stride)
		}
	}
}

// Slope returns the gradient with regard to β of a head, of the last Backward.
func (e *Engine[T]) Slope(head int) T { return T(e.total(e.slopes, head)) }

// Bend returns the gradient with regard to α of a head, of the last Backward.
func (e *Engine[T]) Bend(head int) T { return T(e.total(e.bends, head)) }

func (e *Engine[T]) total(x []float64, head int) (sum float64) {
	for i := head; i < len(x); i += e.Heads {
		sum += x[i]
	}
	return sum
}
