package kernel

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkElementwise reports the time for an element of a 100×500 batch of float32, at the level that HARMONIUM_KERNEL says.
func BenchmarkElementwise(b *testing.B) {
	const rows, cols = 100, 500
	r := rand.New(rand.NewPCG(1, 2))
	x, g, dst := make([]float32, rows*cols), make([]float32, rows*cols), make([]float32, rows*cols)
	for i := range x {
		x[i], g[i] = float32(4*r.NormFloat64()), float32(r.NormFloat64())
	}
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"Exp", func() { Exp(dst, x) }},
		{"Log", func() { Log(dst, g) }},
		{"Sigmoid", func() { Sigmoid(dst, x) }},
		{"Softplus", func() { Softplus(dst, x) }},
		{"Tanh", func() { Tanh(dst, x) }},
		{"ReLU", func() { ReLU(dst, x) }},
		{"SigmoidGrad", func() { SigmoidGrad(dst, x, g) }},
		{"TanhGrad", func() { TanhGrad(dst, x, g) }},
		{"SoftplusGrad", func() { SoftplusGrad(dst, x, g) }},
		{"ReLUGrad", func() { ReLUGrad(dst, x, g) }},
		{"ExpSum", func() { ExpSum(dst, x, 1) }},
		{"MultiplyExp", func() { MultiplyExp(dst, x, g, 1) }},
		{"AddMultiplyExp", func() { AddMultiplyExp(dst, x, x, g, 1, 1e-9, 0) }},
		{"SoftmaxGrad", func() { SoftmaxGrad(dst, x, g, 1, 2) }},
		{"Scale", func() { Scale(dst, x, 2) }},
		{"Drop", func() { Drop(dst, x, g, 0.5, 2) }},
		{"Max", func() { dst[0] = Max(x) }},
		{"Sum", func() { dst[0] = Sum(x) }},
		{"Dot", func() { _ = Dot(x, g) }},
		{"SumSoftplus", func() { SumSoftplus(x) }},
		{"SumLogCosh2", func() { SumLogCosh2(x) }},
		{"SumExp", func() { SumExp(x, 1) }},
		{"SumSquaresExp", func() { SumSquaresExp(x, g, 1) }},
		{"AllFinite", func() { AllFinite(x) }},
		{"RowLogSumExp", func() { RowLogSumExp(dst[:rows], x, rows, cols) }},
		{"RowSoftmax", func() { RowSoftmax(dst, x, rows, cols) }},
		{"RowSum", func() { RowSum(dst[:rows], x, rows, cols) }},
		{"ColSum", func() { ColSum(dst[:cols], x, rows, cols) }},
		{"Axpy", func() { Axpy(0.5, x, dst) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			clear(dst)
			for b.Loop() {
				c.f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows*cols), "ns/element")
		})
	}
}
