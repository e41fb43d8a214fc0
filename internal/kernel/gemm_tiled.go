package kernel

import (
	"runtime"
	"unsafe"
)

// productKernels are the kernels of the matrix products. All but axpy exist only at the levels with assembly, where C is
// computed in panels as wide as a tile, and a panel tile by tile, top down.
type productKernels[T Float] struct {
	tileRows             int // of the highest tile
	wideCols, narrowCols int // of a tile
	fewCols              int // below that many columns of C the transposed product, whose rows are longer, is faster
	wide, narrow         tileKernel[T]
	gather               gatherKernel[T]
	transpose            transposeKernel[T]
	addDots              dotsKernel[T]
	axpy                 func(y, x []T, alpha T)
}

// tileKernel computes a tile of C over k ≥ 1 rows of B. With s_ij = start_ij + Σ_q a_iq·b_qj, a chain of fused multiply-adds,
//
//	C_ij = s_ij                     for alpha = 1
//	C_ij = fma(alpha, s_ij, C_ij)   otherwise.
//
// Pointers are to first elements. Distances are in bytes: between rows of a and between its columns, between rows of b, of start,
// which may be C or a single row with distance 0, and of C. A wide kernel has a fixed number of columns; a narrow one takes
// up to its number.
type tileKernel[T Float] func(rows, cols, k int, a *T, rowStride, colStride int, b *T, ldb int, start *T, ldStart int, c *T, ldc int, alpha T)

// dotsKernel adds, over steps times 16 bytes of x, the scalar products of x with as many rows as a wide tile has columns to the
// elements of c. The chains are those of a tile, but the rows are read where they lie. ldb is in bytes.
type dotsKernel[T Float] func(x, b *T, ldb, steps int, c *T)

const (
	// panelDepth is how many rows of op(B) go into one call of a tile kernel: a panel of that depth stays in the second
	// cache while all tiles use it. It is part of what Gemm promises for alpha ≠ 1.
	panelDepth = 512
	// tiledGrain is how many multiply-adds are worth a goroutine.
	tiledGrain = 150_000
	// bandSize is how many bytes of op(A) a band has where there is a choice.
	bandSize = 1 << 17
	// widestTile is the greatest wideCols of all levels.
	widestTile = 32
)

// tiled is the state of a product that is computed in tiles.
type tiled[T Float] struct {
	*productKernels[T]
	tiles, panels    int  // of C
	bands            int  // that the tiles of a panel are split into
	packedA, packedB *[]T // op(A) and op(B) rearranged, nil when they are read where they lie
	packEach         bool // whether each panel of op(B) is rearranged when it is needed
	byDots           bool // whether the wide panels are computed by dots
	zeros            [widestTile]T

	computing, packingA, packingB func(lo, hi int) // computeUnits, packTiles, packPanels
}

func (p *product[T]) bindTiled() {
	p.computing, p.packingA, p.packingB = p.computeUnits, p.packTiles, p.packPanels
}

// multiplyTiles computes the product. A unit of work is a band of a panel.
func (p *product[T]) multiplyTiles() {
	p.productKernels = &tableOf[T]().productKernels
	p.byDots = p.m == 1 && p.transB && p.alpha == 1 && (!p.transA || p.lda == 1)
	if p.byDots || p.alpha != 1 {
		p.begin()
	}
	p.tiles = (p.m + p.tileRows - 1) / p.tileRows
	p.panels = p.n/p.wideCols + (p.n%p.wideCols+p.narrowCols-1)/p.narrowCols
	p.pack()
	p.bands = 1
	if work := p.m * p.n * p.k; work < 2*tiledGrain {
		p.computeUnits(0, p.panels)
	} else {
		p.bands = p.chooseBands()
		units := p.panels * p.bands
		Parallel(units, tiledGrain/(work/units+1)+1, p.computing)
	}
	p.dropPacked()
}

// chooseBands splits panels where there are few for many cores, and where the rows of op(A) would not stay in the second cache
// from one panel to the next.
func (p *product[T]) chooseBands() int {
	forCores := 1 + piecesPerWorker*runtime.GOMAXPROCS(0)/p.panels
	switch {
	case p.packedB != nil:
		forCache := min(p.m*p.k*sizeOf[T]()/bandSize, p.m/32) // panels are read anew for every band
		return min(max(forCores, forCache), p.tiles)
	case p.packEach: // for itself, which takes the work of some rows
		return min(forCores, (p.tiles+3)/4)
	}
	return min(forCores, p.tiles)
}

// computeUnits computes units lo..hi: the panels of one band, and so on.
func (p *product[T]) computeUnits(lo, hi int) {
	var buffer []T
	if p.packEach {
		held := borrow[T](min(p.k, panelDepth) * p.wideCols)
		defer giveBack(held)
		buffer = *held
	}
	for u := lo; u < hi; u++ {
		p.computeBand(u%p.panels, u/p.panels, buffer)
	}
}

// computeBand computes the tiles of a band of a panel.
func (p *product[T]) computeBand(panel, band int, buffer []T) {
	j, cols := p.columnsOf(panel)
	kernel := p.wide
	if cols < p.wideCols {
		kernel = p.narrow
	}
	size, k0 := sizeOf[T](), 0
	if step := 16 / size; p.byDots && cols == p.wideCols && p.k >= step {
		k0 = p.k / step * step
		p.addDots(&p.a[0], &p.b[j*p.ldb], p.ldb*size, p.k/step, &p.c[j])
	}
	for ; k0 < p.k; k0 += panelDepth {
		k := min(panelDepth, p.k-k0)
		b, ldb := p.panelOfB(j, cols, k0, k, buffer)
		for tile := band * p.tiles / p.bands; tile < (band+1)*p.tiles/p.bands; tile++ {
			i := p.tileRow(tile)
			rows := p.tileRow(tile+1) - i
			a, rowStride, colStride := p.tileOfA(i, rows, k0)
			c := &p.c[i*p.ldc+j]
			start, ldStart := &p.zeros[0], 0
			switch {
			case p.alpha != 1:
			case p.accumulate || k0 > 0:
				start, ldStart = c, p.ldc
			case p.bias != nil:
				start = &p.bias[j]
			}
			kernel(rows, cols, k, a, rowStride*size, colStride*size, b, ldb*size, start, ldStart*size, c, p.ldc*size, p.alpha)
		}
	}
}

// tileRow is the first row of a tile. All tiles are of one height, give or take a row.
func (p *product[T]) tileRow(tile int) int { return tile * p.m / p.tiles }

// columnsOf is the first column of a panel and their number. Behind the wide panels lie narrow ones.
func (p *product[T]) columnsOf(panel int) (j, cols int) {
	if wide := p.n / p.wideCols; panel >= wide {
		j = wide*p.wideCols + (panel-wide)*p.narrowCols
		return j, min(p.narrowCols, p.n-j)
	}
	return panel * p.wideCols, p.wideCols
}

func sizeOf[T Float]() int { return int(unsafe.Sizeof(T(0))) }
