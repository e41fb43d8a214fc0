package association

import (
	"math"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// measureLengths computes what the similarity needs of each query and key by itself.
func (t *task[T]) measureLengths() {
	if t.e.Similarity != Cosine && t.e.Similarity != Euclidean {
		return
	}
	t.qn, t.kn = sized(t.qn, t.queries), sized(t.kn, t.stored)
	for i := range t.qn {
		t.qn[i] = t.length(t.q[i*t.stride:])
	}
	for j := range t.kn {
		t.kn[j] = t.length(t.k[j*t.stride:])
	}
}

func (t *task[T]) length(x []T) T {
	square := kernel.Dot(x[:t.depth], x[:t.depth])
	switch {
	case t.e.Similarity == Euclidean:
		return T(square)
	case square == 0:
		return 0
	}
	return T(1 / math.Sqrt(square))
}

// scores sets z = β·sim(q_i, k_j) + mask for rows queries from query i on and the n keys of block b.
func (t *task[T]) scores(z []T, i, rows, b int) {
	n, q, k := t.size(b), t.q[i*t.stride:], t.k[b*t.block*t.stride:]
	product := func(alpha T) {
		kernel.Gemm(false, true, rows, n, t.depth, alpha, q, t.stride, k, t.stride, false, z, n)
	}
	switch t.e.Similarity {
	case Dot:
		product(t.beta)
	case Cosine:
		product(t.beta)
		t.scaleToCosines(z, i, rows, b)
	case Euclidean:
		product(2 * t.beta)
		for r := range rows {
			row := z[r*n : (r+1)*n]
			kernel.Combine(row, row, t.kn[b*t.block:], 1, -t.beta, -t.beta*t.qn[i+r])
		}
	case Manhattan:
		for r := range rows {
			x := q[r*t.stride:][:t.depth]
			for j := range n {
				sum := 0.0
				for d, y := range k[j*t.stride:][:t.depth] {
					sum += math.Abs(float64(x[d] - y))
				}
				z[r*n+j] = T(-float64(t.beta) * sum)
			}
		}
	}
	t.mask(z, i, rows, b)
}

// scaleToCosines multiplies by the inverse lengths of queries and keys.
func (t *task[T]) scaleToCosines(z []T, i, rows, b int) {
	n := t.size(b)
	for r := range rows {
		row := z[r*n : (r+1)*n]
		kernel.Multiply(row, row, t.kn[b*t.block:])
		kernel.Scale(row, row, t.qn[i+r])
	}
}

// mask adds to scores and sets them to −Inf, but for the extras.
func (t *task[T]) mask(z []T, i, rows, b int) {
	n, covered := t.size(b), t.stored-t.e.Extra
	from := b * t.block
	m := min(n, covered-from) // of the block's patterns
	if m <= 0 {
		return
	}
	none := T(math.Inf(-1))
	if t.b.Ignored != nil {
		for j, ignored := range t.b.Ignored[t.bag.mask+from:][:m] {
			if ignored == 0 {
				continue
			}
			for r := range rows {
				z[r*n+j] = none
			}
		}
	}
	if t.b.Forbidden == nil && t.b.Added == nil {
		return
	}
	// the row of a matrix that is for query i + r
	maskRow := func(mask []T, perHead bool, r int) []T {
		matrix := 0
		if perHead {
			matrix = t.index*t.e.Heads + t.head
		}
		return mask[(matrix*t.queries+i+r)*covered+from:][:m]
	}
	for r := range rows {
		row := z[r*n:][:m]
		if t.b.Added != nil {
			for j, x := range maskRow(t.b.Added, t.b.AddedPerHead, r) {
				if row[j] != none {
					row[j] += x
				}
			}
		}
		if t.b.Forbidden != nil {
			for j, x := range maskRow(t.b.Forbidden, t.b.ForbiddenPerHead, r) {
				if x != 0 {
					row[j] = none
				}
			}
		}
	}
}
