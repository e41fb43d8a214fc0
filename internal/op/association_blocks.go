package op

import (
	"runtime"
	"sync"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// association is what the forward and the gradient ops of one node share, in one precision. The work is cut into blocks of
// stored patterns and chunks of queries, so that the scores of a chunk for a block stay in the cache of a core, and what the
// blocks give is merged in their order. The shapes alone decide where the cuts are: no bit depends on the number of cores.
type association[T kernel.Float] struct {
	self bool // the keys are the values too

	lse    []T // of each query: log Σ exp of its scores, which the gradient needs
	dq     []T // the gradient with regard to the queries
	slopes []T // of each query: its part of the gradient with regard to beta

	// The arguments of the running op. Without values, width is 0.
	q, k, v, g                    []T
	beta                          T
	queries, stored, depth, width int

	// Where the result of the running op goes, and how much of it is added to what is there.
	dst        []T
	alpha      T
	accumulate bool

	block, blocks int // stored patterns in a block, the last of which may have fewer, and the number of blocks
	chunk         int // queries in a chunk
	group         int // queries whose partial results are held at a time
	first, count  int // the running group

	tops    []T       // (count, blocks)
	sums    []float64 // (count, blocks)
	partial []T       // (blocks, count, width or depth)
	delta   []T       // of each query: Σ g·out
	spare   spare[T]

	// Tasks of the running op: chunks of blocks, blocks, or queries.
	retrieving, merging, differentiating, mergingGrad, returning func(lo, hi int)
}

func newAssociation[T kernel.Float](self bool) *association[T] {
	a := &association[T]{self: self}
	a.retrieving, a.merging = a.retrieve, a.merge
	a.differentiating, a.mergingGrad, a.returning = a.differentiate, a.mergeGrad, a.valueGrad
	return a
}

const (
	widestBlock  = 512
	scoreNumbers = 64 * widestBlock // as many scores fit the second-level cache of a core, beside the keys and the values
	heldNumbers  = 1 << 22          // of partial results, unless a single chunk has more
	worthSharing = 1 << 16          // multiply-adds
)

// bind takes the arguments of the builder, and cuts the work.
func (a *association[T]) bind(in []operand[T]) {
	q, k, beta := in[0], in[1], in[len(in)-1]
	a.q, a.k, a.v, a.beta = q.data, k.data, nil, beta.data[0]
	a.queries, a.stored, a.depth, a.width = q.rows(), k.rows(), q.cols(), 0
	switch {
	case len(in) == 4:
		a.v, a.width = in[2].data, in[2].cols()
	case a.self:
		a.v, a.width = a.k, a.depth
	}
	a.block = min(widestBlock, (a.stored/16+64)/64*64) // at least 16 blocks of many patterns
	a.blocks = (a.stored + a.block - 1) / a.block
	a.chunk = min(a.queries, scoreNumbers/a.block)
	a.group = a.chunk * max(1, heldNumbers/(a.blocks*a.chunk*max(a.depth, a.width)))
	a.spare.reserve(2 * a.chunk * a.block)
}

// chunks is the number of chunks in the running group.
func (a *association[T]) chunks() int { return (a.count + a.chunk - 1) / a.chunk }

// grain is how many chunks of a block are worth a goroutine.
func (a *association[T]) grain() int {
	return worthSharing/(a.chunk*a.block*(a.depth+a.width)) + 1
}

// part returns the rows of block b of the keys or of the values.
func (a *association[T]) part(x []T, cols, b int) []T {
	return x[b*a.block*cols : min((b+1)*a.block, a.stored)*cols]
}

// scores sets s = β q_i·k_j for rows queries from query i on and the keys of a block.
func (a *association[T]) scores(s []T, i, rows int, keys []T) {
	n := len(keys) / a.depth
	kernel.Gemm(false, true, rows, n, a.depth, a.beta, a.q[i*a.depth:], a.depth, keys, a.depth, false, s, n)
}

// probabilities sets p = exp(β q_i·k_j − lse_i).
func (a *association[T]) probabilities(p []T, i, rows int, keys []T) {
	a.scores(p, i, rows, keys)
	n := len(keys) / a.depth
	for r := range rows {
		row := p[r*n : (r+1)*n]
		kernel.ExpSum(row, row, a.lse[i+r])
	}
}

// spare is scratch memory for the goroutines of one op, in pieces of equal size.
type spare[T kernel.Float] struct {
	size int
	lock sync.Mutex
	free [][]T
}

// reserve makes a piece of n numbers for each core. It is called while no piece is taken.
func (s *spare[T]) reserve(n int) {
	if n > s.size {
		s.size, s.free = n, nil
	}
	for len(s.free) < runtime.GOMAXPROCS(0) {
		s.free = append(s.free, make([]T, s.size))
	}
}

func (s *spare[T]) take() []T {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.free) == 0 {
		return make([]T, s.size)
	}
	last := len(s.free) - 1
	piece := s.free[last]
	s.free = s.free[:last]
	return piece
}

func (s *spare[T]) giveBack(piece []T) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.free = append(s.free, piece)
}
