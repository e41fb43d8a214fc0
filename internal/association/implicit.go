package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// implicit solves (I − J)u = g by conjugate gradients, each query in each head by itself: J is symmetric and positive semidefinite for
// the separation functions of this package under Dot and Euclidean, since f is the gradient of β⁻¹Ω*(β sim). It adds the gradients
// with u flowing back to dk, β and α. In grad it leaves 0 for the queries that it could solve, and g for the others; it reports
// whether there are none of these.
//
// Source: the implicit function theorem at ξ = f(ξ); S. Bai, J. Z. Kolter, V. Koltun, "Deep Equilibrium Models", NeurIPS 2019.
func (e *Engine[T]) implicit(s Settling, r *Settled[T], fixed, grad, dk []T) bool {
	depth, n := r.batch.Depth, len(r.Taken)
	r.batch.Q = fixed
	out, u, residual := sized(r.work[1], len(grad)), sized(r.work[2], len(grad)), sized(r.work[3], len(grad))
	direction, image := sized(r.work[4], len(grad)), sized(r.work[5], len(grad))
	r.work = [6][]T{r.work[0], out, u, residual, direction, image}
	e.Retrieve(out, &r.batch)

	clear(u)
	copy(residual, grad)
	copy(direction, grad)
	norms, goals := make([]float64, n), make([]float64, n)
	running, failed := make([]bool, n), make([]bool, n)
	part := func(x []T, i int) []T { return x[i*depth : (i+1)*depth] }
	var tiny T = 1e-6
	if _, double := any(tiny).(float64); double {
		tiny = 1e-12
	}
	left := 0
	for i := range n {
		norms[i] = kernel.Dot(part(residual, i), part(residual, i))
		goals[i] = norms[i] * float64(tiny) * float64(tiny)
		failed[i] = !(r.Residual[i] < s.Tolerances[i%e.Heads]) || norms[i]-norms[i] != 0
		running[i] = !failed[i] && norms[i] > 0
		if running[i] {
			left++
		} else {
			clear(part(direction, i))
		}
	}
	for range depth + 10 { // in exact arithmetic depth are enough
		if left == 0 {
			break
		}
		e.Backward(&r.batch, Gradients[T]{Out: out, G: direction, DQ: image})
		for i := range n {
			if !running[i] {
				continue
			}
			p, jp, res := part(direction, i), part(image, i), part(residual, i)
			length := kernel.Dot(p, p)
			curvature := length - kernel.Dot(p, jp)
			if !(curvature > 1e-3*length) {
				running[i], failed[i] = false, true
				left--
				clear(p)
				continue
			}
			alpha := norms[i] / curvature
			kernel.Axpy(T(alpha), p, part(u, i))
			kernel.Axpy(T(-alpha), p, res)
			kernel.Axpy(T(alpha), jp, res)
			norm := kernel.Dot(res, res)
			beta := norm / norms[i]
			norms[i] = norm
			if norm <= goals[i] || math.IsNaN(norm) {
				running[i] = false
				left--
				clear(p)
				continue
			}
			kernel.Combine(p, p, res, T(beta), 1, 0)
		}
	}
	all := true
	for i := range n {
		if failed[i] {
			clear(part(u, i))
			all = false
		} else {
			clear(part(grad, i))
		}
	}
	clear(e.slopes)
	clear(e.bends)
	e.Backward(&r.batch, Gradients[T]{Out: out, G: u, DQ: image, DK: dk, Values: true, Accumulate: true})
	return all
}
