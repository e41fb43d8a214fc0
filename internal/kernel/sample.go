package kernel

import "math"

// SampleBinary draws units with two states: dst_j is 1 with probability σ(scale·(in_j + bias_j)) and low otherwise, NaN where
// in_j is. The draw is 1 where number j of [Uniform] at this address is below the sigmoid, rounded to T as by [Sigmoid]. bias may
// be nil for none. in and bias are at least as long as dst and do not overlap it.
func SampleBinary[T Float](dst, in, bias []T, scale, low T, at Address) {
	if bias != nil {
		bias = bias[:len(dst)]
	}
	tableOf[T]().binary(dst, in[:len(dst)], bias, scale, low, at)
}

// SampleGaussian draws real units: dst_j = σ²_j·in_j + √(temperature·σ²_j)·z_j with z_j number j of [Normal] at this address.
// logVariance is log σ², or nil where every σ² is 1. in and logVariance are at least as long as dst and do not overlap it.
func SampleGaussian[T Float](dst, in, logVariance []T, temperature T, at Address) {
	if logVariance != nil {
		logVariance = logVariance[:len(dst)]
	}
	tableOf[T]().gaussian(dst, in[:len(dst)], logVariance, temperature, at)
}

func binaryPlain[T Float](dst, in, bias []T, scale, low T, at Address) {
	uniformPlain(dst, at)
	for j, u := range dst {
		x := in[j]
		if bias != nil {
			x += bias[j]
		}
		switch p := T(sigmoid1(float64(scale * x))); {
		case u < p:
			dst[j] = 1
		case p == p:
			dst[j] = low
		default:
			dst[j] = p
		}
	}
}

func gaussianPlain[T Float](dst, in, logVariance []T, temperature T, at Address) {
	normalPlain(dst, at)
	v := 1.0
	for j, z := range dst {
		if logVariance != nil {
			v = math.Exp(float64(logVariance[j]))
		}
		dst[j] = T(v*float64(in[j]) + math.Sqrt(v*float64(temperature))*float64(z))
	}
}
