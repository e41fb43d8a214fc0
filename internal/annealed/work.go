package annealed

import "github.com/harmonium-go/harmonium/internal/kernel"

// AddWork adds F_β(v) − F_β'(v) to dst for each chain, β and β' being the two ends: what annealed importance sampling adds to the logarithm
// of a chain's weight on its way from the first to the second. The visible units' own energies cancel, so it is nearer than two calls of
// FreeEnergy, and cheaper.
func (p *Path[T]) AddWork(dst []float64, c *Chains[T], ends []float64) {
	p.buffer(len(c.H))
	p.score = score[T]{dst, c, ends}
	kernel.Parallel(c.N, kernel.RowGrain(2*p.plain.HiddenLen), p.workRows)
}

func (p *Path[T]) work(i int) {
	n, m := p.plain.VisibleLen, p.plain.HiddenLen
	c, from, to := p.score.chains, p.score.beta[0], p.score.beta[1]
	input, in := c.Inputs[i*m:(i+1)*m], p.inputs[i*m:(i+1)*m]
	kernel.Scale(in, input, T(to))
	work := float64(p.plain.Hidden.CGF(in, p.plain.HiddenLogVariance))
	kernel.Scale(in, input, T(from))
	work -= float64(p.plain.Hidden.CGF(in, p.plain.HiddenLogVariance))
	p.score.dst[i] += work + (to-from)*kernel.Dot(c.V[i*n:(i+1)*n], p.rise)
}
