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
	// widestTile is the greatest wideCols of all levels.
	widestTile = 32
)

// tiled is the state of a product that is computed in tiles.
type tiled[T Float] struct {
	*productKernels[T]
	tiles, panels    int  // of C
	bands            int  // ranges of tiles that a panel is split into
	packedA          *[]T // nil when op(A) is read where it lies
	packB            bool // whether each panel of op(B) is rearranged
	byDots           bool // whether the wide panels are computed by dots
	zeros            [widestTile]T
	units, packUnits func(lo, hi int)
}

func (p *product[T]) bindTiled() { p.units, p.packUnits = p.computeUnits, p.packTiles }

// multiplyTiles computes the product. A unit of work is a band of tiles of one panel.
func (p *product[T]) multiplyTiles() {
	p.productKernels = &tableOf[T]().productKernels
	p.byDots = p.m == 1 && p.transB && p.alpha == 1 && (!p.transA || p.lda == 1)
	if p.byDots || p.alpha != 1 {
		p.begin()
	}
	p.tiles = (p.m + p.tileRows - 1) / p.tileRows
	p.panels = p.n/p.wideCols + (p.n%p.wideCols+p.narrowCols-1)/p.narrowCols
	p.choosePacking()
	p.bands = p.tiles
	if p.packB {
		p.bands = (p.tiles + 3) / 4 // each band packs for itself
	}
	p.bands = min(p.bands, 1+piecesPerWorker*runtime.GOMAXPROCS(0)/p.panels)
	units := p.panels * p.bands
	Parallel(units, tiledGrain/(p.m*p.n*p.k/units+1)+1, p.units)
	p.dropPacked()
}

// computeUnits computes units lo..hi. The bands of a panel follow each other.
func (p *product[T]) computeUnits(lo, hi int) {
	var buffer []T
	if p.packB {
		held := borrow[T](min(p.k, panelDepth) * p.wideCols)
		defer giveBack(held)
		buffer = *held
	}
	for lo < hi {
		panel, band := lo/p.bands, lo%p.bands
		end := min(band+hi-lo, p.bands)
		p.computePanel(panel, band*p.tiles/p.bands, end*p.tiles/p.bands, buffer)
		lo += end - band
	}
}

// computePanel computes the tiles from..to of a panel.
func (p *product[T]) computePanel(panel, from, to int, buffer []T) {
	j, cols, kernel := panel*p.wideCols, p.wideCols, p.wide
	if j+cols > p.n {
		wide := p.n / p.wideCols
		j = wide*p.wideCols + (panel-wide)*p.narrowCols
		cols, kernel = min(p.narrowCols, p.n-j), p.narrow
	}
	size, k0 := sizeOf[T](), 0
	if step := 16 / size; p.byDots && cols == p.wideCols && p.k >= step {
		k0 = p.k / step * step
		p.addDots(&p.a[0], &p.b[j*p.ldb], p.ldb*size, p.k/step, &p.c[j])
	}
	for ; k0 < p.k; k0 += panelDepth {
		k := min(panelDepth, p.k-k0)
		b, ldb := p.panelOfB(j, cols, k0, k, buffer)
		for tile := from; tile < to; tile++ {
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

func sizeOf[T Float]() int { return int(unsafe.Sizeof(T(0))) }
