package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The known-answer vectors of Random123 1.14 (kat_vectors, philox4x32 10).
func TestPhiloxRandom123(t *testing.T) {
	const ff = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ff, ff, ff, ff}, [2]uint32{ff, ff}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		at := Address{c.key[0], c.key[1], c.counter[1], c.counter[2], c.counter[3]}
		a, b, x, y := Philox(at, c.counter[0])
		require.Equal(t, c.want, [4]uint32{a, b, x, y})
	}
}

func randomAddress(r *rand.Rand) (at Address) {
	for i := range at {
		at[i] = r.Uint32()
	}
	return at
}

// eachLength calls f with destinations of all lengths up to 130 and some longer ones, at all places of a vector in turn, and
// requires that nothing beside them is written.
func eachLength[T Float](t *testing.T, f func(dst []T)) {
	t.Helper()
	const guards = 70
	for n := range 140 {
		if n > 130 {
			n = 10*n - 1000
		}
		whole := make([]T, n+2*guards)
		for i := range whole {
			whole[i] = 77
		}
		lo := guards - n%16
		f(whole[lo : lo+n : lo+n])
		for i, x := range whole {
			if (i < lo || i >= lo+n) && x != 77 {
				t.Fatalf("length %d: number %d beside the destination is written", n, i-lo)
			}
		}
	}
}
