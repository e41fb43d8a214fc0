package kernel

// randomKernels are the kernels of random numbers.
type randomKernels[T Float] struct {
	uniform  func(dst []T, at Address)
	normal   func(dst []T, at Address)
	binary   func(dst, in, bias []T, scale, low T, at Address)
	gaussian func(dst, in, logVariance []T, temperature T, at Address)
}

func plainRandom[T Float]() randomKernels[T] {
	return randomKernels[T]{uniformPlain[T], normalPlain[T], binaryPlain[T], gaussianPlain[T]}
}
