package annealed

import "github.com/harmonium-go/harmonium/internal/kernel"

// AddWork adds F_from(v) − F_to(v) to dst for each chain, what annealed importance sampling adds to the logarithm of a chain's weight on
// its way from one β to another. The visible units' own energies and base biases cancel, so it is nearer than two calls of FreeEnergy.
func (p *Path[T]) AddWork(dst []float64, c *Chains[T], from, to float64) {
	n, m := p.plain.VisibleLen, p.plain.HiddenLen
	in := p.buffer(len(c.H))
	kernel.Parallel(c.N, kernel.RowGrain(m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			input, scaled := c.Inputs[i*m:(i+1)*m], in[i*m:(i+1)*m]
			kernel.Scale(scaled, input, T(to))
			rise := float64(p.plain.Hidden.CGF(scaled, p.plain.HiddenLogVariance))
			kernel.Scale(scaled, input, T(from))
			rise -= float64(p.plain.Hidden.CGF(scaled, p.plain.HiddenLogVariance))
			dst[i] += rise + (to-from)*kernel.Dot(c.V[i*n:(i+1)*n], p.rise)
		}
	})
}
