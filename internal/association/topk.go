package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// candidate is a score that may be among the k largest.
type candidate struct {
	z float64
	j int
}

// less says which of two scores is given up first: the lower one, of equal ones the later.
func (c candidate) less(d candidate) bool { return c.z < d.z || c.z == d.z && c.j > d.j }

// findTop leaves the stats of the group's queries under TopK.
func (t *task[T]) findTop() {
	t.heaps = sized(t.heaps, t.count*t.rule.K)
	kernel.Parallel(t.chunks(), t.grain()/max(1, t.blocks), t.selecting)
}

// selectTop finds the k largest scores of the queries of some chunks, block after block.
func (t *task[T]) selectTop(lo, hi int) {
	memory := t.spare.take()
	defer t.spare.giveBack(memory)
	k := t.rule.K
	for c := lo; c < hi; c++ {
		from := c * t.chunk
		rows := min(t.chunk, t.count-from)
		sizes := make([]int, rows)
		broken := make([]bool, rows)
		for b := range t.blocks {
			n := t.size(b)
			z := memory[:rows*n]
			t.scores(z, t.first+from, rows, b)
			for r := range rows {
				heap := t.heaps[(from+r)*k:][:k]
				for j, x := range z[r*n : (r+1)*n] {
					switch x := float64(x); {
					case math.IsNaN(x):
						broken[r] = true
					case !math.IsInf(x, -1):
						sizes[r] = offer(heap, sizes[r], candidate{x, b*t.block + j})
					}
				}
			}
		}
		for r := range rows {
			s := t.stat(t.first + from + r)
			*s = topStat[T](t.heaps[(from+r)*k:][:sizes[r]])
			if broken[r] {
				s.shift = T(math.NaN())
			}
		}
	}
}

// offer puts a score into a heap of size scores whose first is the next to be given up, and returns its new size.
func offer(heap []candidate, size int, c candidate) int {
	if size < len(heap) {
		heap[size] = c
		for i := size; i > 0; {
			up := (i - 1) / 2
			if !heap[i].less(heap[up]) {
				break
			}
			heap[i], heap[up] = heap[up], heap[i]
			i = up
		}
		return size + 1
	}
	if !heap[0].less(c) {
		return size
	}
	heap[0] = c
	for i := 0; ; {
		least := i
		for down := 2*i + 1; down <= 2*i+2 && down < size; down++ {
			if heap[down].less(heap[least]) {
				least = down
			}
		}
		if least == i {
			return size
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}

// topStat makes the stat of the scores that are taken.
func topStat[T kernel.Float](taken []candidate) stat[T] {
	if len(taken) == 0 {
		return stat[T]{shift: T(math.Inf(-1))}
	}
	top, last := taken[0].z, taken[0]
	for _, c := range taken {
		top = max(top, c.z)
	}
	total := 0.0
	for _, c := range taken {
		total += math.Exp(c.z - top)
	}
	return stat[T]{shift: T(top + math.Log(total)), tau: last.z, last: last.j, norm: 1}
}
