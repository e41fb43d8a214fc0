package sweep

import (
	"cmp"
	"slices"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/units"
)

// Layout is the order in which a machine with Bonds is kept while it is swept colour by colour: the units of a colour stand side by side, and in
// a colour those of a family. So they are drawn in one call, and where the graph is regular the neighbours of units that stand side by side
// stand side by side too, and fields are sums of products of whole stretches: on a lattice, of its rows.
type Layout[T kernel.Float] struct {
	order   []int32        // the column at each place
	colours [][]segment[T] // that are drawn at once
	pieces  []piece

	start      []int32 // of each place, its first neighbour in near and edge
	near, edge []int32 // the places of neighbours and the edges to them: of a regular piece, first neighbours first
	w, ofW     []T     // the weights of edges, and W when they were read
	b          []T     // in this order
	logVar     []T     // nil for variance 1
	base       []T

	x, fields, held []T // (chains, n)
	clamp           []bool
	drawColour      func(lo, hi int) // made once: a closure a sweep would be an allocation
	run             coloured[T]
}

// segment is places that are drawn in one call.
type segment[T kernel.Float] struct {
	lo, hi           int
	kind             kind
	width            int // of a unit
	family           units.Family[T]
	number           int // of the address of its draws
	firstPiece, last int // its pieces
}

// piece is places whose fields are computed alike. In a regular one each has as many neighbours, and those of the next place are the next
// ones.
type piece struct {
	lo, hi, degree int
	regular        bool
}

// coloured is a sweep of one colour under way.
type coloured[T kernel.Float] struct {
	chains   *Chains[T]
	segments []segment[T]
	step     uint64
}

const (
	// segmentWidth is about how many columns are drawn in one call; more where there would be more than 2^16 calls.
	segmentWidth = 1 << 13
	// shortest is the length of a stretch that is worth a call for each neighbour.
	shortest = 16
)

// NewLayout makes the layout for colours of units, given by their first columns. Cost: the bonds, a few times.
func NewLayout[T kernel.Float](s *Sweeper[T], colours [][]int32) *Layout[T] {
	n, g := len(s.kinds), s.Plain.Bonds
	l := &Layout[T]{start: make([]int32, n+1), near: make([]int32, len(g.Near)), edge: make([]int32, len(g.Edge)), w: make([]T, len(g.Near)), b: make([]T, n)}
	number := 0
	for _, colour := range colours {
		colour = slices.Clone(colour)
		width := func(i int32) int { return s.end(int(i)) - int(i) }
		slices.SortFunc(colour, func(i, j int32) int {
			return cmp.Or(cmp.Compare(s.kinds[i], s.kinds[j]), cmp.Compare(width(i), width(j)), cmp.Compare(i, j))
		})
		var segments []segment[T]
		for _, i := range colour {
			k, wide := s.kinds[i], width(i)
			last := len(segments) - 1
			if last < 0 || segments[last].kind != k || segments[last].width != wide || segments[last].hi-segments[last].lo+wide > max(segmentWidth, n>>15) {
				segments = append(segments, segment[T]{lo: len(l.order), hi: len(l.order), kind: k, width: wide, family: familyOf[T](k, wide), number: number})
				number++
				last++
			}
			for j := range wide {
				l.order = append(l.order, i+int32(j))
			}
			segments[last].hi += wide
		}
		l.colours = append(l.colours, segments)
	}
	l.connect(s)
	l.drawColour = func(lo, hi int) {
		for at := lo; at < hi; at++ {
			l.draw(at/len(l.run.segments), l.run.segments[at%len(l.run.segments)])
		}
	}
	return l
}

// connect lists neighbours and finds the pieces.
func (l *Layout[T]) connect(s *Sweeper[T]) {
	n, g := len(s.kinds), s.Plain.Bonds
	place := make([]int32, n)
	for p, i := range l.order {
		place[i] = int32(p)
	}
	type bond struct{ near, edge int32 }
	var bonds []bond
	for p, i := range l.order {
		bonds = bonds[:0]
		for at := g.Start[i]; at < g.Start[i+1]; at++ {
			bonds = append(bonds, bond{place[g.Near[at]], g.Edge[at]})
		}
		slices.SortFunc(bonds, func(a, b bond) int { return cmp.Compare(a.near, b.near) })
		for k, b := range bonds {
			l.near[int(l.start[p])+k], l.edge[int(l.start[p])+k] = b.near, b.edge
		}
		l.start[p+1] = l.start[p] + int32(len(bonds))
	}
	follows := func(p int) bool { // whether place p goes on as the one before it
		before, now := l.near[l.start[p-1]:l.start[p]], l.near[l.start[p]:l.start[p+1]]
		return slices.EqualFunc(before, now, func(a, b int32) bool { return b == a+1 })
	}
	for _, segments := range l.colours {
		for k := range segments {
			seg := &segments[k]
			seg.firstPiece = len(l.pieces)
			for lo := seg.lo; lo < seg.hi; {
				hi := lo + 1
				for hi < seg.hi && follows(hi) {
					hi++
				}
				last := len(l.pieces) - 1
				switch {
				case hi-lo >= shortest:
					l.pieces = append(l.pieces, piece{lo, hi, int(l.start[lo+1] - l.start[lo]), true})
				case last >= seg.firstPiece && !l.pieces[last].regular:
					l.pieces[last].hi = hi
				default:
					l.pieces = append(l.pieces, piece{lo, hi, 0, false})
				}
				lo = hi
			}
			seg.last = len(l.pieces)
		}
	}
	var turned []int32
	for _, p := range l.pieces {
		if !p.regular {
			continue
		}
		from, length := int(l.start[p.lo]), p.hi-p.lo
		for _, of := range [][]int32{l.near, l.edge} {
			turned = append(turned[:0], of[from:from+length*p.degree]...)
			for t := range length {
				for k := range p.degree {
					of[from+k*length+t] = turned[t*p.degree+k]
				}
			}
		}
	}
}

// read takes over the sweeper's parameters, where they have changed, and the base of chains.
func (l *Layout[T]) read(s *Sweeper[T], c *Chains[T]) {
	if !slices.Equal(l.ofW, s.Plain.W) {
		l.ofW = append(l.ofW[:0], s.Plain.W...)
		for at, e := range l.edge {
			l.w[at] = s.Plain.W[e]
		}
	}
	l.b = l.sorted(l.b, s.Plain.B)
	l.logVar = l.sorted(l.logVar, s.Plain.LogVariance)
	l.base = l.sorted(l.base, c.Base)
}

// sorted is numbers of columns in the layout's order, nil for nil, in memory that is kept.
func (l *Layout[T]) sorted(kept, of []T) []T {
	if of == nil {
		return nil
	}
	if kept == nil {
		kept = make([]T, len(of))
	}
	for p, i := range l.order {
		kept[p] = of[i]
	}
	return kept
}

// Coloured makes sweeps over all units, colour by colour, of a machine with Bonds. The units of a colour have no bonds among each other, so
// that they are independent given the rest.
func (s *Sweeper[T]) Coloured(c *Chains[T], l *Layout[T], sweeps int, step uint64) {
	n := len(s.kinds)
	if len(l.x) < c.N*n {
		l.x, l.fields = make([]T, c.N*n), make([]T, c.N*n)
	}
	l.read(s, c)
	for chain := range c.N {
		x, row := l.x[chain*n:(chain+1)*n], c.X[chain*n:(chain+1)*n]
		for p, i := range l.order {
			x[p] = row[i]
		}
	}
	if c.Clamp != nil {
		if len(l.clamp) < len(c.Clamp) {
			l.clamp = make([]bool, len(c.Clamp))
		}
		if len(l.held) < len(l.x) {
			l.held = make([]T, len(l.x))
		}
		for from := 0; from < len(c.Clamp); from += n {
			for p, i := range l.order {
				l.clamp[from+p] = c.Clamp[from+int(i)]
			}
		}
	}
	for k := range sweeps {
		for _, segments := range l.colours {
			l.run = coloured[T]{c, segments, step + uint64(k)}
			kernel.Parallel(c.N*len(segments), 1, l.drawColour)
		}
	}
	l.run = coloured[T]{}
	for chain := range c.N {
		x, row := l.x[chain*n:(chain+1)*n], c.X[chain*n:(chain+1)*n]
		for p, i := range l.order {
			row[i] = x[p]
		}
	}
}

// draw draws a segment of a chain.
func (l *Layout[T]) draw(chain int, g segment[T]) {
	n, c := len(l.order), l.run.chains
	x := l.x[chain*n : (chain+1)*n]
	f := l.fields[chain*n+g.lo : chain*n+g.hi]
	copy(f, l.b[g.lo:g.hi])
	for _, p := range l.pieces[g.firstPiece:g.last] {
		l.addNeighbours(f[p.lo-g.lo:p.hi-g.lo], x, p)
	}
	switch beta := c.betaOf(chain); {
	case c.Beta == nil:
	case l.base == nil:
		kernel.Scale(f, f, beta)
	default:
		kernel.Combine(f, f, l.base[g.lo:g.hi], beta, 1-beta, 0)
	}
	var logVariance []T
	if l.logVar != nil {
		logVariance = l.logVar[g.lo:g.hi]
	}
	row := x[g.lo:g.hi]
	var clamp []bool
	var held []T
	if c.Clamp != nil {
		clamp, held = l.clamp[g.lo:g.hi], l.held[chain*n+g.lo:chain*n+g.hi]
		if len(c.Clamp) > n {
			clamp = l.clamp[chain*n+g.lo : chain*n+g.hi]
		}
		copy(held, row)
	}
	g.family.Sample(row, f, logVariance, T(c.Temperature), c.Draws.Row(chain, l.run.step).Part(g.number))
	for i, is := range clamp {
		if is {
			row[i] = held[i]
		}
	}
}

// addNeighbours adds Wx of a piece to its fields.
func (l *Layout[T]) addNeighbours(f, x []T, p piece) {
	if !p.regular {
		for i := range f {
			sum := f[i]
			from, to := l.start[p.lo+i], l.start[p.lo+i+1]
			w := l.w[from:to]
			for k, j := range l.near[from:to] {
				sum += w[k] * x[j]
			}
			f[i] = sum
		}
		return
	}
	length, from := len(f), int(l.start[p.lo])
	for k := range p.degree {
		at := from + k*length
		near := x[l.near[at]:]
		kernel.MultiplyAdd(f, l.w[at:at+length], near[:length], f)
	}
}

// familyOf is the family of columns of a kind.
func familyOf[T kernel.Float](k kind, width int) units.Family[T] {
	switch k {
	case oneHot:
		return units.In[T](units.OneHot(width))
	case spin:
		return units.In[T](units.Spin)
	case gaussian:
		return units.In[T](units.Gaussian)
	}
	return units.In[T](units.Bernoulli)
}
