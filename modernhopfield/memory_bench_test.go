package modernhopfield

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gorgonia.org/tensor"
)

// BenchmarkRetrieve retrieves 256 noisy patterns at a time, to the end.
func BenchmarkRetrieve(b *testing.B) {
	for _, size := range []struct{ n, d int }{{1000, 784}, {10_000, 64}, {300_000, 32}} {
		for _, dtype := range memoryDtypes {
			b.Run(fmt.Sprintf("n=%d/d=%d/%v", size.n, size.d, dtype), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				x := randomRows(r, size.n, size.d)
				m := newMemory(b, rowsIn(dtype, x), MemoryConfig{Beta: 1})
				states := make([][]float64, 256)
				for i := range states {
					states[i] = along(x[i], 0.3, normalVector(r, size.d))
				}
				queries := rowsIn(dtype, states)
				var steps int
				for b.Loop() {
					got := retrieve(b, m, queries)
					steps = 0
					for _, s := range got.Steps {
						steps += s
					}
				}
				b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "states/s")
				b.ReportMetric(float64(steps)/256, "steps/state")
			})
		}
	}
}

// BenchmarkSeparation compares all pairs of patterns.
func BenchmarkSeparation(b *testing.B) {
	x := rowsIn(tensor.Float32, randomRows(rand.New(rand.NewPCG(1, 1)), 10_000, 64))
	for b.Loop() {
		if _, err := Separation(x); err != nil {
			b.Fatal(err)
		}
	}
}
