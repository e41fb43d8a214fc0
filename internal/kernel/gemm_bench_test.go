package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkGemm reports useful GFLOP/s, counting 2·m·n·k whether or not zeros are skipped.
func BenchmarkGemm(b *testing.B) {
	for _, s := range []struct {
		name    string
		m, n, k int
		zeros   float64
	}{{"dense", 100, 500, 784, 0}, {"sparse80", 100, 500, 784, 0.8}, {"single", 1, 500, 784, 0}, {"narrow", 100, 10, 500, 0},
		{"tiny", 4, 4, 4, 0}, {"scores", 64, 10_000, 64, 0}, {"large", 1024, 1024, 1024, 0}} {
		for _, t := range []struct {
			name           string
			transA, transB bool
		}{{"NN", false, false}, {"NT", false, true}, {"TN", true, false}, {"TT", true, true}} {
			b.Run(fmt.Sprintf("%s/%s/%dx%dx%d", s.name, t.name, s.m, s.k, s.n), func(b *testing.B) {
				benchmarkGemm[float32](b, t.transA, t.transB, s.m, s.n, s.k, s.zeros)
			})
		}
	}
	b.Run("dense/NN/float64", func(b *testing.B) { benchmarkGemm[float64](b, false, false, 100, 500, 784, 0) })
}

func benchmarkGemm[T Float](b *testing.B, transA, transB bool, m, n, k int, zeros float64) {
	r := rand.New(rand.NewPCG(1, 2))
	x, w, c := make([]T, m*k), make([]T, k*n), make([]T, m*n)
	for i := range x {
		if r.Float64() >= zeros {
			x[i] = T(r.NormFloat64())
		}
	}
	for i := range w {
		w[i] = T(r.NormFloat64())
	}
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	for b.Loop() {
		Gemm(transA, transB, m, n, k, 1, x, lda, w, ldb, false, c, n)
	}
	b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}
