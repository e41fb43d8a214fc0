package sweep

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// block is consecutive columns of a dense machine that are drawn before the fields outside hear of it.
type block struct{ lo, hi int }

// blockWidth is about how many columns a block has. Measured: of narrower ones the products are inefficient, of wider ones the
// updates inside.
const blockWidth = 64

// strip is how many chains go through all blocks before others do, so that their fields stay in a core's cache.
const strip = 128

// cut makes the blocks; no unit is cut.
func (s *Sweeper[T]) cut() {
	for lo := 0; lo < len(s.kinds); {
		hi := lo
		for hi < len(s.kinds) {
			end := s.end(hi)
			if end-lo > blockWidth && hi > lo {
				break
			}
			hi = end
		}
		s.blocks = append(s.blocks, block{lo, hi})
		s.widest = max(s.widest, hi-lo)
		lo = hi
	}
}

// Dense makes one sweep over all units, in the order of the columns, of a machine without Bonds. Fields must be right before, and are after,
// but for rounding: Refresh them now and then.
//
// The columns are drawn block by block. Inside a block a change is added to the fields of the columns still to come at once; the others
// get the changes of the whole block in one product. Where few units change, they are added one by one instead, O(n) a change; at the levels
// with assembly that makes no difference to a bit, and at the Go level the product skips zeros itself.
func (s *Sweeper[T]) Dense(c *Chains[T], step uint64) {
	s.begin(c, step)
	if n := c.N * s.widest; cap(s.sets) < n {
		s.sets, s.moves = make([]T, n), make([]T, n)
	}
	kernel.Parallel(c.N, denseGrain, s.drawDense)
	s.finish()
}

// denseGrain is how many chains pay for a core: the products rearrange W for each range of chains.
const denseGrain = 24

// Refresh sets the fields of a dense machine, XW + b, and reports whether all are finite.
func (s *Sweeper[T]) Refresh(c *Chains[T]) bool {
	s.Plain.Input(c.Fields, c.X, c.N)
	return kernel.AllFinite(c.Fields)
}

func (s *Sweeper[T]) denseOf(lo, hi int) {
	n, j := len(s.kinds), &s.job
	for ; lo < hi; lo += strip {
		end := min(lo+strip, hi)
		s.noiseOf(lo*len(s.parts), end*len(s.parts))
		for _, b := range s.blocks {
			changes := 0
			for chain := lo; chain < end; chain++ {
				changes += s.drawBlock(chain, b)
			}
			width, rows := b.hi-b.lo, end-lo
			moves, fields := s.moves[lo*s.widest:], j.Fields[lo*n:end*n]
			switch {
			case changes == 0:
			case kernel.Current() == kernel.Plain || rows >= fewRows && changes*oneByOne > rows*width:
				kernel.Gemm(false, false, rows, n, width, 1, moves, s.widest, s.Plain.W[b.lo*n:], n, true, fields, n)
			default:
				for r := range rows {
					row := fields[r*n : (r+1)*n]
					for i, d := range moves[r*s.widest:][:width] {
						if d != 0 {
							kernel.Axpy(d, s.Plain.W[(b.lo+i)*n:][:n], row)
						}
					}
				}
			}
		}
	}
}

const (
	// oneByOne: changes are added one by one where fewer than one in so many units change.
	oneByOne = 8
	// fewRows is from how many chains on a product pays.
	fewRows = 4
)

// drawBlock draws the columns of a block in one chain, leaves the changes in moves, and counts them.
func (s *Sweeper[T]) drawBlock(chain int, b block) (changes int) {
	n, j := len(s.kinds), &s.job
	x, noise := j.X[chain*n:(chain+1)*n], s.noise[chain*n:(chain+1)*n]
	moves := s.moves[chain*s.widest:][:b.hi-b.lo]
	fields := s.sets[chain*s.widest:][:b.hi-b.lo]
	copy(fields, j.Fields[chain*n+b.lo:chain*n+b.hi])
	clear(moves)
	move := func(i int, to T) {
		if d := to - x[i]; d != 0 {
			x[i] = to
			moves[i-b.lo] = d
			changes++
			if i+1 < b.hi {
				kernel.Axpy(d, s.Plain.W[i*n+i+1:i*n+b.hi], fields[i+1-b.lo:])
			}
		}
	}
	for i := b.lo; i < b.hi; {
		k, end := s.kinds[i], i+1
		if k == oneHot {
			end = s.end(i)
		}
		if j.Clamp != nil && j.Clamp[i] {
			i = end
			continue
		}
		switch k {
		case oneHot:
			best := i
			for at := i + 1; at < end; at++ {
				if j.field(chain, at, fields[at-b.lo])+noise[at] > j.field(chain, best, fields[best-b.lo])+noise[best] {
					best = at
				}
			}
			for at := i; at < end; at++ {
				to := T(0)
				if at == best {
					to = 1
				}
				move(at, to)
			}
		case gaussian:
			move(i, s.variance[i]*j.field(chain, i, fields[i-b.lo])+noise[i])
		default:
			to := low[T](k)
			if j.field(chain, i, fields[i-b.lo]) > noise[i] {
				to = 1
			}
			move(i, to)
		}
		i = end
	}
	return changes
}

// field is a + β(f − a).
func (j *job[T]) field(chain, column int, f T) T {
	if j.Beta == nil {
		return f
	}
	a := T(0)
	if j.Base != nil {
		a = j.Base[column]
	}
	return a + T(j.Beta[chain])*(f-a)
}
