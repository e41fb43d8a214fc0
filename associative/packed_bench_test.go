package associative

import (
	"fmt"
	"testing"

	"gorgonia.org/tensor"
)

// Recall of 1,000 probes with 20 % noise by Hebb's network of 2,000 units: through the couplings and through the patterns.
func BenchmarkHebbRecall(b *testing.B) {
	const n = 2000
	for _, p := range []int{50, 100, 200, 400, 800} {
		patterns, err := RandomSpins(1, p, n)
		if err != nil {
			b.Fatal(err)
		}
		h, err := Hebb{}.Learn(b.Context(), patterns.tensor(tensor.Float32))
		if err != nil {
			b.Fatal(err)
		}
		noisy, err := patterns.Noisy(2, 0.2)
		if err != nil {
			b.Fatal(err)
		}
		var words []uint64
		for k := range 1000 {
			words = append(words, noisy.Row(k%p)...)
		}
		probes := &PackedSpins{1000, n, noisy.words, words}
		states, net := probes.tensor(tensor.Float32), h.remembers.net
		through := *h
		through.m, through.remembers = h.weights(), nil
		for _, d := range []Dynamics{Synchronous{}, Asynchronous{}} {
			b.Run(fmt.Sprintf("%d/%T/couplings", p, d), func(b *testing.B) {
				for b.Loop() {
					if _, err := through.Recall(states, d); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("%d/%T/patterns", p, d), func(b *testing.B) {
				for b.Loop() {
					if _, err := net.Recall(probes, d); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
