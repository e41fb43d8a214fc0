package kernel

// accelerateReductions puts the assembly of reductions_amd64.s into the tables.
func accelerateReductions(l Level) {
	switch l {
	case AVX2:
		single.reductionKernels = reductionKernels[float32]{
			max:           max32AVX2,
			min:           min32AVX2,
			timesZero:     timesZero32AVX2,
			sum:           sum32AVX2,
			sumSoftplus:   sumSoftplus32AVX2,
			sumLogCosh:    sumLogCosh32AVX2,
			dot:           dot32AVX2,
			sumSquares:    sumSquares32AVX2,
			sumExp:        sumExp32AVX2,
			expSum:        expSum32AVX2,
			sumSquaresExp: sumSquaresExp32AVX2,
			softmax:       softmax[float32],
			colSum:        colSum32AVX2,
		}
		double.reductionKernels = reductionKernels[float64]{
			max:           max64AVX2,
			min:           min64AVX2,
			timesZero:     timesZero64AVX2,
			sum:           sum64AVX2,
			sumSoftplus:   sumSoftplus64AVX2,
			sumLogCosh:    sumLogCosh64AVX2,
			dot:           dot64AVX2,
			sumSquares:    sumSquares64AVX2,
			sumExp:        sumExp64AVX2,
			expSum:        expSum64AVX2,
			sumSquaresExp: sumSquaresExp64AVX2,
			softmax:       softmax[float64],
			colSum:        colSum64AVX2,
		}
	case AVX512:
		single.reductionKernels = reductionKernels[float32]{
			max:           max32AVX512,
			min:           min32AVX512,
			timesZero:     timesZero32AVX512,
			sum:           sum32AVX512,
			sumSoftplus:   sumSoftplus32AVX512,
			sumLogCosh:    sumLogCosh32AVX512,
			dot:           dot32AVX512,
			sumSquares:    sumSquares32AVX512,
			sumExp:        sumExp32AVX512,
			expSum:        expSum32AVX512,
			sumSquaresExp: sumSquaresExp32AVX512,
			softmax:       softmax[float32],
			colSum:        colSum32AVX512,
		}
		double.reductionKernels = reductionKernels[float64]{
			max:           max64AVX512,
			min:           min64AVX512,
			timesZero:     timesZero64AVX512,
			sum:           sum64AVX512,
			sumSoftplus:   sumSoftplus64AVX512,
			sumLogCosh:    sumLogCosh64AVX512,
			dot:           dot64AVX512,
			sumSquares:    sumSquares64AVX512,
			sumExp:        sumExp64AVX512,
			expSum:        expSum64AVX512,
			sumSquaresExp: sumSquaresExp64AVX512,
			softmax:       softmax[float64],
			colSum:        colSum64AVX512,
		}
	}
}
