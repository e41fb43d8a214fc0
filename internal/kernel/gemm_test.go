package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/race"
)

// matrix is a stored matrix with its leading dimension.
type matrix[T Float] struct {
	data       []T
	rows, cols int
	ld         int
}

// randomMatrix fills a matrix with normals, a share of them replaced by zeros. The gap between the rows holds NaN, so
// that reading it shows. It starts at any multiple of the size of a number.
func randomMatrix[T Float](r *rand.Rand, rows, cols, gap int, zeros float64) matrix[T] {
	offset := r.IntN(16)
	m := matrix[T]{make([]T, offset+max(rows*(cols+gap)-gap, 0))[offset:], rows, cols, cols + gap}
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

// run returns the product in a fresh copy of C. What lies before and behind must stay as it is.
func (g gemmCall[T]) run() []T {
	const guards = 40
	all := make([]T, guards+len(g.c.data)+guards)
	for i := range all {
		all[i] = 7
	}
	c := all[guards : guards+len(g.c.data)]
	copy(c, g.c.data)
	Gemm(g.transA, g.transB, g.m, g.n, g.k, g.alpha, g.a.data, g.a.ld, g.b.data, g.b.ld, g.accumulate, c, g.c.ld)
	for i := range guards {
		if all[i] != 7 || all[len(all)-1-i] != 7 {
			panic("Gemm wrote outside C")
		}
	}
	return c
}

// naive is the definition at the level at work.
func (g gemmCall[T]) naive() []T {
	c := append([]T(nil), g.c.data...)
	x, y := make([]T, g.k), make([]T, g.k*g.n)
	for j := range g.n {
		for k := range g.k {
			y[j*g.k+k] = g.b.at(g.transB, k, j)
		}
	}
	for i := range g.m {
		for k := range x {
			x[k] = g.a.at(g.transA, i, k)
		}
		for j := range g.n {
			g.element(&c[i*g.c.ld+j], x, y[j*g.k:][:g.k])
		}
	}
	return c
}

// element computes one element of C from a row of op(A) and a column of op(B).
func (g gemmCall[T]) element(c *T, x, y []T) {
	start := T(0)
	if g.accumulate {
		start = *c
	}
	switch {
	case level == Plain:
		s := T(0)
		for k, v := range x {
			s += T(v * y[k])
		}
		*c = T(g.alpha*s) + start
	case g.alpha == 1:
		*c = chain(start, x, y)
	default:
		*c = start
		for k := 0; k < g.k; k += panelDepth {
			end := min(k+panelDepth, g.k)
			*c = fusedMultiplyAdd(g.alpha, chain(0, x[k:end], y[k:end]), *c)
		}
	}
}

func chain[T Float](s T, x, y []T) T {
	for k, v := range x {
		s = fusedMultiplyAdd(v, y[k], s)
	}
	return s
}

// fusedMultiplyAdd returns x·y + z rounded once.
func fusedMultiplyAdd[T Float](x, y, z T) T {
	a, b, c := float64(x), float64(y), float64(z)
	if precision[T]() == 1 {
		return T(math.FMA(a, b, c))
	}
	// The product of two float32 is exact. The sum is rounded to odd, so that rounding it again to float32 is right: where it
	// is not exact, the last bit of the result must be 1.
	p := a * b
	s := p + c
	lost := (p - (s - (s - p))) + (c - (s - p))
	if math.Float64bits(s)&1 == 0 && lost != 0 && !math.IsNaN(lost) {
		towards := math.Inf(1)
		if lost < 0 {
			towards = math.Inf(-1)
		}
		s = math.Nextafter(s, towards)
	}
	return T(s)
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
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testGemm[float32])
		t.Run("float64", testGemm[float64])
	})
}

func testGemm[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	shapes := [][3]int{{100, 50, 78}, {5, 200, 130}, {200, 5, 130}, {1, 100, 784}, {64, 1, 500}, {3, 70, panelDepth},
		{15, 33, panelDepth + 1}, {1, 50, 2*panelDepth + 5}, {130, 70, 9}}
	for _, m := range []int{0, 1, 3, 4, 5, 14, 15, 29} { // around the height of one tile and of two
		for _, n := range []int{0, 1, 3, 4, 5, 8, 9, 12, 16, 17, 24, 31, 32, 33, 47, 65} { // around the widths
			for _, k := range []int{0, 1, 2, 8, 9, 33} {
				shapes = append(shapes, [3]int{m, n, k})
			}
		}
	}
	compare := func(s [3]int, gap, variant int) {
		transA, transB, zeros := variant&1 != 0, variant&2 != 0, 0.8*float64(r.IntN(2))
		g := newCall[T](r, transA, transB, s[0], s[1], s[2], gap, zeros)
		g.accumulate = r.IntN(2) == 0
		g.alpha = []T{1, 1, -1, 0.3, 0}[r.IntN(5)]
		requireSame(t, g.naive(), g.run(), s, transA, transB, zeros, g.accumulate, g.alpha)
	}
	for _, s := range shapes {
		compare(s, r.IntN(3), r.IntN(4))
		compare(s, r.IntN(3), r.IntN(4))
	}
	for variant := range 4 { // rows 4096 bytes apart, in A and in B
		compare([3]int{15, 97, 1024}, 0, variant)
		compare([3]int{1024, 97, 2}, 0, variant)
		compare([3]int{29, 1024, 3}, 0, variant)
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
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testGemmBits[float32])
		t.Run("float64", testGemmBits[float64])
	})
}

func testGemmBits[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for variant := range 16 {
		transA, transB, zeros := variant&1 != 0, variant&2 != 0, float64(variant>>2&1)*0.9
		for _, n := range []int{3, 150} {
			g := newCall[T](r, transA, transB, 61, n, 200, 0, zeros)
			g.accumulate, g.alpha = variant&8 != 0, []T{1, 0.7}[r.IntN(2)]
			for j := range g.n { // signs of zero are bits too
				g.c.data[j] = T(math.Copysign(0, -1))
			}
			batch := bits(atProcs(1, g.run))
			require.True(t, slices.Equal(batch, bits(atProcs(2, g.run))), "variant %d", variant)
			require.True(t, slices.Equal(batch, bits(atProcs(3, g.run))), "variant %d", variant)
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

// The levels with assembly agree in every bit, over the whole range of exponents.
func TestGemmLevelsAgree(t *testing.T) {
	t.Run("float32", testGemmLevelsAgree[float32])
	t.Run("float64", testGemmLevelsAgree[float64])
}

func testGemmLevelsAgree[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2))
	var calls []gemmCall[T]
	for variant := range 8 {
		for _, s := range [][3]int{{1, 200, 77}, {31, 101, 1200}, {200, 10, 65}, {140, 40, 30}} {
			g := newCall[T](r, variant&1 != 0, variant&2 != 0, s[0], s[1], s[2], 1, 0)
			if variant&4 != 0 {
				g.alpha, g.accumulate = 0.3, true
			}
			for i := range g.a.data {
				g.a.data[i] *= T(math.Exp2(float64(r.IntN(280) - 150)))
			}
			calls = append(calls, g)
		}
	}
	var want [][]uint64
	eachLevel(t, func(t *testing.T, l Level) {
		for i, g := range calls {
			switch got := bits(g.run()); {
			case l == AVX2:
				want = append(want, got)
			case l == AVX512:
				require.Equal(t, want[i], got, "call %d", i)
			}
		}
	})
}

func atProcs[R any](procs int, f func() R) R {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	return f()
}

// A product with zero must not swallow NaN or Inf, wherever in B or A it lies, and none of them may leave its row or column.
func TestGemmNotFinite(t *testing.T) { eachLevel(t, testGemmNotFinite) }

func testGemmNotFinite(t *testing.T, _ Level) {
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
	eachLevel(t, func(t *testing.T, _ Level) {
		r := rand.New(rand.NewPCG(6, 6))
		g := newCall[float32](r, false, false, 20, 30, 40, 0, 0)
		want := g.naive()
		g.a.data[7*40+39] = 0
		got := g.run()
		for i := range want {
			if i/30 == 7 {
				require.NotEqual(t, want[i], got[i])
			} else {
				require.Equal(t, want[i], got[i])
			}
		}
	})
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

func TestGemmDoesNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the pools leak")
	}
	eachLevel(t, func(t *testing.T, _ Level) {
		r := rand.New(rand.NewPCG(5, 5))
		for variant := range 4 {
			for _, s := range [][3]int{{100, 120, 128}, {1, 1000, 400}, {1000, 2, 300}, {300, 70, 1024}} {
				g := newCall[float32](r, variant&1 != 0, variant&2 != 0, s[0], s[1], s[2], 0, 0)
				atProcs(2, func() any {
					require.Less(t, testing.AllocsPerRun(10, func() {
						Gemm(g.transA, g.transB, g.m, g.n, g.k, 1, g.a.data, g.a.ld, g.b.data, g.b.ld, true, g.c.data, g.c.ld)
					}), 1.0, "%v, variant %d", s, variant) // a garbage collection may empty the pools once
					return nil
				})
			}
		}
	})
}

func TestAffine(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		r := rand.New(rand.NewPCG(8, 8))
		for _, s := range [][3]int{{1, 1, 1}, {5, 3, 0}, {0, 3, 2}, {3, 0, 2}, {33, 20, 50}, {200, 400, 3}, {1, 300, 200}, {70, 33, 600}, {50, 2, 20}} {
			for _, transW := range []bool{false, true} {
				g := newCall[float64](r, false, transW, s[0], s[1], s[2], 0, 0.5)
				bias := randomMatrix[float64](r, 1, s[1], 0, 0).data
				g.accumulate = true
				for i := range g.c.data {
					g.c.data[i] = bias[i%s[1]]
				}
				got := make([]float64, s[0]*s[1])
				Affine(transW, s[0], s[1], s[2], g.a.data, g.b.data, bias, got)
				requireSame(t, g.naive(), got, s, transW)
			}
		}
	})
}
