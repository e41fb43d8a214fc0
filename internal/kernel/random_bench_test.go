package kernel

import "testing"

// Rows of 500 units and a million in one row, float32, on one core.
func BenchmarkRandom(b *testing.B) {
	before := Current()
	b.Cleanup(func() { use(before) })
	for _, l := range Levels() {
		for name, n := range map[string]int{"500": 500, "1M": 1 << 20} {
			dst, in := make([]float32, n), make([]float32, n)
			run := func(what string, f func(at Address)) {
				b.Run(what+"/"+name+"/"+l.String(), func(b *testing.B) {
					use(l)
					for i := uint32(0); b.Loop(); i++ {
						f(Address{1, 2, i})
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/number")
				})
			}
			run("Uniform", func(at Address) { Uniform(dst, at) })
			run("Normal", func(at Address) { Normal(dst, at) })
			run("SampleGaussian", func(at Address) { SampleGaussian(dst, in, nil, 1, at) })
			run("SampleGaussianVariance", func(at Address) { SampleGaussian(dst, in, in, 1, at) })
			run("SampleBinary", func(at Address) { SampleBinary(dst, in, nil, 1, 0, at) })
		}
	}
}
