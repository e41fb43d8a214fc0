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

// pack decides which operands to rearrange, and rearranges those that are rearranged as a whole. For A stored as its
// transpose it does not pay.
func (p *product[T]) pack() {
	size := sizeOf[T]()
	if !p.transA && p.lda*size%aliasing == 0 && p.panels >= 4 {
		p.packedA = borrow[T](p.m * p.k)
		Parallel(p.tiles, vectorGrain*p.tiles/(p.m*p.k)+1, p.packingA)
	}
	if p.m >= manyRows {
		p.packedB = borrow[T](p.k * p.n)
		Parallel(p.panels, vectorGrain*p.panels/(p.k*p.n)+1, p.packingB)
	}
	p.packEach = p.packedB == nil && (p.transB || p.tiles > 2 && p.ldb*size%aliasing == 0)
}

// dropPacked gives the memory of the packed operands back.
func (p *product[T]) dropPacked() {
	if p.packedA != nil {
		giveBack(p.packedA)
	}
	if p.packedB != nil {
		giveBack(p.packedB)
	}
	p.packedA, p.packedB = nil, nil
}

// panelOfB returns columns j… and rows k0… of op(B), with the leading dimension. The buffer is for a panel to pack.
func (p *product[T]) panelOfB(j, cols, k0, k int, buffer []T) (b *T, ldb int) {
	switch {
	case p.packedB != nil:
		return &(*p.packedB)[j*p.k+k0*cols], cols
	case p.packEach:
		p.packPanel(buffer, j, cols, k0, k)
		return &buffer[0], cols
	}
	return &p.b[k0*p.ldb+j], p.ldb
}

// packPanels rearranges panels lo..hi of op(B), each to its rows one after the other.
func (p *product[T]) packPanels(lo, hi int) {
	for panel := lo; panel < hi; panel++ {
		j, cols := p.columnsOf(panel)
		p.packPanel((*p.packedB)[j*p.k:], j, cols, 0, p.k)
	}
}

func (p *product[T]) packPanel(dst []T, j, cols, k0, k int) {
	switch {
	case p.transB:
		p.transposeTo(dst, cols, p.b[j*p.ldb+k0:], p.ldb, cols, k)
	case cols == p.wideCols:
		p.gather(&dst[0], &p.b[k0*p.ldb+j], p.ldb*sizeOf[T](), k)
	default:
		for q := range k {
			copy(dst[q*cols:][:cols], p.b[(k0+q)*p.ldb+j:])
		}
	}
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
