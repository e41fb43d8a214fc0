package units

import (
	"fmt"
	"testing"

	"github.com/harmonium-go/harmonium/internal/rng"
)

// A row of 500 units at one input: what a unit costs, mean and draw.
func BenchmarkFamilies(b *testing.B) {
	const n = 500
	in, dst := make([]float32, n), make([]float32, n)
	for _, k := range []Kind{Bernoulli, Gaussian, ReLU, Binomial(20), Poisson} {
		for _, input := range []float32{-3, 0, 3} {
			fill(in, input)
			b.Run(fmt.Sprintf("%s/input=%g/mean", k.Name, input), func(b *testing.B) {
				for b.Loop() {
					k.F32.Mean(dst, in, nil)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/unit")
			})
			b.Run(fmt.Sprintf("%s/input=%g/draw", k.Name, input), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					k.F32.Sample(dst, in, nil, 1, rng.New(1, "bench").Row(i, 0))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/unit")
			})
		}
	}
}
