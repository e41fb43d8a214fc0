package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// forward is where a forward run of a task puts its results.
type forward[T kernel.Float] struct {
	dst []T // from the task's first number on; nil where only stats are wanted
}

// Retrieve sets dst, (ΣL, H·E), to what the queries retrieve from the values, and leaves what the gradients need.
//
// Cost: L·S·(D + E) multiply-adds for Softmax, and L·S·D more for every pass that another separation function takes to find its
// threshold: one for TopK, some five to ten for the others.
func (e *Engine[T]) Retrieve(dst []T, b *Batch[T]) {
	e.reserveStats(b)
	e.dst = dst
	e.each(b, e.retrieving)
}

func (t *task[T]) retrieveAll() {
	if t.queries == 0 {
		return
	}
	t.forward.dst = t.e.dst[t.query*t.wide+t.head*t.width:]
	t.run()
}

func (e *Engine[T]) reserveStats(b *Batch[T]) { e.stats = sized(e.stats, b.Rows(e.Heads)*e.Heads) }

// run computes the task's stats, and what its queries retrieve.
func (t *task[T]) run() {
	if t.stored == 0 {
		for i := range t.queries {
			*t.stat(i) = stat[T]{shift: T(math.Inf(-1))}
			if t.forward.dst != nil {
				clear(t.forward.dst[i*t.wide:][:t.width])
			}
		}
		return
	}
	for t.first = 0; t.cut(); t.first += t.group {
		switch t.rule.Kind {
		case Softmax:
		case TopK:
			t.findTop()
		default:
			t.findThresholds()
		}
		if t.forward.dst == nil && t.rule.Kind != Softmax {
			continue
		}
		t.tops, t.sums = sized(t.tops, t.count*t.blocks), sized(t.sums, t.count*t.blocks)
		if t.forward.dst != nil {
			t.partial = sized(t.partial, t.blocks*t.count*t.width)
		}
		kernel.Parallel(t.blocks*t.chunks(), t.grain(), t.retrieving)
		kernel.Parallel(t.count, cheap/(t.blocks*(t.width+1)), t.merging)
	}
}

// retrieve computes what chunks of the group retrieve from single blocks. Under Softmax with the largest score t_b of block b, and
// m the largest of all,
//
//	out = Σ_b exp(t_b − m)·o_b / l,   o_b = Σ_{j∈b} exp(s_j − t_b) v_j
//	lse = m + log l,   l = Σ_b exp(t_b − m)·l_b,   l_b = Σ_{j∈b} exp(s_j − t_b)
//
// so that one pass gives both; the others know their thresholds by now, and out = Σ_b o_b.
func (t *task[T]) retrieve(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for u := lo; u < hi; u++ {
		b, from, rows, n := t.at(u)
		p := memory[:rows*n]
		t.scores(p, t.first+from, rows, b)
		for r := range rows {
			row, at := p[r*n:(r+1)*n], (from+r)*t.blocks+b
			if t.rule.Kind == Softmax {
				t.tops[at] = kernel.Max(row)
				if math.IsInf(float64(t.tops[at]), -1) {
					clear(row)
					t.sums[at] = 0
					continue
				}
				t.sums[at] = kernel.ExpSum(row, row, t.tops[at])
			} else {
				t.weigh(row, t.stat(t.first+from+r), b)
			}
		}
		if t.forward.dst == nil {
			continue
		}
		t.drop(p, memory[t.chunk*t.block:], t.first+from, rows, b)
		kernel.Gemm(false, false, rows, t.width, n, 1, p, n, t.v[b*t.block*t.wide:], t.wide, false, t.partial[(b*t.count+from)*t.width:], t.width)
	}
}

// drop applies dropout to weights, with a mask that every pass draws alike.
func (t *task[T]) drop(p, memory []T, i, rows, b int) {
	if t.b.Dropout == 0 {
		return
	}
	n := t.size(b)
	u := memory[:n]
	for r := range rows {
		row := p[r*n : (r+1)*n]
		at := (t.query+i+r)*t.e.Heads + t.head
		rng.Uniform(t.b.Noise.Row(at, t.b.Step).Part(b), u)
		kernel.Drop(row, row, u, T(t.b.Dropout), T(1/(1-t.b.Dropout)))
	}
}

// merge merges what some queries of the group retrieved from all blocks.
func (t *task[T]) merge(lo, hi int) {
	for i := lo; i < hi; i++ {
		top, total := 0.0, 1.0
		tops := t.tops[i*t.blocks:][:t.blocks]
		if t.rule.Kind == Softmax {
			top, total = t.mergeSums(i, tops)
		}
		if t.forward.dst == nil {
			continue
		}
		row := t.forward.dst[(t.first+i)*t.wide:][:t.width]
		clear(row)
		if math.IsInf(top, -1) {
			continue
		}
		for b := range t.blocks {
			factor := 1.0
			if t.rule.Kind == Softmax {
				if math.IsInf(float64(tops[b]), -1) {
					continue
				}
				factor = math.Exp(float64(tops[b])-top) / total
			}
			kernel.Axpy(T(factor), t.partial[(b*t.count+i)*t.width:][:t.width], row)
		}
	}
}

// mergeSums sets the log-sum-exp of query i of the group, and returns its largest score m and l.
func (t *task[T]) mergeSums(i int, tops []T) (top, total float64) {
	sums := t.sums[i*t.blocks:][:t.blocks]
	top = float64(kernel.Max(tops))
	s := t.stat(t.first + i)
	s.shift, s.norm = T(top), 1
	if math.IsInf(top, -1) {
		return top, 1
	}
	for b, x := range tops {
		if !math.IsInf(float64(x), -1) {
			total += sums[b] * math.Exp(float64(x)-top)
		}
	}
	if !math.IsInf(top, 0) {
		s.shift = T(top + math.Log(total))
	}
	return top, total
}
