package association

import (
	"fmt"
	"testing"
)

// A bag of the size of an immune repertoire: 300,000 patterns of 32 dimensions, with one query and with 64.
func BenchmarkRepertoire(b *testing.B) {
	const stored, depth = 300_000, 32
	for _, queries := range []int{1, 64} {
		for _, rule := range []Rule{{}, {Kind: Entmax, Alpha: 2}, {Kind: Entmax, Alpha: 1.5}, {Kind: Normmax, Alpha: 2}, {Kind: TopK, K: 10}, {Kind: Subsets, K: 10}} {
			p := random(1, Config{Rule: rule}, depth, depth, []int{queries}, []int{stored}, false, false)
			batch, e := batchOf[float32](p), New[float32](p.config)
			out, dq, dk, dv := make([]float32, len(batch.Q)), make([]float32, len(batch.Q)), make([]float32, len(batch.K)), make([]float32, len(batch.V))
			b.Run(fmt.Sprintf("%v/queries=%d/forward", rule, queries), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e.Retrieve(out, batch)
				}
			})
			b.Run(fmt.Sprintf("%v/queries=%d/both", rule, queries), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e.Retrieve(out, batch)
					e.Backward(batch, Gradients[float32]{Out: out, G: out, DQ: dq, DK: dk})
					e.ValueGrads(batch, dv, out, 1, false)
				}
			})
		}
	}
}

// Many small bags: 32 of 16 patterns, 8 heads of 8 dimensions.
func BenchmarkSmallBags(b *testing.B) {
	queries := make([]int, 32)
	for i := range queries {
		queries[i] = 16
	}
	p := random(1, Config{Heads: 8}, 8, 8, queries, queries, false, false)
	batch, e := batchOf[float32](p), New[float32](p.config)
	out, dq, dk, dv := make([]float32, len(batch.Q)), make([]float32, len(batch.Q)), make([]float32, len(batch.K)), make([]float32, len(batch.V))
	for b.Loop() {
		e.Retrieve(out, batch)
		e.Backward(batch, Gradients[float32]{Out: out, G: out, DQ: dq, DK: dk})
		e.ValueGrads(batch, dv, out, 1, false)
	}
}
