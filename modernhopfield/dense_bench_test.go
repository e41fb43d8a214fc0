package modernhopfield_test

import (
	"testing"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/modernhopfield"
)

// The recall of Krotov & Hopfield's experiment, a state an iteration: 2,000 patterns of 100 units, from a random state.
func BenchmarkDenseRecall(b *testing.B) {
	const n, k = 100, 2000
	patterns := spinTensor(randomSpins(1, k, n), n)
	for _, f := range []energy.Interaction{energy.Power(5), energy.Power(20), energy.Exponential()} {
		b.Run(f.String(), func(b *testing.B) {
			m, err := modernhopfield.NewDenseMemory(patterns, modernhopfield.DenseConfig{Interaction: f})
			if err != nil {
				b.Fatal(err)
			}
			state := spinTensor(randomSpins(2, 1, n), n)
			for b.Loop() {
				if _, err := m.Recall(state, modernhopfield.DenseRecall{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
