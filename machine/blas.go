package machine

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	G "gorgonia.org/gorgonia"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// UseKernels gives Gorgonia's own products (Mul, BatchedMatMul, Tensordot, convolutions by matrices and what else ends in a
// matrix times a matrix or a vector) the kernels of this library, in float32 and float64, on every kind of machine. The rest
// of the BLAS stays gonum's.
//
// It calls gorgonia.Use, which is for the whole process and knows no locks: call it before anything runs. The results differ
// from gonum's by rounding. gorgonia.Use(gonum.Implementation{}) takes it back.
func UseKernels() { G.Use(kernelBLAS{}) }

// kernelBLAS is gonum's BLAS with other products. Called with alpha = 0 and beta = 1, gonum does nothing but panic over wrong
// arguments, as a BLAS has to.
type kernelBLAS struct{ gonum.Implementation }

func (g kernelBLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	g.Implementation.Sgemm(tA, tB, m, n, k, 0, a, lda, b, ldb, 1, c, ldc)
	gemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (g kernelBLAS) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	g.Implementation.Dgemm(tA, tB, m, n, k, 0, a, lda, b, ldb, 1, c, ldc)
	gemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (g kernelBLAS) Sgemv(tA blas.Transpose, m, n int, alpha float32, a []float32, lda int, x []float32, incX int, beta float32, y []float32, incY int) {
	gemv(g.Implementation.Sgemv, tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
}

func (g kernelBLAS) Dgemv(tA blas.Transpose, m, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int) {
	gemv(g.Implementation.Dgemv, tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
}

type gemvFunc[T kernel.Float] func(tA blas.Transpose, m, n int, alpha T, a []T, lda int, x []T, incX int, beta T, y []T, incY int)

// gemm sets C = alpha·op(A)·op(B) + beta·C.
func gemm[T kernel.Float](tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if m == 0 || n == 0 {
		return
	}
	if alpha == 0 {
		k = 0
	}
	for i := 0; i < m && beta != 0 && beta != 1; i++ {
		row := c[i*ldc:][:n]
		kernel.Scale(row, row, beta)
	}
	kernel.Gemm(tA != blas.NoTrans, tB != blas.NoTrans, m, n, k, alpha, a, lda, b, ldb, beta != 0, c, ldc)
}

// gemv sets y = alpha·op(A)·x + beta·y. Vectors with gaps are left to reference.
func gemv[T kernel.Float](reference gemvFunc[T], tA blas.Transpose, m, n int, alpha T, a []T, lda int, x []T, incX int, beta T, y []T, incY int) {
	if incX != 1 || incY != 1 || alpha == 0 {
		reference(tA, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	reference(tA, m, n, 0, a, lda, x, incX, 1, y, incY)
	if m == 0 || n == 0 {
		return // as every BLAS does, whatever beta is
	}
	if tA == blas.NoTrans {
		gemm(tA, tA, m, 1, n, alpha, a, lda, x, 1, beta, y, 1)
	} else { // yᵀ = xᵀ·A
		gemm(blas.NoTrans, blas.NoTrans, 1, n, m, alpha, x, m, a, lda, beta, y, n)
	}
}
