package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// All levels draw what the definition says: the words of the blocks, in order.
func TestUniformIsTheWords(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	eachLevel(t, func(t *testing.T, _ Level) {
		eachLength(t, func(dst []float32) {
			at := randomAddress(r)
			Uniform(dst, at)
			want := make([]float32, len(dst))
			for j := range want {
				want[j] = float32(wordOf(at, j)>>8) / (1 << 24)
			}
			require.Equal(t, want, dst)
		})
		eachLength(t, func(dst []float64) {
			at := randomAddress(r)
			Uniform(dst, at)
			want := make([]float64, len(dst))
			for j := range want {
				bits := uint64(wordOf(at, 2*j))<<32 | uint64(wordOf(at, 2*j+1))
				want[j] = float64(bits>>11) / (1 << 53)
			}
			require.Equal(t, want, dst)
		})
	})
}

func wordOf(at Address, i int) uint32 {
	a, b, c, d := Philox(at, uint32(i/4))
	return [4]uint32{a, b, c, d}[i%4]
}
