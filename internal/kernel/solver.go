package kernel

import "math"

// The updates of the solvers: each sets a parameter w and its state from the gradient g, in one pass on the calling goroutine.
// The slices are at least as long as w and do not overlap. In the assembly the last sum or difference of an expression is
// fused with its product.

// Descend is gradient descent: w ← w − rate·g.
func Descend[T Float](w, g []T, rate T) { tableOf[T]().descend(w, g[:len(w)], rate) }

// Momentum is descent with the classical momentum: v ← mu·v − rate·g, w ← w + v.
func Momentum[T Float](w, v, g []T, rate, mu T) {
	tableOf[T]().momentum(w, v[:len(w)], g[:len(w)], rate, mu)
}

// Nesterov is descent with the momentum of Nesterov: v ← mu·v − rate·g, w ← w + (mu·v − rate·g).
func Nesterov[T Float](w, v, g []T, rate, mu T) {
	tableOf[T]().nesterov(w, v[:len(w)], g[:len(w)], rate, mu)
}

// AdamStep is the numbers of one step of Adam: with the moments' decays β₁ and β₂ at step t, Gain is 1 − β, Rate is η/(1 − β₁ᵗ),
// Scale is 1/√(1 − β₂ᵗ), and Keep is 1, or 1 − ηλ with weight decay λ.
type AdamStep[T Float] struct {
	Beta1, Beta2, Gain1, Gain2 T
	Rate, Scale, Epsilon, Keep T
}

// Adam takes a step of Adam or AdamW:
//
//	m ← Beta1·m + Gain1·g        v ← Beta2·v + Gain2·g²        w ← Keep·w − Rate·m / (Scale·√v + Epsilon)
func Adam[T Float](w, m, v, g []T, s AdamStep[T]) {
	n := len(w)
	tableOf[T]().adam(w, m[:n], v[:n], g[:n], s.Beta1, s.Beta2, s.Gain1, s.Gain2, s.Rate, s.Scale, s.Epsilon, s.Keep)
}

// solverKernels are the updates of a level.
type solverKernels[T Float] struct {
	descend            func(w, g []T, rate T)
	momentum, nesterov func(w, v, g []T, rate, mu T)
	adam               func(w, m, v, g []T, beta1, beta2, gain1, gain2, rate, scale, epsilon, keep T)
}

func plainSolvers[T Float]() solverKernels[T] {
	return solverKernels[T]{descendPlain[T], momentumPlain[T], nesterovPlain[T], adamPlain[T]}
}

func descendPlain[T Float](w, g []T, rate T) {
	for i := range w {
		w[i] -= rate * g[i]
	}
}

func momentumPlain[T Float](w, v, g []T, rate, mu T) {
	for i := range w {
		next := mu*v[i] - rate*g[i]
		v[i] = next
		w[i] += next
	}
}

func nesterovPlain[T Float](w, v, g []T, rate, mu T) {
	for i := range w {
		down := rate * g[i]
		next := mu*v[i] - down
		v[i] = next
		w[i] += mu*next - down
	}
}

func adamPlain[T Float](w, m, v, g []T, beta1, beta2, gain1, gain2, rate, scale, epsilon, keep T) {
	for i, gi := range g {
		mi := beta1*m[i] + gain1*gi
		vi := beta2*v[i] + gain2*(gi*gi)
		m[i], v[i] = mi, vi
		w[i] = keep*w[i] - rate*mi/(T(math.Sqrt(float64(vi)))*scale+epsilon)
	}
}
