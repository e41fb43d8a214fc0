package kernel

import (
	"math"
	"sync"
)

// Functions of every row of a matrix x, rows×cols and packed. The rows, or the columns, are shared out over the cores.

// RowSum sets dst_i = Σ_j x_ij; dst has rows elements. Each sum is accumulated as in [Sum].
func RowSum[T Float](dst, x []T, rows, cols int) {
	j := newRowJob(dst, x, rows, cols)
	Parallel(rows, vectorGrain/max(cols, 1)+1, j.sums)
	j.done()
}

// ColSum sets dst_j = Σ_i x_ij; dst has cols elements. Each sum is accumulated in float64 in ascending i and rounded to T once.
func ColSum[T Float](dst, x []T, rows, cols int) {
	dst, x = dst[:cols], x[:rows*cols] // the assembly would not notice
	j := newRowJob(dst, x, rows, cols)
	Parallel(cols, vectorGrain/max(rows, 1)+1, j.colSums)
	j.done()
}

// RowLogSumExp sets dst_i = log Σ_j exp(x_ij) = M_i + log Σ_j exp(x_ij − M_i), M_i the largest element of row i; dst has rows
// elements.
//
// A row with a NaN gives NaN, else one with +Inf gives +Inf, and one of only −Inf (or of no elements) gives −Inf.
func RowLogSumExp[T Float](dst, x []T, rows, cols int) {
	j := newRowJob(dst, x, rows, cols)
	Parallel(rows, elementGrain/max(cols, 1)+1, j.logSumExps)
	j.done()
}

// RowSoftmax sets dst_ij = exp(x_ij) / Σ_l exp(x_il); dst is shaped like x and may be x. The largest element of a row is
// subtracted first, so nothing overflows.
//
// A row with a NaN or +Inf, or of only −Inf, has no such distribution and gives NaN throughout; single elements of −Inf
// have probability 0.
func RowSoftmax[T Float](dst, x []T, rows, cols int) {
	j := newRowJob(dst, x, rows, cols)
	Parallel(rows, elementGrain/max(cols, 1)+1, j.softmaxes)
	j.done()
}

// rowJob is a function of rows on its way to the workers, pooled like elementJob.
type rowJob[T Float] struct {
	dst, x     []T
	rows, cols int

	sums, colSums, logSumExps, softmaxes func(lo, hi int) // bound once
}

var rowJobs [2]sync.Pool

func newRowJob[T Float](dst, x []T, rows, cols int) *rowJob[T] {
	j, ok := rowJobs[precision[T]()].Get().(*rowJob[T])
	if !ok {
		j = new(rowJob[T])
		j.sums, j.colSums, j.logSumExps, j.softmaxes = j.sum, j.colSum, j.logSumExp, j.softmax
	}
	j.dst, j.x, j.rows, j.cols = dst, x, rows, cols
	return j
}

func (j *rowJob[T]) done() {
	j.dst, j.x = nil, nil
	rowJobs[precision[T]()].Put(j)
}

func (j *rowJob[T]) row(i int) []T { return j.x[i*j.cols : (i+1)*j.cols] }

func (j *rowJob[T]) sum(lo, hi int) {
	for i := lo; i < hi; i++ {
		j.dst[i] = Sum(j.row(i))
	}
}

func (j *rowJob[T]) colSum(lo, hi int) {
	tableOf[T]().colSum(j.dst[lo:hi], j.x[min(lo, len(j.x)):], j.rows, j.cols)
}

func (j *rowJob[T]) logSumExp(lo, hi int) {
	for i := lo; i < hi; i++ {
		row := j.row(i)
		top := Max(row)
		if t := float64(top); math.IsInf(t, 0) || math.IsNaN(t) {
			j.dst[i] = top
			continue
		}
		j.dst[i] = T(float64(top) + math.Log(SumExp(row, top)))
	}
}

func (j *rowJob[T]) softmax(lo, hi int) {
	f := tableOf[T]().softmax
	for i := lo; i < hi; i++ {
		f(j.dst[i*j.cols:(i+1)*j.cols], j.row(i))
	}
}

// softmax is the softmax of a row by the reductions of the level.
func softmax[T Float](dst, x []T) {
	sum := ExpSum(dst, x, Max(x)) // ∞ − ∞ is NaN, and makes the sum NaN
	Scale(dst, dst, T(1/sum))
}
