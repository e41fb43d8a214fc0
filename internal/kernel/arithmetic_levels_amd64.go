package kernel

// accelerateArithmetic puts the assembly of arithmetic_amd64.s into the tables.
func accelerateArithmetic(l Level) {
	switch l {
	case AVX2:
		single.arithmeticKernels = arithmeticKernels[float32]{
			subtract:       subtract32AVX2,
			multiply:       multiply32AVX2,
			multiplyAdd:    multiplyAdd32AVX2,
			shiftScale:     shiftScale32AVX2,
			softmaxGrad:    softmaxGrad32AVX2,
			drop:           drop32AVX2,
			below:          below32AVX2,
			addShifted:     addShifted32AVX2,
			combine:        combine32AVX2,
			multiplyExp:    multiplyExp32AVX2,
			addMultiplyExp: addMultiplyExp32AVX2,
		}
		double.arithmeticKernels = arithmeticKernels[float64]{
			subtract:       subtract64AVX2,
			multiply:       multiply64AVX2,
			multiplyAdd:    multiplyAdd64AVX2,
			shiftScale:     shiftScale64AVX2,
			softmaxGrad:    softmaxGrad64AVX2,
			drop:           drop64AVX2,
			below:          below64AVX2,
			addShifted:     addShifted64AVX2,
			combine:        combine64AVX2,
			multiplyExp:    multiplyExp64AVX2,
			addMultiplyExp: addMultiplyExp64AVX2,
		}
	case AVX512:
		single.arithmeticKernels = arithmeticKernels[float32]{
			subtract:       subtract32AVX512,
			multiply:       multiply32AVX512,
			multiplyAdd:    multiplyAdd32AVX512,
			shiftScale:     shiftScale32AVX512,
			softmaxGrad:    softmaxGrad32AVX512,
			drop:           drop32AVX512,
			below:          below32AVX512,
			addShifted:     addShifted32AVX512,
			combine:        combine32AVX512,
			multiplyExp:    multiplyExp32AVX512,
			addMultiplyExp: addMultiplyExp32AVX512,
		}
		double.arithmeticKernels = arithmeticKernels[float64]{
			subtract:       subtract64AVX512,
			multiply:       multiply64AVX512,
			multiplyAdd:    multiplyAdd64AVX512,
			shiftScale:     shiftScale64AVX512,
			softmaxGrad:    softmaxGrad64AVX512,
			drop:           drop64AVX512,
			below:          below64AVX512,
			addShifted:     addShifted64AVX512,
			combine:        combine64AVX512,
			multiplyExp:    multiplyExp64AVX512,
			addMultiplyExp: addMultiplyExp64AVX512,
		}
	}
}
