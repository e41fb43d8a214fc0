package rng

import "github.com/harmonium-go/harmonium/internal/kernel"

// Row is the address of the draws of one row of units at one step. Every kind of draw reads the same words, so a row is
// drawn from once.
type Row struct{ address kernel.Address }

// Part returns the address of part i of the row, independent of the other parts: joined groups of units draw from a part
// each. i must be below 2^16.
func (r Row) Part(i int) Row {
	r.address[4] |= uint32(i) << 16
	return r
}

// Uniform fills dst with independent draws from [0, 1): 24 random bits in float32, 53 in float64. dst[j] depends on the
// address and on j only, not on len(dst).
func Uniform[T kernel.Float](r Row, dst []T) { kernel.Uniform(dst, r.address) }

// Normal fills dst with independent standard normal draws, see kernel.Normal. dst[j] depends on the address and on j only.
func Normal[T kernel.Float](r Row, dst []T) { kernel.Normal(dst, r.address) }

// Gaussian sets dst_j to a normal draw of mean σ²_j·in_j and variance temperature·σ²_j, logVariance being log σ² or nil for 1.
// dst does not overlap in or logVariance.
func Gaussian[T kernel.Float](r Row, dst, in, logVariance []T, temperature T) {
	kernel.SampleGaussian(dst, in, logVariance, temperature, r.address)
}

// Binary sets dst_j to 1 with probability σ(scale·(in_j + bias_j)) and to low otherwise, NaN where in_j is. bias may be nil; dst
// does not overlap the others.
func Binary[T kernel.Float](r Row, dst, in, bias []T, scale, low T) {
	kernel.SampleBinary(dst, in, bias, scale, low, r.address)
}
