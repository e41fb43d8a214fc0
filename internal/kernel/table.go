package kernel

// table holds the kernels of the level at work in one precision: what differs between levels. Every entry is safe for
// slices of any length, is called with slices of equal length unless its comment says otherwise, and runs on the calling
// goroutine; the exported functions above them check lengths and share the work out.
type table[T Float] struct {
	productKernels[T]
	elementwiseKernels[T]
	arithmeticKernels[T]
	reductionKernels[T]
	randomKernels[T]
	solverKernels[T]
}

// plainTable is the level that every machine has.
func plainTable[T Float]() table[T] {
	return table[T]{
		productKernels:     productKernels[T]{fewCols: 16, axpy: plainAxpy[T]},
		elementwiseKernels: plainElementwise[T](),
		arithmeticKernels:  plainArithmetic[T](),
		reductionKernels:   plainReductions[T](),
		randomKernels:      plainRandom[T](),
		solverKernels:      plainSolvers[T](),
	}
}

var (
	single table[float32]
	double table[float64]
)

// tableOf returns the table of a precision.
func tableOf[T Float]() *table[T] {
	if t, ok := any(&single).(*table[T]); ok {
		return t
	}
	return any(&double).(*table[T])
}
