package kernel

import (
	"fmt"
	"sync"
)

// Gemm computes the matrix product C = alpha·op(A)·op(B), or adds it to C when accumulate is set.
//
// op(A) is m×k and op(B) is k×n; transA and transB say whether the stored matrix is the transpose. lda, ldb and ldc are
// the leading dimensions of the stored matrices. Elements of C between n and ldc are left alone. C must not overlap A
// or B.
//
// Each element is one chain of additions in ascending k, in the element type.
//
// At the levels with assembly every addition is a fused multiply-add, s ← fma(op(A)_ik, op(B)_kj, s), rounded once. For
// alpha = 1 the chain starts from +0, or from C_ij when accumulate is set, and its end is C_ij. For another alpha the sum over
// k is cut into blocks of panelDepth, each block is a chain s from +0, and C_ij ← fma(alpha, s, C_ij) for one block after the
// other, C_ij being +0 before the first unless accumulate is set.
//
// At the Go level s = Σ_k op(A)_ik·op(B)_kj is summed from zero, and the result is alpha·s or C_ij + alpha·s. Each product is
// rounded before it is added, also where the processor could do both in one step (a conversion forbids that in Go):
// otherwise the bits would depend on which loops the compiler chose to fuse. Zeros of op(A) are skipped where that pays and
// op(B) is finite (0·Inf must stay NaN); s cannot be −0, so skipping does not change a bit.
//
// Cost: m·n·k multiply-adds (at the Go level less the skipped ones) over all cores, and scratch memory where an operand is
// rearranged. It allocates nothing once the scratch memory is there.
func Gemm[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, accumulate bool, c []T, ldc int) {
	compute(problem[T]{transA, transB, m, n, k, alpha, a, lda, b, ldb, accumulate, nil, c, ldc})
}

// Affine computes dst = x·op(w) + bias: x is m×k, op(w) k×n (w is stored n×k when transW), bias has n elements and is
// added to every row of dst, m×n. All are packed; dst must not overlap the others. Cost and rounding are those of Gemm
// accumulating onto rows of biases.
func Affine[T Float](transW bool, m, n, k int, x, w, bias, dst []T) {
	ldw := n
	if transW {
		ldw = k
	}
	compute(problem[T]{false, transW, m, n, k, 1, x, k, w, ldw, false, bias[:max(n, 0)], dst, n})
}

// problem is a matrix product to compute: the arguments of Gemm, or of Affine.
type problem[T Float] struct {
	transA, transB bool
	m, n, k        int
	alpha          T
	a              []T
	lda            int
	b              []T
	ldb            int
	accumulate     bool
	bias           []T // added to every row of C; nil for none
	c              []T
	ldc            int
}

// product is a problem at work: the state of the algorithms and the functions that they give to Parallel. It is pooled,
// for each such function would be an allocation.
type product[T Float] struct {
	problem[T]
	plain[T]
	tiled[T]
}

func compute[T Float](w problem[T]) {
	if w.m <= 0 || w.n <= 0 {
		return
	}
	checkMatrix("a", len(w.a), w.transA, w.m, w.k, w.lda)
	checkMatrix("b", len(w.b), w.transB, w.k, w.n, w.ldb)
	checkMatrix("c", len(w.c), false, w.m, w.n, w.ldc)
	switch {
	case w.k <= 0:
		w.begin()
		return
	case w.n < w.m && w.n < tableOf[T]().fewCols:
		w.computeTransposed()
		return
	}
	p := borrowProduct[T]()
	p.problem = w
	if level == Plain {
		p.multiplyPlain()
	} else {
		p.multiplyTiles()
	}
	p.problem = problem[T]{} // keeps no matrix alive
	products[precision[T]()].Put(p)
}

// computeTransposed computes Cᵀ = op(B)ᵀ·op(A)ᵀ, which has the long rows that the kernels want.
func (w *problem[T]) computeTransposed() {
	held := borrow[T](w.m * w.n)
	defer giveBack(held)
	t := *held
	if w.bias != nil {
		w.begin()
	}
	for j := range w.n {
		for i := 0; i < w.m && w.accumulate; i++ {
			t[j*w.m+i] = w.c[i*w.ldc+j]
		}
	}
	compute(problem[T]{!w.transB, !w.transA, w.n, w.m, w.k, w.alpha, w.b, w.ldb, w.a, w.lda, w.accumulate, nil, t, w.m})
	for i := range w.m {
		for j := range w.n {
			w.c[i*w.ldc+j] = t[j*w.m+i]
		}
	}
}

// begin writes what is there before the first product to C. What is left is to accumulate.
func (w *problem[T]) begin() {
	for i := 0; i < w.m && !w.accumulate; i++ {
		row := w.c[i*w.ldc:][:w.n]
		if w.bias != nil {
			copy(row, w.bias)
		} else {
			clear(row)
		}
	}
	w.accumulate, w.bias = true, nil
}

var products [2]sync.Pool // of *product

func borrowProduct[T Float]() *product[T] {
	if p, ok := products[precision[T]()].Get().(*product[T]); ok {
		return p
	}
	p := new(product[T])
	p.bindPlain()
	p.bindTiled()
	return p
}

// checkMatrix panics unless length elements hold a stored matrix. It runs before any part of the work, so that a
// kernel never stops with its result half written.
func checkMatrix(name string, length int, trans bool, rows, cols, ld int) {
	if trans {
		rows, cols = cols, rows
	}
	if rows <= 0 || cols <= 0 {
		return
	}
	if ld < cols || length < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kernel: Gemm: %s has %d elements, leading dimension %d, want %d×%d", name, length, ld, rows, cols))
	}
}
