package kernel

import (
	"math/rand/v2"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// beforeFault returns n numbers behind which lies a page that cannot be read.
func beforeFault[T Float](t *testing.T, n int) []T {
	page, size := syscall.Getpagesize(), n*sizeOf[T]()
	pages := (size + page - 1) / page
	memory, err := syscall.Mmap(-1, 0, (pages+1)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Munmap(memory)) })
	require.NoError(t, syscall.Mprotect(memory[pages*page:], syscall.PROT_NONE))
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[pages*page-size])), n)
}

// No kernel of a product reads behind its operands: what lies there may not be memory.
func TestGemmReadsOperandsOnly(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testGemmReadsOperandsOnly[float32])
		t.Run("float64", testGemmReadsOperandsOnly[float64])
	})
}

func testGemmReadsOperandsOnly[T Float](t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	r := rand.New(rand.NewPCG(1, 8))
	for variant := range 8 {
		for _, s := range [][3]int{{1, 1, 1}, {1, 35, 18}, {5, 49, 7}, {30, 3, 21}, {17, 9, 13}, {130, 40, 3}} {
			g := newCall[T](r, variant&1 != 0, variant&2 != 0, s[0], s[1], s[2], variant>>2, 0)
			want := g.run()
			for _, m := range []*matrix[T]{&g.a, &g.b} {
				moved := beforeFault[T](t, len(m.data))
				copy(moved, m.data)
				m.data = moved
			}
			c := beforeFault[T](t, len(g.c.data))
			copy(c, g.c.data)
			Gemm(g.transA, g.transB, g.m, g.n, g.k, g.alpha, g.a.data, g.a.ld, g.b.data, g.b.ld, g.accumulate, c, g.c.ld)
			requireSame(t, want, c, s, variant)
		}
	}
	require.Panics(t, func() {
		x := beforeFault[T](t, 5)
		Gemm(false, false, 1, 1, 6, 1, unsafe.Slice(&x[0], 6), 6, make([]T, 6), 1, false, make([]T, 1), 1)
	})
}
