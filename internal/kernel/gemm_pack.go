package kernel

// An operand is read where it lies unless the kernels cannot, being made for rows of B, or should not: rows that lie a multiple
// of 4096 bytes apart compete for the same few places of the first cache, and what is read very often is better together.
const (
	aliasing = 4096 // bytes
	// manyRows is the number of rows of C from which a panel of op(B) is read often.
	manyRows = 256
)

// gatherKernel copies rows as long as a wide tile to where they lie side by side. The distance between the rows of src is in
// bytes.
type gatherKernel[T Float] func(dst, src *T, ldSrc, rows int)

// transposeKernel writes the transposes of square blocks, 32 bytes high and wide, that lie side by side in src, to dst, one below
// the other. The distances between rows are in bytes.
type transposeKernel[T Float] func(dst *T, ldDst int, src *T, ldSrc, blocks int)

// choosePacking decides which operands to rearrange, and rearranges op(A). The panels of op(B) are rearranged as they are
// needed, by whoever needs them. For A stored as its transpose it does not pay.
func (p *product[T]) choosePacking() {
	size := sizeOf[T]()
	p.packB = p.transB || p.m >= manyRows || p.tiles > 2 && p.ldb*size%aliasing == 0
	if !p.transA && p.lda*size%aliasing == 0 && p.panels >= 4 {
		p.packedA = borrow[T](p.m * p.k)
		Parallel(p.tiles, vectorGrain*p.tiles/(p.m*p.k)+1, p.packUnits)
	}
}

// dropPacked gives the memory of op(A) back.
func (p *product[T]) dropPacked() {
	if p.packedA != nil {
		giveBack(p.packedA)
		p.packedA = nil
	}
}

// panelOfB returns columns j… and rows k0… of op(B), with the leading dimension.
func (p *product[T]) panelOfB(j, cols, k0, k int, buffer []T) (b *T, ldb int) {
	switch {
	case p.transB:
		p.transposeTo(buffer, cols, p.b[j*p.ldb+k0:], p.ldb, cols, k)
	case p.packB && cols == p.wideCols:
		p.gather(&buffer[0], &p.b[k0*p.ldb+j], p.ldb*sizeOf[T](), k)
	default:
		return &p.b[k0*p.ldb+j], p.ldb
	}
	return &buffer[0], cols
}

// tileOfA returns rows i… and columns k0… of op(A), with the distances between its rows and between its columns.
func (p *product[T]) tileOfA(i, rows, k0 int) (a *T, rowStride, colStride int) {
	switch {
	case p.packedA != nil:
		return &(*p.packedA)[i*p.k+k0*rows], 1, rows
	case p.transA:
		return &p.a[k0*p.lda+i], 1, p.lda
	}
	return &p.a[i*p.lda+k0], p.lda, 1
}

// packTiles rearranges tiles lo..hi of A, each to its columns one after the other.
func (p *product[T]) packTiles(lo, hi int) {
	for tile := lo; tile < hi; tile++ {
		i := p.tileRow(tile)
		rows := p.tileRow(tile+1) - i
		p.transposeTo((*p.packedA)[i*p.k:], rows, p.a[i*p.lda:], p.lda, rows, p.k)
	}
}

// transposeTo writes the transpose of src, rows×cols, to dst. Blocks at the far edges overlap their neighbours.
func (t *productKernels[T]) transposeTo(dst []T, ldDst int, src []T, ldSrc, rows, cols int) {
	size := sizeOf[T]()
	side := 32 / size
	if rows < side || cols < side {
		for i := range rows {
			for j := range cols {
				dst[j*ldDst+i] = src[i*ldSrc+j]
			}
		}
		return
	}
	for i0 := 0; i0 < rows; i0 += side {
		i := min(i0, rows-side)
		t.transpose(&dst[i], ldDst*size, &src[i*ldSrc], ldSrc*size, cols/side)
		if cols%side > 0 {
			j := cols - side
			t.transpose(&dst[j*ldDst+i], ldDst*size, &src[i*ldSrc+j], ldSrc*size, 1)
		}
	}
}
