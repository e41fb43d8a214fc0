package association

import (
	"github.com/harmonium-go/harmonium/internal/kernel"
)

// task is one head of one bag at work.
type task[T kernel.Float] struct {
	e    *Engine[T]
	b    *Batch[T]
	rule Rule // with the α of this head

	bag
	index, head  int
	depth, width int
	stride, wide int // from row to row of queries and keys, and of values and results
	q, k, v      []T // from the task's first number on
	beta         T
	stats        []stat[T] // of the bag's queries, in steps of the number of heads
	qn, kn       []T       // of Cosine the inverse lengths, of Euclidean the squared ones

	block, blocks int // stored patterns in a block, the last of which may have fewer, and the number of blocks
	chunk         int // queries in a chunk
	group         int // queries whose partial results are held at a time
	first, count  int // the running group

	tops    []T         // (count, blocks)
	sums    []float64   // (count, blocks)
	partial []T         // (blocks, count, width or depth)
	purpose purpose     // of the running pass
	moments []moment    // (count, blocks)
	solvers []solver    // (count)
	heaps   []candidate // (count, k)
	delta   []T         // of each query: Σ g·out
	means   []slope     // of each query, see scoreGrad
	columns []T         // of each stored pattern: Σ of what flows back to its scores
	spare   spare[T]

	forward  forward[T]
	backward backward[T]
	values   returned[T]

	retrieving, merging, selecting, passing, differentiating, mergingGrad, returning, sloping func(lo, hi int)
}

func newTask[T kernel.Float](e *Engine[T]) *task[T] {
	t := &task[T]{e: e}
	t.retrieving, t.merging, t.selecting, t.passing = t.retrieve, t.merge, t.selectTop, t.passOver
	t.differentiating, t.mergingGrad, t.returning, t.sloping = t.differentiate, t.mergeGrad, t.valueGrad, t.slope
	return t
}

const (
	widestBlock  = 512
	scoreNumbers = 64 * widestBlock // as many scores fit the second-level cache of a core, beside the keys and the values
	heldNumbers  = 1 << 22          // of partial results, unless a single chunk has more
	worthSharing = 1 << 16          // multiply-adds
	cheap        = 1 << 15          // numbers, of work that memory bounds
)

// bind takes a head of a bag of the running batch, and cuts the work.
func (t *task[T]) bind(at bag, index, head int) {
	b := t.e.run
	heads := t.e.Heads
	t.b, t.bag, t.index, t.head, t.rule = b, at, index, head, t.e.Rule
	t.depth, t.width, t.stride, t.wide = b.Depth, b.Width, heads*b.Depth, heads*b.Width
	t.q, t.k, t.v = nil, nil, nil
	if t.queries > 0 {
		t.q = b.Q[t.query*t.stride+head*t.depth:]
	}
	if t.stored > 0 {
		t.k = b.K[t.pattern*t.stride+head*t.depth:]
		if t.width > 0 {
			t.v = b.V[t.pattern*t.wide+head*t.width:]
		}
	}
	t.beta = b.Beta[head]
	if b.Excess != nil {
		t.rule.Alpha = 1 + float64(b.Excess[head])
	}
	if t.queries > 0 {
		t.stats = t.e.stats[t.query*heads+head:]
	}
	t.block = min(widestBlock, (t.stored/16+64)/64*64) // at least 16 blocks of many patterns
	t.blocks = (t.stored + t.block - 1) / t.block
	t.chunk = max(1, min(t.queries, scoreNumbers/t.block))
	t.group = t.chunk * max(1, heldNumbers/(max(1, t.blocks)*t.chunk*max(t.depth, t.width)))
	t.spare.reserve(2 * t.chunk * t.block)
	t.measureLengths()
}

func (t *task[T]) stat(i int) *stat[T] { return &t.stats[i*t.e.Heads] }

// chunks is the number of chunks in the running group.
func (t *task[T]) chunks() int { return (t.count + t.chunk - 1) / t.chunk }

// grain is how many chunks of a block are worth a goroutine.
func (t *task[T]) grain() int {
	return worthSharing/(t.chunk*t.block*(t.depth+t.width)) + 1
}

// size is the number of stored patterns in block b.
func (t *task[T]) size(b int) int { return min((b+1)*t.block, t.stored) - b*t.block }

// cut makes the group that begins with the first query the running one. It reports whether there is one:
//
//	for t.first = 0; t.cut(); t.first += t.group {
func (t *task[T]) cut() bool {
	t.count = min(t.group, t.queries-t.first)
	return t.count > 0
}

// at returns the block and the first query, counted from the group's, of unit u of the work on a group: chunk after chunk of each
// block.
func (t *task[T]) at(u int) (b, from, rows, n int) {
	b, from = u/t.chunks(), u%t.chunks()*t.chunk
	return b, from, min(t.chunk, t.count-from), t.size(b)
}
