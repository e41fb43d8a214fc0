package kernel

// accelerateSolvers puts the assembly of solver_amd64.s into the tables.
func accelerateSolvers(l Level) {
	switch l {
	case AVX2:
		single.solverKernels = solverKernels[float32]{descend32AVX2, momentum32AVX2, nesterov32AVX2, adam32AVX2}
		double.solverKernels = solverKernels[float64]{descend64AVX2, momentum64AVX2, nesterov64AVX2, adam64AVX2}
	case AVX512:
		single.solverKernels = solverKernels[float32]{descend32AVX512, momentum32AVX512, nesterov32AVX512, adam32AVX512}
		double.solverKernels = solverKernels[float64]{descend64AVX512, momentum64AVX512, nesterov64AVX512, adam64AVX512}
	}
}
