package sweep

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// block is consecutive columns of a dense machine that are drawn before the fields outside hear of it.
type block struct {
	lo, hi int
	micro  []block
}

const (
	// blockWidth is about how many columns a block has: of narrower ones the products are inefficient.
	blockWidth = 64
	// microWidth is how many columns of a block are drawn before the others of the block hear of it, where chains are drawn together.
	microWidth = 8
	// stripWidth is how many chains go through all blocks together. It is part of the draws' addresses.
	stripWidth = 64
	// fewChains: fewer chains than that are drawn one by one.
	fewChains = 8
	// oneByOne: changes are added to the fields outside a block one by one where fewer than one in so many units change.
	oneByOne = 8
)

// cut makes the blocks.
func (s *Sweeper[T]) cut() {
	for _, b := range s.cutInto(0, len(s.kinds), blockWidth) {
		b.micro = s.cutInto(b.lo, b.hi, microWidth)
		s.blocks = append(s.blocks, b)
		s.widest = max(s.widest, b.hi-b.lo)
	}
}

// cutInto cuts columns into blocks of about a width; no unit is cut.
func (s *Sweeper[T]) cutInto(lo, hi, width int) (blocks []block) {
	for lo < hi {
		end := s.end(lo)
		for end < hi && s.end(end)-lo <= width {
			end = s.end(end)
		}
		blocks = append(blocks, block{lo: lo, hi: end})
		lo = end
	}
	return blocks
}

// Dense makes one sweep over all units, in the order of the columns, of a machine without Bonds. Fields must be right before, and are after,
// but for rounding: Refresh them now and then.
//
// The columns are drawn block by block. Inside a block a change is added to the fields of the columns still to come at once; the others
// get the changes of the whole block in one product, or one by one, O(n) a change, where few units change. At the levels with assembly it
// makes no difference to a bit in which way a field hears of a change, since all are chains of fused multiply-adds in the order of the
// columns; at the Go level there is one way, and the product skips zeros itself.
func (s *Sweeper[T]) Dense(c *Chains[T], step uint64) {
	s.job.Chains, s.job.step = *c, step
	strips := (c.N + stripWidth - 1) / stripWidth
	for len(s.strips) < strips {
		s.strips = append(s.strips, newStrip[T](s.widest))
	}
	kernel.Parallel(strips, 1, s.drawDense)
	s.job = job[T]{}
}

// Refresh sets the fields of a dense machine, XW + b, and reports whether all are finite.
func (s *Sweeper[T]) Refresh(c *Chains[T]) bool {
	s.Plain.Input(c.Fields, c.X, c.N)
	return kernel.AllFinite(c.Fields)
}

// strip is the scratch of a block of columns of some chains, a column a row.
type strip[T kernel.Float] struct {
	noise, fields, states, moves, more []T // (columns, chains)
	beta                               []T // (chains)
}

func newStrip[T kernel.Float](columns int) strip[T] {
	n := columns * stripWidth
	return strip[T]{make([]T, n), make([]T, n), make([]T, n), make([]T, n), make([]T, n), make([]T, stripWidth)}
}

func (s *Sweeper[T]) denseOf(lo, hi int) {
	for number := lo; number < hi; number++ {
		first := number * stripWidth
		s.sweepStrip(number, first, min(first+stripWidth, s.job.N))
	}
}

// sweepStrip sweeps chains lo to hi.
func (s *Sweeper[T]) sweepStrip(number, lo, hi int) {
	n, j, t := len(s.kinds), &s.job, &s.strips[number]
	chains := hi - lo
	for c := range chains {
		if t.beta[c] = 1; j.Beta != nil {
			t.beta[c] = T(j.Beta[lo+c])
		}
	}
	singly := kernel.Current() == kernel.Plain || chains < fewChains
	fields := j.Fields[lo*n : hi*n]
	for _, b := range s.blocks {
		width := b.hi - b.lo
		s.blockNoise(t, b, number, chains)
		var changes float64
		if singly {
			changes = s.drawSingly(t, b, lo, hi)
		} else {
			changes = s.drawTogether(t, b, lo, hi)
		}
		switch {
		case changes == 0:
		case kernel.Current() == kernel.Plain || !singly && changes*oneByOne > float64(chains*width):
			kernel.Gemm(true, false, chains, n, width, 1, t.moves, chains, s.Plain.W[b.lo*n:], n, true, fields, n)
		default:
			for i := range width {
				for c, d := range t.moves[i*chains : (i+1)*chains] {
					if d != 0 {
						kernel.Axpy(d, s.Plain.W[(b.lo+i)*n:][:n], fields[c*n:(c+1)*n])
					}
				}
			}
		}
	}
}

// blockNoise makes the noise of a block in a strip's chains.
func (s *Sweeper[T]) blockNoise(t *strip[T], b block, number, chains int) {
	temperature := s.job.Temperature
	for lo := b.lo; lo < b.hi; {
		k, hi := s.kinds[lo], lo
		for hi < b.hi && (s.kinds[hi] == k || k == oneHot && s.kinds[hi] == state) {
			row, dst := s.job.Draws.Row(hi, s.job.step).Part(number), t.noise[(hi-b.lo)*chains:][:chains]
			if k == gaussian {
				rng.Normal(row, dst)
				kernel.Scale(dst, dst, T(math.Sqrt(float64(s.variance[hi])*temperature)))
			} else {
				rng.Uniform(row, dst)
			}
			hi++
		}
		if run := t.noise[(lo-b.lo)*chains : (hi-b.lo)*chains]; k != gaussian {
			discreteNoise(run, t.more[:len(run)], k, T(temperature))
		}
		lo = hi
	}
}

// drawTogether draws the columns of a block in chains lo to hi, a column of all chains at once, leaves the changes in moves, and counts
// them, real units' as if all had changed.
func (s *Sweeper[T]) drawTogether(t *strip[T], b block, lo, hi int) (changes float64) {
	n, j, chains, width := len(s.kinds), &s.job, hi-lo, b.hi-b.lo
	for c := range chains {
		at := (lo+c)*n + b.lo
		for i, f := range j.Fields[at : at+width] {
			t.fields[i*chains+c] = f
		}
		for i, x := range j.X[at : at+width] {
			t.states[i*chains+c] = x
		}
	}
	row := func(x []T, column int) []T { return x[(column-b.lo)*chains : (column-b.lo+1)*chains] }
	for _, m := range b.micro {
		for i := m.lo; i < m.hi; {
			next := s.end(i)
			s.drawUnitTogether(t, b, i, next, chains)
			for at := i; at < next; at++ { // moves hold the new states
				d, x := row(t.moves, at), row(t.states, at)
				for c := 0; j.Clamp != nil && c < chains; c++ {
					if j.clamped(lo+c, at, n) {
						d[c] = x[c]
					}
				}
				copy(t.more, d)
				kernel.Subtract(d, d, x)
				copy(x, t.more)
				switch s.kinds[at] {
				case gaussian:
					changes += float64(chains)
				case spin:
					changes += kernel.SumSquares(d, 0) / 4
				default:
					changes += kernel.SumSquares(d, 0)
				}
				for other := next; other < m.hi; other++ {
					kernel.Axpy(s.Plain.W[at*n+other], d, row(t.fields, other))
				}
			}
			i = next
		}
		if m.hi < b.hi { // the columns of the block that are still to come hear of it
			kernel.Gemm(false, false, b.hi-m.hi, chains, m.hi-m.lo, 1, s.Plain.W[m.hi*n+m.lo:], n, t.moves[(m.lo-b.lo)*chains:], chains, true, t.fields[(m.hi-b.lo)*chains:], chains)
		}
	}
	for c := range chains {
		x := j.X[(lo+c)*n+b.lo:][:width]
		for i := range x {
			x[i] = t.states[i*chains+c]
		}
	}
	return changes
}

// drawUnitTogether sets the moves of a unit, columns i to next, to its new states.
func (s *Sweeper[T]) drawUnitTogether(t *strip[T], b block, i, next, chains int) {
	from, to := (i-b.lo)*chains, (next-b.lo)*chains
	fields, noise, drawn := t.fields[from:to], t.noise[from:to], t.moves[from:to]
	if s.job.Beta != nil {
		fields = t.more[:to-from]
		for at := i; at < next; at++ {
			for c, f := range t.fields[(at-b.lo)*chains : (at-b.lo+1)*chains] {
				fields[(at-i)*chains+c] = s.job.moved(at, f, t.beta[c])
			}
		}
	}
	switch s.kinds[i] {
	case gaussian:
		kernel.Scale(drawn, fields, s.variance[i])
		kernel.Combine(drawn, drawn, noise, 1, 1, 0)
	case oneHot:
		clear(drawn)
		for c := range chains {
			best := c
			for at := c + chains; at < len(drawn); at += chains {
				if fields[at]+noise[at] > fields[best]+noise[best] {
					best = at
				}
			}
			drawn[best] = 1
		}
	case spin:
		kernel.Below(drawn, noise, fields)
		kernel.Combine(drawn, drawn, drawn, 2, 0, -1)
	default:
		kernel.Below(drawn, noise, fields)
	}
}

// drawSingly does the same chain by chain.
func (s *Sweeper[T]) drawSingly(t *strip[T], b block, lo, hi int) float64 {
	n, j, chains, width := len(s.kinds), &s.job, hi-lo, b.hi-b.lo
	changes := 0
	clear(t.moves[:width*chains])
	fields := t.fields[:width]
	for c := range chains {
		x := j.X[(lo+c)*n:][:n]
		copy(fields, j.Fields[(lo+c)*n+b.lo:])
		noise := t.noise[c:]
		for i := b.lo; i < b.hi; {
			next := s.end(i)
			if j.clamped(lo+c, i, n) {
				i = next
				continue
			}
			best := i
			for at := i + 1; at < next; at++ {
				if j.moved(at, fields[at-b.lo], t.beta[c])+noise[(at-b.lo)*chains] > j.moved(best, fields[best-b.lo], t.beta[c])+noise[(best-b.lo)*chains] {
					best = at
				}
			}
			for at := i; at < next; at++ {
				to := T(0)
				switch k, f, u := s.kinds[at], j.moved(at, fields[at-b.lo], t.beta[c]), noise[(at-b.lo)*chains]; {
				case k == gaussian:
					to = T(s.variance[at]*f) + u
				case k == oneHot || k == state:
					if at == best {
						to = 1
					}
				case f > u:
					to = 1
				default:
					to = low[T](k)
				}
				d := to - x[at]
				if d == 0 {
					continue
				}
				x[at] = to
				t.moves[(at-b.lo)*chains+c] = d
				changes++
				kernel.Axpy(d, s.Plain.W[at*n+next:at*n+b.hi], fields[next-b.lo:])
			}
			i = next
		}
	}
	return float64(changes)
}

// moved is a + β(f − a).
func (j *job[T]) moved(column int, f, beta T) T {
	if j.Beta == nil {
		return f
	}
	a := T(0)
	if j.Base != nil {
		a = j.Base[column]
	}
	return a + T(beta*(f-a))
}
