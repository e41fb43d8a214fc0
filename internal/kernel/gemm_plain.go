package kernel

const (
	// rowBlock rows of C take turns on a block of B, which then comes from cache for all but the first of them.
	rowBlock = 16
	// blockDepth is how many rows of op(B) such a block has.
	blockDepth = 128
	// thin is the number of rows of C below which op(B) is read so few times that packing its transpose, or making sure
	// that it is finite, costs about as much as it saves.
	thin = 8
	// plainGrain is how many multiply-adds are worth a goroutine.
	plainGrain = 1 << 15
)

// plain is the state of a product at the Go level.
type plain[T Float] struct {
	skip   bool // leave out the zeros of op(A)
	packed []T  // op(B) where B is stored as its transpose

	rowRange, columnRange, dotRange, packRange func(lo, hi int)
}

func (p *product[T]) bindPlain() {
	p.rowRange = func(lo, hi int) { p.rows(lo, hi, 0, p.n) }
	p.columnRange = func(lo, hi int) { p.rows(0, p.m, lo, hi) }
	p.dotRange = p.dots
	p.packRange = p.packTransposed
}

// multiplyPlain computes the product by adding multiples of rows of op(B) to rows of C.
func (p *product[T]) multiplyPlain() {
	if p.bias != nil {
		p.begin()
	}
	work := func(rows int) int { return plainGrain/(rows*p.k) + 1 }
	if p.transB {
		if p.m < thin {
			Parallel(p.n, work(p.m), p.dotRange)
			return
		}
		packed := borrow[T](p.k * p.n)
		defer giveBack(packed)
		p.packed = *packed
		Parallel(p.k, vectorGrain/p.n+transposeTile, p.packRange)
		p.b, p.ldb = p.packed, p.n
	}
	if p.skip = p.skippingPays(); p.m >= thin {
		Parallel(p.m, work(p.n), p.rowRange)
	} else {
		Parallel(p.n, max(work(p.m), 64), p.columnRange)
	}
	p.packed = nil
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
	var ks [blockDepth]int
	var as [blockDepth]T
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
		for k0 := 0; k0 < p.k; k0 += blockDepth {
			k1 := min(k0+blockDepth, p.k)
			for i := i0; i < i1; i++ {
				count := p.listRow(i, k0, k1, &ks, &as)
				addRows(sums(i), p.b[from:], p.ldb, ks[:count], as[:count])
			}
		}
		for i := i0; i < i1; i++ {
			p.finish(p.c[i*p.ldc+from:][:width], sums(i))
		}
	}
}

// listRow lists elements k0..k1 of row i of op(A) and their places in that row, without the zeros when p.skip is set.
func (p *product[T]) listRow(i, k0, k1 int, ks *[blockDepth]int, as *[blockDepth]T) int {
	at, stride := i*p.lda+k0, 1
	if p.transA {
		at, stride = k0*p.lda+i, p.lda
	}
	count := 0
	for k := k0; k < k1; k++ {
		v := p.a[at]
		at += stride
		ks[count&(blockDepth-1)], as[count&(blockDepth-1)] = k, v
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
		plainAxpy(c, sums, p.alpha)
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
		plainAxpy(c, b[k*ldb:][:n], as[q])
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

// transposeTile is the side of the square tiles of a transposition, so that each cache line is used whole on both sides.
const transposeTile = 16

// packTransposed writes rows lo..hi of op(B) to p.packed, whose rows lie side by side.
func (p *product[T]) packTransposed(lo, hi int) {
	for j0 := 0; j0 < p.n; j0 += transposeTile {
		j1 := min(j0+transposeTile, p.n)
		for k0 := lo; k0 < hi; k0 += transposeTile {
			for k := k0; k < min(k0+transposeTile, hi); k++ {
				out := p.packed[k*p.n+j0 : k*p.n+j1]
				at := j0*p.ldb + k
				for j := range out {
					out[j] = p.b[at]
					at += p.ldb
				}
			}
		}
	}
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
