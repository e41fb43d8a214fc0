// Package kernel holds the vector and matrix kernels that the graph operations stand on: matrix products, elementwise
// functions with their gradients, row reductions and the scalar functions behind them.
//
// # Terms
//
// A matrix is a slice in row-major order with a leading dimension, the distance between the starts of two rows. Where
// none is given the matrix is packed: the leading dimension is the number of columns. The stored matrix is what lies in
// memory; op(A) is the stored matrix or its transpose.
//
// # Invariants
//
// A result does not depend on GOMAXPROCS: work is split over cores only where elements are independent, and every
// reduction has one fixed order. Each element of a product is one chain of additions in ascending k, so a row of a
// batch gets the same bits as that row alone. Nothing is promised about bits across architectures: some compilers fuse
// x*y + z in the elementwise functions and the reductions.
//
// NaN and infinities behave as the formulas say; no kernel hides one by skipping a product with zero.
//
// # Aliasing
//
// The destination of an elementwise kernel may be one of its sources. The destination of a product or of a reduction
// must not overlap its operands.
//
// # Precision
//
// Elementwise functions and reductions of float32 data are evaluated in float64 and rounded once at the end. Products
// are accumulated in the element type.
//
// # Failures
//
// A slice too short for its shape is a bug in the caller and panics: shapes are checked, with errors, by the callers.
package kernel
