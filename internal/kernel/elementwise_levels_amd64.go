package kernel

// accelerateElementwise puts the assembly of elementwise_amd64.s into the tables.
func accelerateElementwise(l Level) {
	switch l {
	case AVX2:
		single.elementwiseKernels = elementwiseKernels[float32]{
			exp:          exp32AVX2,
			log:          log32AVX2,
			sigmoid:      sigmoid32AVX2,
			softplus:     softplus32AVX2,
			tanh:         tanh32AVX2,
			relu:         relu32AVX2,
			sigmoidGrad:  sigmoidGrad32AVX2,
			softplusGrad: softplusGrad32AVX2,
			tanhGrad:     tanhGrad32AVX2,
			reluGrad:     reluGrad32AVX2,
		}
		double.elementwiseKernels = elementwiseKernels[float64]{
			exp:          exp64AVX2,
			log:          log64AVX2,
			sigmoid:      sigmoid64AVX2,
			softplus:     softplus64AVX2,
			tanh:         tanh64AVX2,
			relu:         relu64AVX2,
			sigmoidGrad:  sigmoidGrad64AVX2,
			softplusGrad: softplusGrad64AVX2,
			tanhGrad:     tanhGrad64AVX2,
			reluGrad:     reluGrad64AVX2,
		}
	case AVX512:
		single.elementwiseKernels = elementwiseKernels[float32]{
			exp:          exp32AVX512,
			log:          log32AVX512,
			sigmoid:      sigmoid32AVX512,
			softplus:     softplus32AVX512,
			tanh:         tanh32AVX512,
			relu:         relu32AVX512,
			sigmoidGrad:  sigmoidGrad32AVX512,
			softplusGrad: softplusGrad32AVX512,
			tanhGrad:     tanhGrad32AVX512,
			reluGrad:     reluGrad32AVX512,
		}
		double.elementwiseKernels = elementwiseKernels[float64]{
			exp:          exp64AVX512,
			log:          log64AVX512,
			sigmoid:      sigmoid64AVX512,
			softplus:     softplus64AVX512,
			tanh:         tanh64AVX512,
			relu:         relu64AVX512,
			sigmoidGrad:  sigmoidGrad64AVX512,
			softplusGrad: softplusGrad64AVX512,
			tanhGrad:     tanhGrad64AVX512,
			reluGrad:     reluGrad64AVX512,
		}
	}
}
