package rng

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

// Words are Philox's blocks, two a block, whatever the length.
func TestWords(t *testing.T) {
	row := New(7, "test").Row(3, 9)
	long := make([]uint64, 33)
	Words(row, long)
	for j, got := range long {
		a, b, c, d := kernel.Philox(row.address, uint32(j/2))
		want := uint64(a)<<32 | uint64(b)
		if j%2 == 1 {
			want = uint64(c)<<32 | uint64(d)
		}
		require.Equal(t, want, got)
		short := make([]uint64, j)
		Words(row, short)
		require.Equal(t, long[:j], short)
	}
}
