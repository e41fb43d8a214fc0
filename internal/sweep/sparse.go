package sweep

import "github.com/harmonium-go/harmonium/internal/kernel"

// InOrder makes one sweep over all units, in the order of the columns, of a machine with Bonds. Cost: a multiply-add a bond and direction
// for each chain.
func (s *Sweeper[T]) InOrder(c *Chains[T], step uint64) {
	s.begin(c, step)
	kernel.Parallel(c.N*len(s.parts), kernel.RowGrain(s.parts[0].hi), s.drawNoise)
	kernel.Parallel(c.N, kernel.RowGrain(len(s.kinds)), s.drawInOrder)
	s.finish()
}

func (s *Sweeper[T]) inOrderOf(lo, hi int) {
	for chain := lo; chain < hi; chain++ {
		for i, k := range s.kinds {
			if k != state {
				s.drawUnit(chain, i)
			}
		}
	}
}

// drawUnit draws the unit that starts at a column.
func (s *Sweeper[T]) drawUnit(chain, i int) {
	n, j := len(s.kinds), &s.job
	if j.clamped(chain, i, n) {
		return
	}
	x, noise := j.X[chain*n:(chain+1)*n], s.noise[chain*n:(chain+1)*n]
	switch k := s.kinds[i]; k {
	case oneHot:
		best, most := i, s.bondField(chain, i, x)+noise[i]
		end := s.end(i)
		for at := i + 1; at < end; at++ {
			if f := s.bondField(chain, at, x) + noise[at]; f > most {
				best, most = at, f
			}
		}
		clear(x[i:end])
		x[best] = 1
	case gaussian:
		x[i] = s.variance[i]*s.bondField(chain, i, x) + noise[i]
	default:
		x[i] = low[T](k)
		if s.bondField(chain, i, x) > noise[i] {
			x[i] = 1
		}
	}
}

func (s *Sweeper[T]) bondField(chain, i int, x []T) T {
	g := s.Plain.Bonds
	f := s.Plain.B[i]
	near, edge := g.Near[g.Start[i]:g.Start[i+1]], g.Edge[g.Start[i]:g.Start[i+1]]
	for at, other := range near {
		f += s.Plain.W[edge[at]] * x[other]
	}
	return s.job.moved(i, f, s.job.betaOf(chain))
}
