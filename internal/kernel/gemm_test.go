package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// matrix is a stored matrix with its leading dimension.
type matrix[T Float] struct {
	data       []T
	rows, cols int
	ld         int
}

// randomMatrix fills a matrix with normals, a share of them replaced by zeros. The gap between the rows holds NaN, so
// that reading it shows.
func randomMatrix[T Float](r *rand.Rand, rows, cols, gap int, zeros float64) matrix[T] {
	m := matrix[T]{make([]T, max(rows*(cols+gap)-gap, 0)), rows, cols, cols + gap}
	for i := range m.data {
		m.data[i] = T(math.NaN())
	}
	for i := range rows {
		for j := range cols {
			m.data[i*m.ld+j] = 0
			if r.Float64() >= zeros {
				m.data[i*m.ld+j] = T(r.NormFloat64())
			}
		}
	}
	return m
}

func (m matrix[T]) at(trans bool, i, j int) T {
	if trans {
		i, j = j, i
	}
	return m.data[i*m.ld+j]
}

// gemmCall is one call of Gemm with its operands.
type gemmCall[T Float] struct {
	transA, transB bool
	m, n, k        int
	alpha          T
	a, b           matrix[T]
	accumulate     bool
	c              matrix[T]
}

func newCall[T Float](r *rand.Rand, transA, transB bool, m, n, k, gap int, zeros float64) gemmCall[T] {
	ar, ac, br, bc := m, k, k, n
	if transA {
		ar, ac = k, m
	}
	if transB {
		br, bc = n, k
	}
	return gemmCall[T]{transA, transB, m, n, k, 1, randomMatrix[T](r, ar, ac, gap, zeros), randomMatrix[T](r, br, bc, gap, 0),
		false, randomMatrix[T](r, m, n, gap, 0)}
}

// run returns the product in a fresh copy of C.
func (g gemmCall[T]) run() []T {
	c := append([]T(nil), g.c.data...)
	Gemm(g.transA, g.transB, g.m, g.n, g.k, g.alpha, g.a.data, g.a.ld, g.b.data, g.b.ld, g.accumulate, c, g.c.ld)
	return c
}

// naive is the definition: one chain of additions in ascending k, zeros and all.
func (g gemmCall[T]) naive() []T {
	c := append([]T(nil), g.c.data...)
	for i := range g.m {
		for j := range g.n {
			var s T
			for k := range g.k {
				s += T(g.a.at(g.transA, i, k) * g.b.at(g.transB, k, j))
			}
			s = T(g.alpha * s)
			if g.accumulate {
				s += c[i*g.c.ld+j]
			}
			c[i*g.c.ld+j] = s
		}
	}
	return c
}

// requireSame requires equal numbers in equal places, NaN being equal to NaN and −0 to 0.
func requireSame[T Float](t *testing.T, want, got []T, what ...any) {
	t.Helper()
	require.Len(t, got, len(want), fmt.Sprint(what...))
	for i, w := range want {
		if g := got[i]; w != g && (w == w || g == g) {
			require.Failf(t, "not the same", "element %d is %v, want %v: %v", i, g, w, what)
		}
	}
}

func TestGemm(t *testing.T) {
	t.Run("float32", testGemm[float32])
	t.Run("float64", testGemm[float64])
}

func testGemm[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	sizes := []int{0, 1, 3, 7, 8, 17, 33}
	shapes := [][3]int{{100, 50, 78}, {5, 400, 130}, {400, 5, 130}, {40, 129, 257}, {1, 100, 784}, {64, 1, 500}}
	for _, m := range sizes {
		for _, n := range sizes {
			for _, k := range sizes {
				shapes = append(shapes, [3]int{m, n, k})
			}
		}
	}
	for _, s := range shapes {
		for variant := range 16 {
			transA, transB, zeros := variant&1 != 0, variant&2 != 0, float64(variant>>2&1)*0.8
			g := newCall[T](r, transA, transB, s[0], s[1], s[2], r.IntN(3), zeros)
			g.accumulate = variant&8 != 0
			g.alpha = []T{1, -1, 0.3, 0}[r.IntN(4)]
			requireSame(t, g.naive(), g.run(), s, transA, transB, zeros, g.accumulate, g.alpha)
		}
	}
}

func bits[T Float](xs []T) []uint64 {
	out := make([]uint64, len(xs))
	for i, x := range xs {
		out[i] = math.Float64bits(float64(x))
	}
	return out
}

// A row of a batch has the bits of that row alone, and no bit depends on GOMAXPROCS. Rows alone, small batches, packed
// and skipping products take different paths through the code.
func TestGemmBits(t *testing.T) {
	t.Run("float32", testGemmBits[float32])
	t.Run("float64", testGemmBits[float64])
}

func testGemmBits[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for variant := range 16 {
		transA, transB, zeros := variant&1 != 0, variant&2 != 0, float64(variant>>2&1)*0.9
		for _, n := range []int{3, 150} {
			g := newCall[T](r, transA, transB, 61, n, 300, 0, zeros)
			g.accumulate, g.alpha = variant&8 != 0, 0.7
			for j := range g.n { // signs of zero are bits too
				g.c.data[j] = T(math.Copysign(0, -1))
			}
			batch := bits(atProcs(1, g.run))
			require.Equal(t, batch, bits(atProcs(2, g.run)))
			require.Equal(t, batch, bits(atProcs(5, g.run)))
			for _, i := range []int{0, 30, 60} {
				one := g
				one.m = 1
				one.a.data = g.a.data[i*g.k:]
				if transA {
					one.a.data = g.a.data[i:]
				}
				one.c.data = g.c.data[i*n : (i+1)*n]
				require.Equal(t, batch[i*n:(i+1)*n], bits(one.run()), "row %d, variant %d", i, variant)
			}
		}
	}
}

func atProcs[R any](procs int, f func() R) R {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	return f()
}

// Skipping a zero must not swallow 0·NaN or 0·Inf, wherever in B or A it lies.
func TestGemmNotFinite(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	zeroTimesInf := 0 // elements that a product skipping all zeros would get wrong
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for variant := range 8 {
			for _, m := range []int{1, 7, 8, 60} {
				g := newCall[float32](r, variant&1 != 0, variant&2 != 0, m, 33, 50, variant>>2, 0.9)
				place := r.IntN(g.b.rows)*g.b.ld + r.IntN(g.b.cols)
				g.b.data[place] = float32(bad)
				requireSame(t, g.naive(), g.run())
				for i, v := range g.run() {
					if j := i % g.c.ld; j < g.n && math.IsInf(bad, 0) && math.IsNaN(float64(v)) {
						zeroTimesInf++
					}
				}

				g = newCall[float32](r, variant&1 != 0, variant&2 != 0, m, 33, 50, variant>>2, 0.9)
				g.a.data[r.IntN(g.a.rows)*g.a.ld+r.IntN(g.a.cols)] = float32(bad)
				requireSame(t, g.naive(), g.run())
			}
		}
	}
	require.NotZero(t, zeroTimesInf)
}

// The comparison with the definition would see one wrong addend: a product with a zero skipped too many differs.
func TestGemmDetectsOneWrongAddend(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	g := newCall[float32](r, false, false, 20, 30, 40, 0, 0)
	want := g.naive()
	g.a.data[7*40+39] = 0
	got := g.run()
	for i := range want {
		if i/30 == 7 {
			require.Greater(t, math.Abs(float64(want[i]-got[i])), 0.0)
		} else {
			require.Equal(t, want[i], got[i])
		}
	}
}

func TestGemmShortOperandPanicsBeforeWriting(t *testing.T) {
	a, b, c := make([]float32, 6), make([]float32, 12), []float32{7, 7, 7, 7, 7, 7, 7, 7}
	require.PanicsWithValue(t, "kernel: Gemm: a has 5 elements, leading dimension 3, want 2×3",
		func() { Gemm(false, false, 2, 4, 3, 1, a[:5], 3, b, 4, false, c, 4) })
	require.Panics(t, func() { Gemm(false, false, 2, 4, 3, 1, a, 2, b, 4, false, c, 4) })
	require.Panics(t, func() { Gemm(false, true, 2, 4, 3, 1, a, 3, b[:11], 3, false, c, 4) })
	require.Panics(t, func() { Gemm(false, false, 2, 4, 3, 1, a, 3, b, 4, false, c[:7], 4) })
	require.Equal(t, []float32{7, 7, 7, 7, 7, 7, 7, 7}, c)
}

func TestAffine(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, s := range [][3]int{{1, 1, 1}, {5, 3, 0}, {0, 3, 2}, {3, 0, 2}, {33, 20, 50}, {200, 400, 3}, {1, 300, 200}} {
		for _, transW := range []bool{false, true} {
			g := newCall[float64](r, false, transW, s[0], s[1], s[2], 0, 0.5)
			bias := randomMatrix[float64](r, 1, s[1], 0, 0).data
			want := g.naive()
			for i := range want {
				want[i] += bias[i%s[1]]
			}
			got := make([]float64, s[0]*s[1])
			Affine(transW, s[0], s[1], s[2], g.a.data, g.b.data, bias, got)
			requireSame(t, want, got, s, transW)
		}
	}
}
