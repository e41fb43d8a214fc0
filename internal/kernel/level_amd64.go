package kernel

import "golang.org/x/sys/cpu"

// best is the highest level that the processor and the operating system support.
func best() Level {
	x := cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasBMI2:
		return Plain
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL:
		return AVX512
	}
	return AVX2
}

// accelerate puts the assembly of a level into the tables. Each family of kernels knows its own.
func accelerate(l Level) {
	if l == Plain {
		return
	}
	accelerateProducts(l)
	accelerateElementwise(l)
	accelerateArithmetic(l)
	accelerateReductions(l)
	accelerateRandom(l)
	accelerateSolvers(l)
	accelerateBits(l)
	accelerateChosen(l)
}
