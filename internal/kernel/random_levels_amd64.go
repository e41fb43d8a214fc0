package kernel

// accelerateRandom puts the assembly of random_amd64.s into the tables.
func accelerateRandom(l Level) {
	switch l {
	case AVX2:
		single.randomKernels = randomKernels[float32]{uniform32AVX2, normal32AVX2, binary32AVX2, gaussian32AVX2}
		double.randomKernels = randomKernels[float64]{uniform64AVX2, normal64AVX2, binary64AVX2, gaussian64AVX2}
	case AVX512:
		single.randomKernels = randomKernels[float32]{uniform32AVX512, normal32AVX512, binary32AVX512, gaussian32AVX512}
		double.randomKernels = randomKernels[float64]{uniform64AVX512, normal64AVX512, binary64AVX512, gaussian64AVX512}
	}
}
