package op

import "github.com/harmonium-go/harmonium/internal/kernel"

// gradients computes the gradients with regard to the keys, into dst, and to the queries and beta, for queryGrad and
// betaGrad to take. With the probabilities p_ij and the gradient g of the result,
//
//	s_ij = p_ij (g_i·v_j − g_i·out_i),   or p_ij g_i for the log-sum-exp,
//	dK = β sᵀQ,   dQ = β s K,   dβ = Σ_i q_i·(s K)_i
//
// and where the keys are the values too, dK has dV = pᵀg in it.
func (a *association[T]) gradients(dst operand[T], in []operand[T], _, _ int) {
	n := len(in) - 2
	a.bind(in[:n])
	a.g, a.dst = in[n+1].data, dst.data
	a.dq, a.slopes = sized(a.dq, a.queries*a.depth), sized(a.slopes, a.queries)
	a.delta = sized(a.delta, a.queries)
	if a.width > 0 {
		for i := range a.delta {
			a.delta[i] = T(kernel.Dot(in[n].row(i), in[n+1].row(i)))
		}
	}
	for a.first = 0; a.first < a.queries; a.first += a.group {
		a.count = min(a.group, a.queries-a.first)
		a.partial = sized(a.partial, a.blocks*a.count*a.depth)
		kernel.Parallel(a.blocks, a.grain(), a.differentiating)
		kernel.Parallel(a.count, cheap/(a.blocks*a.depth), a.mergingGrad)
	}
}

// differentiate computes dK of some blocks, and what they add to s K for the queries of the group.
func (a *association[T]) differentiate(lo, hi int) {
	memory := a.spare.take()
	defer a.spare.giveBack(memory)
	for b := lo; b < hi; b++ {
		keys, dk := a.part(a.k, a.depth, b), a.part(a.dst, a.depth, b)
		n := len(keys) / a.depth
		for from := 0; from < a.count; from += a.chunk {
			i, rows := a.first+from, min(a.chunk, a.count-from)
			p, s := memory[:rows*n], memory[a.chunk*a.block:][:rows*n]
			a.probabilities(p, i, rows, keys)
			a.scoreGrad(s, p, i, rows, b)
			kernel.Gemm(true, false, n, a.depth, rows, a.beta, s, n, a.q[i*a.depth:], a.depth, i > 0, dk, a.depth)
			if a.self {
				kernel.Gemm(true, false, n, a.width, rows, 1, p, n, a.g[i*a.width:], a.width, true, dk, a.width)
			}
			kernel.Gemm(false, false, rows, a.depth, n, 1, s, n, keys, a.depth, false, a.partial[(b*a.count+from)*a.depth:], a.depth)
		}
	}
}

// scoreGrad sets s to the gradient with regard to the scores that the probabilities p are of.
func (a *association[T]) scoreGrad(s, p []T, i, rows, b int) {
	n := len(p) / rows
	if a.width == 0 {
		for r := range rows {
			kernel.Scale(s[r*n:(r+1)*n], p[r*n:], a.g[i+r])
		}
		return
	}
	kernel.Gemm(false, true, rows, n, a.width, 1, a.g[i*a.width:], a.width, a.part(a.v, a.width, b), a.width, false, s, n)
	for r := range rows {
		row := s[r*n : (r+1)*n]
		kernel.SoftmaxGrad(row, p[r*n:], row, a.delta[i+r], 1)
	}
}

// mergeGrad adds up s K of some queries of the group over all blocks.
func (a *association[T]) mergeGrad(lo, hi int) {
	for i := lo; i < hi; i++ {
		at := (a.first + i) * a.depth
		q, dq := a.q[at:at+a.depth], a.dq[at:at+a.depth]
		clear(dq)
		for b := range a.blocks {
			kernel.Axpy(1, a.partial[(b*a.count+i)*a.depth:][:a.depth], dq)
		}
		a.slopes[a.first+i] = T(kernel.Dot(q, dq))
		kernel.Scale(dq, dq, a.beta)
	}
}

func (a *association[T]) queryGrad(dst operand[T], _ []operand[T], _, _ int) { copy(dst.data, a.dq) }

func (a *association[T]) betaGrad(dst operand[T], _ []operand[T], _, _ int) {
	dst.data[0] = kernel.Sum(a.slopes)
}

// valueGrads computes dV = pᵀg.
func (a *association[T]) valueGrads(dst operand[T], in []operand[T], alpha T, accumulate bool) {
	n := len(in) - 2
	a.bind(in[:n])
	a.g, a.dst, a.alpha, a.accumulate = in[n+1].data, dst.data, alpha, accumulate
	kernel.Parallel(a.blocks, a.grain(), a.returning)
}

func (a *association[T]) valueGrad(lo, hi int) {
	memory := a.spare.take()
	defer a.spare.giveBack(memory)
	for b := lo; b < hi; b++ {
		keys, dv := a.part(a.k, a.depth, b), a.part(a.dst, a.width, b)
		n := len(keys) / a.depth
		for i := 0; i < a.queries; i += a.chunk {
			rows := min(a.chunk, a.queries-i)
			p := memory[:rows*n]
			a.probabilities(p, i, rows, keys)
			kernel.Gemm(true, false, n, a.width, rows, a.alpha, p, n, a.g[i*a.width:], a.width, a.accumulate || i > 0, dv, a.width)
		}
	}
}
