package association

import (
	"sync"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// Config is what stays the same from run to run.
type Config struct {
	Heads      int // 0 counts as 1
	Similarity Similarity
	Rule       Rule
	Extra      int // stored patterns at the end of every bag that masks leave alone
}

// Batch is the arguments of a run. Sizes are the caller's to check.
type Batch[T kernel.Float] struct {
	Depth, Width int // columns of a head, of queries and keys, and of values

	Q, K, V []T
	Beta    []T // one a head
	Excess  []T // α − 1 of Entmax, one a head; nil takes the rule's α

	Queries, Stored []int // rows of each bag; nil stands for one bag of all rows

	Ignored   []T // one a stored pattern, without the extras: not 0 where it is ignored; or nil
	Forbidden []T // (L, S), or (N·H, L, S) with index n·H + h, without the extras: not 0 where forbidden; or nil
	Added     []T // as Forbidden: added to the scores
	// Whether the mask has a matrix for each head of each bag.
	ForbiddenPerHead, AddedPerHead bool

	Dropout float64 // the weights that retrieve values are 0 with this probability, and else grow by 1/(1 − Dropout)
	Noise   rng.Stream
	Step    uint64
}

// Engine computes batches. One run at a time.
type Engine[T kernel.Float] struct {
	Config
	tasks tasks[T]
	stats []stat[T] // of each query in each head, of the last forward run

	// The running batch, what is done with it, and where results go.
	run   *Batch[T]
	job   func(t *task[T])
	dst   []T
	gr    Gradients[T]
	alpha T

	retrieving, conjugating, weighing, differentiating, returning func(t *task[T])

	bags   []bag
	single [1]bag
	doing  func(lo, hi int)

	slopes []float64 // of each query in each head: its part of the gradient with regard to β
	bends  []float64 // and to α
}

// bag is where a bag lies.
type bag struct{ query, queries, pattern, stored, mask int }

// New makes an engine.
func New[T kernel.Float](c Config) *Engine[T] {
	c.Heads = max(1, c.Heads)
	e := &Engine[T]{Config: c}
	e.retrieving, e.conjugating, e.weighing = (*task[T]).retrieveAll, (*task[T]).conjugateAll, (*task[T]).weighAll
	e.differentiating, e.returning = (*task[T]).differentiateAll, (*task[T]).returnAll
	e.doing = func(lo, hi int) {
		t := e.tasks.take(e)
		defer e.tasks.giveBack(t)
		for i := lo; i < hi; i++ {
			t.bind(e.bags[i/e.Heads], i/e.Heads, i%e.Heads)
			e.job(t)
		}
	}
	return e
}

// Rows is the number of queries.
func (b *Batch[T]) Rows(heads int) int { return len(b.Q) / (heads * b.Depth) }

// each runs a job for every head of every bag.
func (e *Engine[T]) each(b *Batch[T], job func(t *task[T])) {
	e.run, e.job = b, job
	e.layOut(b)
	work := 1
	for _, bag := range e.bags {
		work = max(work, bag.queries*bag.stored*(b.Depth+b.Width))
	}
	kernel.Parallel(len(e.bags)*e.Heads, worthSharing/work+1, e.doing)
	e.run, e.job = nil, nil
}

// layOut finds the bags.
func (e *Engine[T]) layOut(b *Batch[T]) {
	rows, stored := b.Rows(e.Heads), len(b.K)/(e.Heads*b.Depth)
	if b.Queries == nil {
		e.single[0] = bag{queries: rows, stored: stored}
		e.bags = e.single[:]
		return
	}
	e.bags = e.bags[:0]
	var next bag
	for i := range b.Queries {
		next.queries, next.stored = b.Queries[i], b.Stored[i]
		e.bags = append(e.bags, next)
		next.query += next.queries
		next.pattern += next.stored
		next.mask += next.stored - e.Extra
	}
}

// tasks is a pool.
type tasks[T kernel.Float] struct {
	lock sync.Mutex
	free []*task[T]
}

func (p *tasks[T]) take(e *Engine[T]) *task[T] {
	p.lock.Lock()
	defer p.lock.Unlock()
	if len(p.free) == 0 {
		return newTask(e)
	}
	last := len(p.free) - 1
	t := p.free[last]
	p.free = p.free[:last]
	return t
}

func (p *tasks[T]) giveBack(t *task[T]) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.free = append(p.free, t)
}

// sized returns a slice of n elements with arbitrary contents, s itself where it is long enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
