package sampling

import (
	"fmt"
	"testing"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

func BenchmarkSingleSite(b *testing.B) {
	for _, deviation := range []float64{0.01, 0.1, 0.3} {
		for _, chains := range []int{1, 10, 100} {
			m := must(layers.NewBoltzmann("bm", layers.BoltzmannConfig{Visible: energy.Bernoulli(1000), Seed: 1, InitDeviation: deviation}))
			b.Run(fmt.Sprintf("n=1000/deviation=%g/chains=%d", deviation, chains), func(b *testing.B) {
				g, s := &SingleSite{Model: m, Seed: 1, Sweeps: 10}, must(RandomBoltzmannState(m, chains, 1))
				check(step(g, s))
				b.ReportAllocs()
				for b.Loop() {
					check(step(g, s))
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(10*b.N), "ms/sweep")
			})
		}
	}
}
