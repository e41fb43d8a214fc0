package kernel

import "fmt"

const (
	// rowBlock rows of C take turns on a block of B, which then comes from cache for all but the first of them.
	rowBlock = 16
	// depthBlock is how many rows of op(B) such a block has.
	depthBlock = 128
	// thin is the number of rows of C below which op(B) is read so few times that packing its transpose, or making sure
	// that it is finite, costs about as much as it saves.
	thin = 8
	// narrow is the number of columns of C below which the transposed product, whose rows are longer, is faster.
	narrow = 16
	// gemmGrain is how many multiply-adds are worth a goroutine.
	gemmGrain = 1 << 15
)

// Gemm computes the matrix product C = alpha·op(A)·op(B), or adds it to C when accumulate is set.
//
// op(A) is m×k and op(B) is k×n; transA and transB say whether the stored matrix is the transpose. lda, ldb and ldc are
// the leading dimensions of the stored matrices. Elements of C between n and ldc are left alone. C must not overlap A
// or B.
//
// Each element is s = Σ_k op(A)_ik·op(B)_kj, summed from zero in ascending k in the element type, and then alpha·s or
// C_ij + alpha·s. Each product is rounded before it is added, also where the processor could do both in one step (a
// conversion forbids that in Go): otherwise the bits would depend on which loops the compiler chose to fuse.
//
// Zeros of op(A) are skipped where that pays and op(B) is finite (0·Inf must stay NaN), which is what makes products
// with binary samples cheap; s cannot be −0, so skipping does not change a bit.
//
// Cost: m·n·k multiply-adds less the skipped ones, over all cores; scratch memory for a transposed B.
func Gemm[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, accumulate bool, c []T, ldc int) {
	if m <= 0 || n <= 0 {
		return
	}
	checkMatrix("a", len(a), transA, m, k, lda)
	checkMatrix("b", len(b), transB, k, n, ldb)
	checkMatrix("c", len(c), false, m, n, ldc)
	if n < narrow && n < m {
		// Cᵀ = op(B)ᵀ·op(A)ᵀ has the long rows that the kernels want.
		t := borrow[T](m * n)
		Gemm(!transB, !transA, n, m, k, 1, b, ldb, a, lda, false, *t, m)
		for i := range m {
			for j := range n {
				store(&c[i*ldc+j], alpha, (*t)[j*m+i], accumulate)
			}
		}
		giveBack(t)
		return
	}
	p := product[T]{transA, m, n, k, alpha, a, lda, b, ldb, accumulate, c, ldc, false}
	switch {
	case k <= 0:
		p.rows(0, m, 0, n) // sums of nothing
		return
	case transB && m < thin:
		Parallel(n, gemmGrain/(m*k)+1, p.dots)
		return
	case transB:
		packed := borrow[T](k * n)
		defer giveBack(packed)
		transpose(*packed, b, n, k, ldb)
		p.b, p.ldb = *packed, n
	}
	p.skip = p.skippingPays()
	if m >= thin {
		Parallel(m, gemmGrain/(n*k)+1, func(lo, hi int) { p.rows(lo, hi, 0, n) })
		return
	}
	Parallel(n, max(gemmGrain/(m*k), 64), func(lo, hi int) { p.rows(0, m, lo, hi) })
}

// Affine computes dst = x·op(w) + bias: x is m×k, op(w) k×n (w is stored n×k when transW), bias has n elements and is
// added to every row of dst, m×n. All are packed; dst must not overlap the others. Cost and rounding are Gemm's, the
// bias being added last.
func Affine[T Float](transW bool, m, n, k int, x, w, bias, dst []T) {
	ldw := n
	if transW {
		ldw = k
	}
	Gemm(false, transW, m, n, k, 1, x, k, w, ldw, false, dst, n)
	Parallel(m, vectorGrain/max(n, 1)+1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			axpy(1, bias[:n], dst[i*n:(i+1)*n])
		}
	})
}

// product is one matrix product with B not transposed (except in dots).
type product[T Float] struct {
	transA     bool
	m, n, k    int
	alpha      T
	a          []T
	lda        int
	b          []T
	ldb        int
	accumulate bool
	c          []T
	ldc        int
	skip       bool // leave out the zeros of op(A)
}

// skippingPays reports whether to skip the zeros of op(A). Making sure that op(B) is finite costs about as much as one
// row of the product, k·n; each zero then saves n.
func (p *product[T]) skippingPays() bool {
	if p.m < thin {
		return false
	}
	rows, cols := p.m, p.k
	if p.transA {
		rows, cols = cols, rows
	}
	zeros := 0
	for i := range rows {
		zeros += countZeros(p.a[i*p.lda : i*p.lda+cols])
	}
	if zeros < 2*p.k {
		return false
	}
	if p.ldb == p.n {
		return AllFinite(p.b[:p.k*p.n])
	}
	for kk := range p.k {
		if !AllFinite(p.b[kk*p.ldb : kk*p.ldb+p.n]) {
			return false
		}
	}
	return true
}

// rows computes rows lo..hi of C in the columns from..to, adding multiples of rows of B to rows of C.
func (p *product[T]) rows(lo, hi, from, to int) {
	width := to - from
	var held *[]T // rows of sums, where C itself must keep its old contents until the sum is complete
	if p.accumulate {
		held = borrow[T](rowBlock * width)
		defer giveBack(held)
	}
	var ks [depthBlock]int
	var as [depthBlock]T
	for i0 := lo; i0 < hi; i0 += rowBlock {
		i1 := min(i0+rowBlock, hi)
		sums := func(i int) []T {
			if p.accumulate {
				return (*held)[(i-i0)*width:][:width]
			}
			return p.c[i*p.ldc+from:][:width]
		}
		for i := i0; i < i1; i++ {
			clear(sums(i))
		}
		for k0 := 0; k0 < p.k; k0 += depthBlock {
			k1 := min(k0+depthBlock, p.k)
			for i := i0; i < i1; i++ {
				count := p.gather(i, k0, k1, &ks, &as)
				addRows(sums(i), p.b[from:], p.ldb, ks[:count], as[:count])
			}
		}
		for i := i0; i < i1; i++ {
			p.finish(p.c[i*p.ldc+from:][:width], sums(i))
		}
	}
}

// gather lists elements k0..k1 of row i of op(A) and their places in that row, without the zeros when p.skip is set.
func (p *product[T]) gather(i, k0, k1 int, ks *[depthBlock]int, as *[depthBlock]T) int {
	at, stride := i*p.lda+k0, 1
	if p.transA {
		at, stride = k0*p.lda+i, p.lda
	}
	count := 0
	for k := k0; k < k1; k++ {
		v := p.a[at]
		at += stride
		ks[count&(depthBlock-1)], as[count&(depthBlock-1)] = k, v
		if v != 0 || !p.skip { // a NaN is not equal to zero either
			count++
		}
	}
	return count
}

// finish turns the complete sums of a row into the row of C.
func (p *product[T]) finish(c, sums []T) {
	switch {
	case p.accumulate:
		axpy(p.alpha, sums, c)
	case p.alpha != 1:
		for j := range c {
			c[j] *= p.alpha
		}
	}
}

// dots computes the columns lo..hi of C for a transposed B, as scalar products of rows of op(A) and of stored B.
func (p *product[T]) dots(lo, hi int) {
	row := borrow[T](p.k)
	defer giveBack(row)
	for i := range p.m {
		x := *row
		if p.transA {
			for k := range x {
				x[k] = p.a[k*p.lda+i]
			}
		} else {
			x = p.a[i*p.lda:][:p.k]
		}
		c := p.c[i*p.ldc:]
		j := lo
		for ; j+4 <= hi; j += 4 {
			y := p.b[j*p.ldb:]
			s0, s1, s2, s3 := dot4(x, y, y[p.ldb:], y[2*p.ldb:], y[3*p.ldb:])
			store(&c[j], p.alpha, s0, p.accumulate)
			store(&c[j+1], p.alpha, s1, p.accumulate)
			store(&c[j+2], p.alpha, s2, p.accumulate)
			store(&c[j+3], p.alpha, s3, p.accumulate)
		}
		for ; j < hi; j++ {
			var s T
			y := p.b[j*p.ldb:][:len(x)]
			for k, v := range x {
				s += T(v * y[k])
			}
			store(&c[j], p.alpha, s, p.accumulate)
		}
	}
}

// store puts one finished sum into C.
func store[T Float](c *T, alpha, s T, accumulate bool) {
	if accumulate {
		*c += T(alpha * s)
	} else {
		*c = alpha * s
	}
}

// dot4 takes four scalar products with x at once: one alone would wait for each addition to finish.
func dot4[T Float](x, y0, y1, y2, y3 []T) (s0, s1, s2, s3 T) {
	y0, y1, y2, y3 = y0[:len(x)], y1[:len(x)], y2[:len(x)], y3[:len(x)]
	for k, v := range x {
		s0 += T(v * y0[k])
		s1 += T(v * y1[k])
		s2 += T(v * y2[k])
		s3 += T(v * y3[k])
	}
	return s0, s1, s2, s3
}

// addRows adds Σ_q as_q·(row ks_q of b) to c, in order. Without vector instructions eight rows are added at a time, so that
// c is read and written once for eight products and an element's chain of additions overlaps with its neighbours'.
func addRows[T Float](c, b []T, ldb int, ks []int, as []T) {
	n := len(c)
	as = as[:len(ks)]
	for ; len(ks) >= 8 && len(as) >= 8 && !vectorised(n); ks, as = ks[8:], as[8:] {
		addEight(c,
			b[ks[0]*ldb:][:n], b[ks[1]*ldb:][:n], b[ks[2]*ldb:][:n], b[ks[3]*ldb:][:n],
			b[ks[4]*ldb:][:n], b[ks[5]*ldb:][:n], b[ks[6]*ldb:][:n], b[ks[7]*ldb:][:n], (*[8]T)(as))
	}
	for q, k := range ks {
		axpy(as[q], b[k*ldb:][:n], c)
	}
}

// addEight adds a_0·b0 + … + a_7·b7 to c. It is a function of its own, and not inlined, for then the eleven pointers
// and counters of its loop just fit the registers.
//
//go:noinline
func addEight[T Float](c, b0, b1, b2, b3, b4, b5, b6, b7 []T, a *[8]T) {
	n := len(c)
	b0, b1, b2, b3, b4, b5, b6, b7 = b0[:n], b1[:n], b2[:n], b3[:n], b4[:n], b5[:n], b6[:n], b7[:n]
	a0, a1, a2, a3, a4, a5, a6, a7 := a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
	for j := range c {
		s := c[j] + T(a0*b0[j])
		s += T(a1 * b1[j])
		s += T(a2 * b2[j])
		s += T(a3 * b3[j])
		s += T(a4 * b4[j])
		s += T(a5 * b5[j])
		s += T(a6 * b6[j])
		c[j] = s + T(a7*b7[j])
	}
}

// transpose writes the transpose of src, rows×cols with leading dimension ld, to dst, packed. It goes by square tiles,
// so that each cache line is used whole on both sides.
func transpose[T Float](dst, src []T, rows, cols, ld int) {
	const tile = 16
	Parallel(cols, vectorGrain/max(rows, 1)+tile, func(lo, hi int) {
		for i0 := 0; i0 < rows; i0 += tile {
			i1 := min(i0+tile, rows)
			for j0 := lo; j0 < hi; j0 += tile {
				j1 := min(j0+tile, hi)
				for j := j0; j < j1; j++ {
					out := dst[j*rows+i0 : j*rows+i1]
					at := i0*ld + j
					for i := range out {
						out[i] = src[at]
						at += ld
					}
				}
			}
		}
	})
}

func countZeros[T Float](x []T) int {
	zeros := 0
	for _, v := range x {
		if v == 0 {
			zeros++
		}
	}
	return zeros
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
