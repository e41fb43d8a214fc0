package kernel

// accelerateProducts puts the assembly of products_amd64.s into the tables.
func accelerateProducts(l Level) {
	switch l {
	case AVX2:
		single.productKernels = productKernels[float32]{
			tileRows: 4, wideCols: 24, narrowCols: 8, fewCols: 16,
			wide: wideTile32AVX2, narrow: narrowTile32AVX2,
			gather: gather32AVX2, transpose: transpose32AVX2, addDots: dots32AVX2, axpy: axpy32AVX2,
		}
		double.productKernels = productKernels[float64]{
			tileRows: 4, wideCols: 12, narrowCols: 4, fewCols: 16,
			wide: wideTile64AVX2, narrow: narrowTile64AVX2,
			gather: gather64AVX2, transpose: transpose64AVX2, addDots: dots64AVX2, axpy: axpy64AVX2,
		}
	case AVX512:
		single.productKernels = productKernels[float32]{
			tileRows: 14, wideCols: 32, narrowCols: 16, fewCols: 8,
			wide: wideTile32AVX512, narrow: narrowTile32AVX512,
			gather: gather32AVX512, transpose: transpose32AVX2, addDots: dots32AVX512, axpy: axpy32AVX512,
		}
		double.productKernels = productKernels[float64]{
			tileRows: 14, wideCols: 16, narrowCols: 8, fewCols: 8,
			wide: wideTile64AVX512, narrow: narrowTile64AVX512,
			gather: gather64AVX512, transpose: transpose64AVX2, addDots: dots64AVX512, axpy: axpy64AVX512,
		}
	}
}
