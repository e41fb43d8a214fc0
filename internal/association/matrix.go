package association

// Weights sets dst to the matrices of weights, (L, S) for each head of each bag, one behind the other with index n·H + h, where all
// bags have the same numbers of queries and of stored patterns. Dropout has no part in it.
func (e *Engine[T]) Weights(dst []T, b *Batch[T]) {
	e.reserveStats(b)
	e.dst = dst
	e.each(b, e.weighing)
}

func (t *task[T]) weighAll() {
	t.forward.dst = nil
	if t.queries == 0 {
		return
	}
	t.run()
	to := t.e.dst[(t.index*t.e.Heads+t.head)*t.queries*t.stored:]
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	for b := range t.blocks {
		n := t.size(b)
		for i := 0; i < t.queries; i += t.chunk {
			rows := min(t.chunk, t.queries-i)
			t.weights(memory, i, rows, b)
			for r := range rows {
				copy(to[(i+r)*t.stored+b*t.block:][:n], memory[r*n:])
			}
		}
	}
}
