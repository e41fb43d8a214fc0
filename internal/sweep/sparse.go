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

// Coloured makes one sweep over all units, colour by colour, of a machine with Bonds. The units of a colour, given by their first columns,
// have no bonds among each other, so the order within a colour makes no difference, and the cores share it.
func (s *Sweeper[T]) Coloured(c *Chains[T], colours [][]int32, step uint64) {
	s.begin(c, step)
	kernel.Parallel(c.N*len(s.parts), kernel.RowGrain(s.parts[0].hi), s.drawNoise)
	for _, colour := range colours {
		s.job.colour = colour
		kernel.Parallel(c.N*len(colour), colourGrain, s.drawColour)
	}
	s.finish()
}

// colourGrain is how many units pay for a core.
const colourGrain = 2000

func (s *Sweeper[T]) colourOf(lo, hi int) {
	units := len(s.job.colour)
	for chain := lo / units; chain*units < hi; chain++ {
		for _, i := range s.job.colour[max(lo-chain*units, 0):min(hi-chain*units, units)] {
			s.drawUnit(chain, int(i))
		}
	}
}

// drawUnit draws the unit that starts at a column.
func (s *Sweeper[T]) drawUnit(chain, i int) {
	n, j := len(s.kinds), &s.job
	if j.Clamp != nil && j.Clamp[i] {
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
	return s.job.field(chain, i, f)
}
