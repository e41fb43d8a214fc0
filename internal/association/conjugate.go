package association

import "math"

// Conjugate sets dst, (ΣL, H), to Ω*(z_i) = max_p pᵀz_i − Ω(p), of which the weights are the gradient, with
//
//	Softmax   Ω(p) = Σ p log p, so that Ω* is the log-sum-exp; of TopK over the scores taken
//	Entmax    Ω(p) = Σ (p^α − p) / (α(α−1))
//	Normmax   Ω(p) = ‖p‖_γ − 1
//	Subsets   Ω(p) = ½‖p‖²
//
// and leaves what the gradients need. Values are not looked at.
func (e *Engine[T]) Conjugate(dst []T, b *Batch[T]) {
	e.reserveStats(b)
	e.dst = dst
	e.each(b, e.conjugating)
}

func (t *task[T]) conjugateAll() {
	t.forward.dst = nil
	if t.queries == 0 {
		return
	}
	dst, heads := t.e.dst, t.e.Heads
	t.run()
	for i := range t.queries {
		dst[(t.query+i)*heads+t.head] = t.stat(i).shift
	}
	if t.rule.Kind == Softmax || t.rule.Kind == TopK || t.stored == 0 {
		return
	}
	for t.first = 0; t.cut(); t.first += t.group {
		t.pass(toConjugate)
		for i := range t.count {
			t.mergeConjugate(&dst[(t.query+t.first+i)*heads+t.head], i)
		}
	}
}

// conjugate adds up Σ p·(z − max) and Σ of what Ω is made of, in a block. Without the largest score nothing cancels.
func (t *task[T]) conjugate(s *stat[T], z []T) (m moment) {
	f := t.curve(s)
	for _, x := range z {
		p := f.weight(float64(x)) / s.norm
		if p == 0 || math.IsInf(f.shift, -1) {
			continue
		}
		m.value += p * (float64(x) - f.shift)
		m.slope += p
		switch t.rule.Kind {
		case Subsets:
			m.other += p * p / 2
		default:
			m.other += math.Pow(p, t.rule.Alpha)
		}
	}
	return m
}

// mergeConjugate makes the conjugate of query i of the group.
func (t *task[T]) mergeConjugate(dst *T, i int) {
	top := float64(*dst)
	if math.IsInf(top, -1) {
		return
	}
	m := t.collect(i)
	alpha := t.rule.Alpha
	switch t.rule.Kind {
	case Entmax:
		m.other = (m.other - m.slope) / (alpha * (alpha - 1))
	case Normmax:
		m.other = math.Pow(m.other, 1/alpha) - 1
	}
	*dst = T(m.slope*top + m.value - m.other)
}
