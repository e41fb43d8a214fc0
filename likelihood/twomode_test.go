package likelihood

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
)

// twoModes is an RBM of two modes, n pixels that are nearly all off or, where hidden unit 0 is on, nearly all on. size is how strongly, share the
// probability of the first. It comes with exact draws of the first mode and of the second. In between lies hardly any mass.
func twoModes(n int, size, share float64, dtype tensor.Dtype) (m *layers.RBM, o *exact.Harmonium, first, second *tensor.Dense) {
	visible, hidden := bernoulli(n), bernoulli(3)
	m = newMachine(visible, hidden, dtype, 9, 0.3, 0.3, false)
	w, b, c := m.Param("W").Float64s(), make([]float64, n), m.Param("c").Float64s()
	for i := range b {
		b[i] = -size
		w[3*i] = 2 * size
	}
	c[0] = 0
	check(m.Param("W").Set(w))
	check(m.Param("b").Set(b))
	check(m.Param("c").Set(c))
	states, p := hiddenLaw(oracle(m, visible, hidden))
	on, off := 0.0, 0.0
	for i, s := range states {
		on += p[i] * s[0]
		off += p[i] * (1 - s[0])
	}
	c[0] = math.Log(off/on) + math.Log((1-share)/share)
	check(m.Param("c").Set(c))
	o = oracle(m, visible, hidden)

	// Draws of a mode are those of the machine with the other one made improbable.
	mode := func(bias float64) *tensor.Dense {
		c[0] += bias
		defer func() { c[0] -= bias }()
		one := *o
		one.C = c
		return draws(&one, 500, dtype, 3)
	}
	return m, o, mode(-200), mode(200)
}

// join is the rows of both.
func join(a, b *tensor.Dense) *tensor.Dense {
	rows := a.Shape()[0] + b.Shape()[0]
	return dense(a.Dtype(), rows, append(numbers(a), numbers(b)...))
}

// numbers copies the numbers of rows.
func numbers(x *tensor.Dense) []float64 {
	out := make([]float64, x.Shape().TotalSize())
	for i := range out {
		out[i] = at(x, i/x.Shape()[1], i%x.Shape()[1])
	}
	return out
}
