package op

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// forward computes the retrieved values or, where there are none, the log-sum-exp of the scores. With the largest score t_b
// of block b, and m the largest of all,
//
//	out = Σ_b exp(t_b − m)·o_b / l,   o_b = Σ_{j∈b} exp(s_j − t_b) v_j
//	lse = m + log l,   l = Σ_b exp(t_b − m)·l_b,   l_b = Σ_{j∈b} exp(s_j − t_b)
func (a *association[T]) forward(dst operand[T], in []operand[T], _, _ int) {
	a.bind(in)
	a.dst, a.lse = dst.data, sized(a.lse, a.queries)
	for a.first = 0; a.first < a.queries; a.first += a.group {
		a.count = min(a.group, a.queries-a.first)
		a.tops, a.sums = sized(a.tops, a.count*a.blocks), sized(a.sums, a.count*a.blocks)
		a.partial = sized(a.partial, a.blocks*a.count*a.width)
		kernel.Parallel(a.blocks*a.chunks(), a.grain(), a.retrieving)
		kernel.Parallel(a.count, cheap/(a.blocks*(a.width+1)), a.merging)
	}
	if a.width == 0 {
		copy(a.dst, a.lse)
	}
}

// retrieve computes what chunks of the group retrieve from single blocks, chunk after chunk of each block.
func (a *association[T]) retrieve(lo, hi int) {
	memory := a.spare.take()
	defer a.spare.giveBack(memory)
	for t := lo; t < hi; t++ {
		b, from := t/a.chunks(), t%a.chunks()*a.chunk
		rows := min(a.chunk, a.count-from)
		keys := a.part(a.k, a.depth, b)
		n := len(keys) / a.depth
		p := memory[:rows*n]
		a.scores(p, a.first+from, rows, keys)
		for r := range rows {
			row, at := p[r*n:(r+1)*n], (from+r)*a.blocks+b
			a.tops[at] = kernel.Max(row)
			a.sums[at] = kernel.ExpSum(row, row, a.tops[at])
		}
		if a.width > 0 {
			kernel.Gemm(false, false, rows, a.width, n, 1, p, n, a.part(a.v, a.width, b), a.width, false, a.partial[(b*a.count+from)*a.width:], a.width)
		}
	}
}

// merge merges what some queries of the group retrieved from all blocks. A block whose scores are all −Inf takes no part,
// unless no block has another.
func (a *association[T]) merge(lo, hi int) {
	for i := lo; i < hi; i++ {
		tops, sums := a.tops[i*a.blocks:][:a.blocks], a.sums[i*a.blocks:][:a.blocks]
		top := float64(kernel.Max(tops))
		total := 0.0
		for b, t := range tops {
			sums[b] *= math.Exp(float64(t) - top)
			if !math.IsInf(float64(t), -1) {
				total += sums[b]
			}
		}
		a.lse[a.first+i] = T(top)
		if !math.IsInf(top, 0) {
			a.lse[a.first+i] = T(top + math.Log(total))
		}
		if a.width == 0 {
			continue
		}
		row := a.dst[(a.first+i)*a.width:][:a.width]
		clear(row)
		for b, t := range tops {
			if math.IsInf(float64(t), -1) && !math.IsInf(top, -1) {
				continue
			}
			kernel.Axpy(T(math.Exp(float64(t)-top)/total), a.partial[(b*a.count+i)*a.width:][:a.width], row)
		}
	}
}
