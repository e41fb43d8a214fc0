package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func randomWords(r *rand.Rand, n int) []uint64 {
	words := make([]uint64, n)
	for i := range words {
		words[i] = r.Uint64()
	}
	return words
}

func TestChosenSums(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		r := rand.New(rand.NewPCG(9, 1))
		for _, rows := range []int{0, 1, 2, 7, 8, 9, 40} {
			for words := 1; words <= 11; words++ {
				largest := []int32{1000, 1 << 30}[words%2] // sums of the larger leave 32 bits
				weights := make([]int32, rows)
				for i := range weights {
					weights[i] = int32(r.Int64N(2*int64(largest)+1) - int64(largest))
					if words == 3 {
						weights[i] = largest
					}
				}
				bits := randomWords(r, rows*words)
				for first := range words {
					for n := range words - first + 1 {
						got := make([]int64, 64*n+1)
						got[64*n] = 77
						ChosenSums(got[:64*n], weights, bits, words, first)
						want := make([]int64, 64*n+1)
						want[64*n] = 77
						for i := range 64 * n {
							for row, w := range weights {
								want[i] += int64(w) * int64(bits[row*words+first+i/64]>>(i%64)&1)
							}
						}
						require.Equal(t, want, got, "%d rows, words %d to %d of %d", rows, first, first+n, words)
					}
				}
			}
		}
	})
}

func TestChosenSumAndAddSigned(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		r := rand.New(rand.NewPCG(9, 2))
		for words := range 20 {
			bits, weights := randomWords(r, words), make([]int32, 64*words+1)
			for i := range weights {
				weights[i] = r.Int32N(1<<27) - 1<<26
			}
			if words == 5 { // a total beyond 32 bits
				for i := range weights {
					weights[i] = 1 << 26
					bits[min(i/64, words-1)] = ^uint64(0)
				}
			}
			want, d := int64(0), r.Int32N(5)-2
			added := append([]int32(nil), weights...)
			for i := range 64 * words {
				bit := int32(bits[i/64] >> (i % 64) & 1)
				want += int64(weights[i]) * int64(bit)
				added[i] += d * (2*bit - 1)
			}
			require.Equal(t, want, ChosenSum(weights, bits))
			AddSigned(weights, bits, d)
			require.Equal(t, added, weights)
		}
	})
}

// The fields of 4,096 units among 1,000 patterns of 1,000,000: what lies apart in memory, as there.
func BenchmarkChosenSums(b *testing.B) {
	before := Current()
	b.Cleanup(func() { use(before) })
	const rows, words, part = 1000, 1_000_000 / 64, 64
	weights, bits, dst := make([]int32, rows), randomWords(rand.New(rand.NewPCG(9, 3)), rows*words), make([]int64, 64*part)
	for i := range weights {
		weights[i] = int32(i)
	}
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			use(l)
			b.SetBytes(8 * rows * part)
			for i := 0; b.Loop(); i++ {
				ChosenSums(dst, weights, bits, words, i*part%(words-part))
			}
		})
	}
}

func BenchmarkChosenSum(b *testing.B) {
	weights, bits := make([]int32, 1024), randomWords(rand.New(rand.NewPCG(9, 4)), 16)
	for b.Loop() {
		ChosenSum(weights, bits)
	}
}
