package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/race"
)

func TestHammingCountsBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		r := rand.New(rand.NewPCG(6, 1))
		for n := range 131 {
			lo := n % 8
			a, b := make([]uint64, lo+n+8), make([]uint64, lo+n+8)
			for i := range a {
				a[i], b[i] = r.Uint64(), r.Uint64()
				if n%3 == 0 {
					a[i], b[i] = 0, ^uint64(0)
				}
			}
			want := 0
			for i := lo; i < lo+n; i++ {
				for bit := range 64 {
					if a[i]>>bit&1 != b[i]>>bit&1 {
						want++
					}
				}
			}
			require.Equal(t, want, Hamming(a[lo:lo+n], b[lo:lo+n]), "%d words", n)
		}
	})
}

func TestHammingsAreTheDistancesOfAllRows(t *testing.T) {
	const rows, words = 300, 157 // shared among the cores
	r := rand.New(rand.NewPCG(6, 2))
	state, patterns := make([]uint64, words), make([]uint64, rows*words)
	for i := range state {
		state[i] = r.Uint64()
	}
	for i := range patterns {
		patterns[i] = r.Uint64()
	}
	eachLevel(t, func(t *testing.T, _ Level) {
		got := make([]int, rows)
		Hammings(got, state, patterns)
		for i, d := range got {
			require.Equal(t, hammingPlain(state, patterns[i*words:(i+1)*words]), d)
		}
		require.True(t, race.Enabled || testing.AllocsPerRun(10, func() { Hammings(got, state, patterns) }) < 1)
	})
	Hammings(nil, state, nil)
	none := []int{7, 7}
	Hammings(none, nil, nil)
	require.Equal(t, []int{0, 0}, none)
}

// The overlaps of a state of 100,000 spins with 1,000 patterns.
func BenchmarkHammings(b *testing.B) {
	before := Current()
	b.Cleanup(func() { use(before) })
	const rows, words = 1000, 100_000 / 64
	dst, state, patterns := make([]int, rows), make([]uint64, words), make([]uint64, rows*words)
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			use(l)
			b.SetBytes(8 * rows * words)
			for b.Loop() {
				Hammings(dst, state, patterns)
			}
		})
	}
}
