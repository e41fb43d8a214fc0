package bench

import (
	"slices"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Row is a workload.
type Row struct {
	Name  string
	About string
	// Flops is how many floating-point operations the matrix products of a step take, counted once each: what an
	// implementation that repeats one spends on it does not count. It is 0 for a row without products.
	Flops float64
	// Double says that the numbers are float64: a processor does half as many of them at a time.
	Double bool
	// Tolerance is how far, relative to each other, the sums of two implementations may lie apart after [CheckSteps]
	// steps: rounding for a row without randomness, more for a row that draws.
	Tolerance float64
	// New makes the workload: everything that is not part of a step.
	New func() (*Work, error)
}

// Work is a workload that is ready to run.
type Work struct {
	Step func() error
	// Sum condenses the result of the steps so far into a number; see [WeightedSum].
	Sum func() float64
}

// CheckSteps is after how many steps of a new workload its sum is compared.
const CheckSteps = 3

// Rows returns all rows, in the order in which they are reported.
func Rows() []Row {
	return slices.Concat(cdRows, []Row{pcdEpoch}, associationRows, fineTuneRows, []Row{gibbsRow, sampleRow}, boltzmannRows, hopfieldRows, productRows())
}

// Fill sets x_i = u − ½ times scale, u in [0, 1) being a hash of i and the seed.
func Fill[T kernel.Float](x []T, seed uint32, scale float64) {
	for i := range x {
		x[i] = T((hashed(uint32(i), seed) - 0.5) * scale)
	}
}

// hashed spreads i and a seed over [0, 1), in 32 bits.
func hashed(i, seed uint32) float64 { return float64(hash(i, seed)) / (1 << 32) }

func hash(i, seed uint32) uint32 {
	h := i*2654435761 + seed*974711
	h = (h ^ h>>15) * 2246822519
	h = (h ^ h>>13) * 3266489917
	return h ^ h>>16
}

// WeightedSum returns Σ |x_i|·(1 + i mod 7), which a transposed or shifted result does not share.
func WeightedSum[T kernel.Float](x []T) float64 {
	sum := 0.0
	for i, v := range x {
		sum += max(float64(v), -float64(v)) * float64(1+i%7)
	}
	return sum
}
