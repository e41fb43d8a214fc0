package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// slope is what the gradient of a query's scores needs beside its weights: m and c, see Backward.
type slope struct{ mean, cross float64 }

// findMeans computes Σ g·out of each query and, but for Softmax and TopK, goes over the scores for its slope.
func (t *task[T]) findMeans() {
	if t.width == 0 {
		return
	}
	t.delta, t.means = sized(t.delta, t.queries), sized(t.means, t.queries)
	for i := range t.queries {
		t.delta[i] = T(kernel.Dot(t.backward.out[i*t.wide:][:t.width], t.backward.g[i*t.wide:]))
	}
	if t.rule.Kind == Softmax || t.rule.Kind == TopK {
		return
	}
	for t.first = 0; t.cut(); t.first += t.group {
		t.moments = sized(t.moments, t.count*t.blocks)
		kernel.Parallel(t.blocks*t.chunks(), t.grain(), t.sloping)
		for i := range t.count {
			t.mergeSlope(i)
		}
	}
}

// localWeight is w of Backward for a weight p; of Normmax it is r = (1/(γ−1)) x^((2−γ)/(γ−1)), of x = u^(γ−1) with u = p·Σu.
func (t *task[T]) localWeight(p float64, s *stat[T]) float64 {
	switch {
	case p == 0:
		return 0
	case t.rule.Kind == Subsets:
		if p < 1 {
			return 1
		}
		return 0
	case t.rule.Kind == Normmax:
		return math.Pow(p*s.norm, 2-t.rule.Alpha) / (t.rule.Alpha - 1)
	case t.rule.Alpha == 2:
		return 1
	case t.rule.Alpha == 1.5:
		return math.Sqrt(p)
	}
	return math.Pow(p, 2-t.rule.Alpha)
}

// slope adds up Σ w, Σ w g·v, and of −p log p the same, in each block.
func (t *task[T]) slope(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for u := lo; u < hi; u++ {
		b, from, rows, n := t.at(u)
		i := t.first + from
		p, g := memory[:rows*n], memory[t.chunk*t.block:][:rows*n]
		t.weights(p, i, rows, b)
		t.weightGrad(g, i, rows, b)
		for r := range rows {
			s, row := t.stat(i+r), p[r*n:(r+1)*n]
			var m moment
			for j, x := range row {
				p, g := float64(x), float64(g[r*n+j])
				if p == 0 {
					continue
				}
				w := t.localWeight(p, s)
				m.value += w
				m.slope += w * g
				if t.b.Excess != nil {
					h := -p * math.Log(p)
					m.other += h
					m.more += h * g
				}
			}
			t.moments[(from+r)*t.blocks+b] = m
		}
	}
}

// weightGrad sets g to the gradient with regard to the weights, g_i·v_j under the dropout mask.
func (t *task[T]) weightGrad(g []T, i, rows, b int) {
	n := t.size(b)
	kernel.Gemm(false, true, rows, n, t.width, 1, t.backward.g[i*t.wide:], t.wide, t.v[b*t.block*t.wide:], t.wide, false, g, n)
	t.dropAgain(g, i, rows, b)
}

// mergeSlope makes the slope of query i of the group, and its part of the gradient with regard to α:
//
//	∂p_i/∂α = (p_i − w_i/Σw) / (α−1)² + (h_i − w_i/Σw Σh) / (α−1),   h = −p log p
//
// Source: G. Correia, V. Niculae, A. Martins, "Adaptively Sparse Transformers", EMNLP 2019, proposition 1.
func (t *task[T]) mergeSlope(i int) {
	m := t.collect(i)
	i += t.first
	s, delta := t.stat(i), float64(t.delta[i])
	switch {
	case m.value == 0:
		t.means[i] = slope{}
	case t.rule.Kind == Normmax:
		t.means[i] = slope{delta, (m.slope - delta*m.value) / s.norm}
	default:
		t.means[i] = slope{mean: m.slope / m.value}
	}
	if t.b.Excess != nil && m.value != 0 {
		e, mean := t.rule.Alpha-1, t.means[i].mean
		t.e.bends[(t.query+i)*t.e.Heads+t.head] += (delta-mean)/(e*e) + (m.more-mean*m.other)/e
	}
}

// scoreGrad sets dz to the gradient with regard to the scores that the weights p are of. For Normmax, with r of localWeight, U = Σu
// and δ = Σ p g,
//
//	dz_j = [r_j (g_j − δ) − p_j Σ_l r_l (g_l − δ)] / U
func (t *task[T]) scoreGrad(dz, p []T, i, rows, b int) {
	n := t.size(b)
	if t.width == 0 {
		for r := range rows {
			kernel.Scale(dz[r*n:(r+1)*n], p[r*n:], t.backward.g[(i+r)*t.e.Heads])
		}
		return
	}
	t.weightGrad(dz, i, rows, b)
	for r := range rows {
		row, weights := dz[r*n:(r+1)*n], p[r*n:(r+1)*n]
		if t.rule.Kind == Softmax || t.rule.Kind == TopK {
			kernel.SoftmaxGrad(row, weights, row, t.delta[i+r], 1)
			continue
		}
		s, m := t.stat(i+r), t.means[i+r]
		for j, x := range weights {
			p := float64(x)
			if p == 0 {
				row[j] = 0
				continue
			}
			w := t.localWeight(p, s)
			if t.rule.Kind == Normmax {
				w /= s.norm
			}
			row[j] = T(w*(float64(row[j])-m.mean) - p*m.cross)
		}
	}
}
