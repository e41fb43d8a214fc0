package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/race"
)

// rowKernel is a kernel that reads some of x, y and z, may set dst, and may return a number.
type rowKernel[T Float] struct {
	name string
	run  func(dst, x, y, z []T) float64
	sets bool // dst: each element by the elements of its own index
}

// rowKernels are all kernels of elements and rows, called with numbers that make each of them do something.
func rowKernels[T Float]() []rowKernel[T] {
	setting := func(name string, f func(dst, x, y, z []T)) rowKernel[T] {
		return rowKernel[T]{name, func(dst, x, y, z []T) float64 { f(dst, x, y, z); return 0 }, true}
	}
	returning := func(name string, f func(x, y []T) float64) rowKernel[T] {
		return rowKernel[T]{name, func(_, x, y, _ []T) float64 { return f(x, y) }, false}
	}
	all := []rowKernel[T]{
		setting("ShiftScale", func(dst, x, _, _ []T) { ShiftScale(dst, x, 0.7, -1.3) }),
		setting("Scale", func(dst, x, _, _ []T) { Scale(dst, x, 1.1) }),
		setting("Subtract", func(dst, x, y, _ []T) { Subtract(dst, x, y) }),
		setting("Multiply", func(dst, x, y, _ []T) { Multiply(dst, x, y) }),
		setting("MultiplyAdd", func(dst, x, y, z []T) { MultiplyAdd(dst, x, y, z) }),
		setting("Combine", func(dst, x, y, _ []T) { Combine(dst, x, y, 0.3, -1.7, 0.9) }),
		setting("SoftmaxGrad", func(dst, x, y, _ []T) { SoftmaxGrad(dst, x, y, 0.3, 1.9) }),
		setting("MultiplyExp", func(dst, x, y, _ []T) { MultiplyExp(dst, x, y, -1) }),
		setting("Drop", func(dst, x, y, _ []T) { Drop(dst, x, y, 0.3, 1/0.7) }),
		setting("Below", func(dst, x, y, _ []T) { Below(dst, x, y) }),
		{"ExpSum", func(dst, x, _, _ []T) float64 { return ExpSum(dst, x, 0.6) }, true},
		returning("Max", func(x, _ []T) float64 { return float64(Max(x)) }),
		returning("Min", func(x, _ []T) float64 { return float64(Min(x)) }),
		returning("Sum", func(x, _ []T) float64 { return float64(Sum(x)) }),
		returning("Dot", func(x, y []T) float64 { return Dot(x, y) }),
		returning("SumSquares", func(x, _ []T) float64 { return SumSquares(x, 0.4) }),
		returning("SumSquaresExp", func(x, y []T) float64 { return SumSquaresExp(x, y, 1) }),
		returning("SumSoftplus", func(x, _ []T) float64 { return SumSoftplus(x) }),
		returning("SumLogCosh2", func(x, _ []T) float64 { return SumLogCosh2(x) }),
		returning("SumExp", func(x, _ []T) float64 { return SumExp(x, 0.6) }),
		returning("AllFinite", func(x, _ []T) float64 { return map[bool]float64{true: 1}[AllFinite(x)] }),
	}
	for _, k := range elementKernels[T]() {
		all = append(all, setting(k.name, func(dst, x, _, _ []T) { k.value(dst, x) }))
		if k.grad != nil {
			all = append(all, setting(k.name+"Grad", func(dst, x, y, _ []T) { k.grad(dst, x, y) }))
		}
	}
	return all
}

// addMultiplyExp and addShifted read their destination, so they stand apart from the others.
func addMultiplyExp[T Float](dst, x, y, z []T) { AddMultiplyExp(dst, x, y, z, -1, 0.5, 0.25) }
func addShifted[T Float](dst, x, _, _ []T)     { AddShifted(dst, x, 0.3, 1.7) }

// wideNumbers are numbers of all exponents and signs, with infinities, NaN and zeros among them if rare is true.
func wideNumbers[T Float](r *rand.Rand, n int, rare bool) []T {
	x := make([]T, n)
	for i := range x {
		switch {
		case r.IntN(2) == 0:
			x[i] = T(5 * r.NormFloat64())
		case precision[T]() == 0:
			x[i] = T(math.Float32frombits(r.Uint32()))
		default:
			x[i] = T(math.Float64frombits(r.Uint64()))
		}
		if rare && r.IntN(20) == 0 {
			x[i] = T([]float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, math.Copysign(0, -1)}[r.IntN(5)])
		}
		if v := float64(x[i]); !rare && (math.IsNaN(v) || math.IsInf(v, 0)) {
			x[i] = 1
		}
	}
	return x
}

// sameBits compares bit for bit, except that one NaN is as good as another.
func sameBits[T Float](a, b T) bool {
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b)) || a != a && b != b
}

// AVX2 and AVX-512 make the same bits, also of numbers that no model would hold.
func TestLevelsAgree(t *testing.T) {
	if best() < AVX512 {
		t.Skip("there is only one level of assembly here")
	}
	t.Run("float32", testLevelsAgree[float32])
	t.Run("float64", testLevelsAgree[float64])
}

func testLevelsAgree[T Float](t *testing.T) {
	before := Current()
	t.Cleanup(func() { use(before) })
	r := rand.New(rand.NewPCG(8, 1))
	for _, n := range []int{3, 131, 4099} {
		for _, rare := range []bool{false, true} {
			x, y, z := wideNumbers[T](r, n, rare), wideNumbers[T](r, n, rare), wideNumbers[T](r, n, rare)
			run := func(l Level, f func(dst []T) float64) []T {
				use(l)
				dst := slices.Clone(z)
				return append(dst, T(f(dst)))
			}
			for _, k := range append(rowKernels[T](),
				rowKernel[T]{name: "AddMultiplyExp", run: func(dst, x, y, z []T) float64 { addMultiplyExp(dst, x, y, z); return 0 }},
				rowKernel[T]{name: "AddShifted", run: func(dst, x, y, z []T) float64 { addShifted(dst, x, y, z); return 0 }}) {
				f := func(dst []T) float64 { return k.run(dst, x, y, z) }
				a, b := run(AVX2, f), run(AVX512, f)
				for i := range a {
					require.True(t, sameBits(a[i], b[i]), "%s: element %d of %d: AVX2 %v, AVX-512 %v, x %v, y %v", k.name, i, n, a[i], b[i], x[min(i, n-1)], y[min(i, n-1)])
				}
			}
		}
	}
}

// A kernel that sets dst does so element by element: the length and the place in memory do not matter, nothing beside dst
// changes, and dst may be a source.
func TestEdges(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		t.Run("float32", testEdges[float32])
		t.Run("float64", testEdges[float64])
	})
}

func testEdges[T Float](t *testing.T) {
	const most = 130
	r := rand.New(rand.NewPCG(4, 4))
	numbers := func() []T {
		x := make([]T, most+8)
		for i := range x {
			x[i] = T(3 * r.NormFloat64())
		}
		return x
	}
	x, y, z := numbers(), numbers(), numbers()
	for _, k := range rowKernels[T]() {
		whole := make([]T, most+8)
		k.run(whole, x, y, z)
		for n := range most + 1 {
			at := n % 5
			x, y, z := x[at:at+n], y[at:at+n], z[at:at+n]
			guarded := slices.Repeat([]T{42}, n+16)
			dst := guarded[8 : 8+n]
			got := k.run(dst, x, y, z)
			for i, g := range guarded {
				if i < 8 || i >= 8+n {
					require.Equal(t, T(42), g, "%s of %d writes at %d", k.name, n, i-8)
				}
			}
			if !k.sets {
				continue
			}
			requireSame(t, whole[at:at+n], dst, k.name, " of ", n)
			for i := range 3 {
				sources := [][]T{slices.Clone(x), slices.Clone(y), slices.Clone(z)}
				dst := sources[i]
				require.Equal(t, got, k.run(dst, sources[0], sources[1], sources[2]), "%s of %d in place of source %d", k.name, n, i)
				requireSame(t, whole[at:at+n], dst, k.name, " of ", n, " in place of source ", i)
			}
		}
	}
}

// No kernel allocates once its job is in the pool.
func TestNoAllocation(t *testing.T) {
	if race.Enabled {
		t.Skip("pools leak under the race detector")
	}
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testNoAllocation[float32])
		t.Run("float64", testNoAllocation[float64])
	})
}

func testNoAllocation[T Float](t *testing.T) {
	const rows, cols = 1000, 120
	x, dst := make([]T, 2*vectorGrain), make([]T, 2*vectorGrain)
	all := map[string]func(){
		"RowSum":       func() { RowSum(dst[:rows], x, rows, cols) },
		"ColSum":       func() { ColSum(dst[:cols], x, rows, cols) },
		"RowLogSumExp": func() { RowLogSumExp(dst[:rows], x, rows, cols) },
		"RowSoftmax":   func() { RowSoftmax(dst[:rows*cols], x[:rows*cols], rows, cols) },
		"AllFinite":    func() { AllFinite(x) },
		"ReLU":         func() { ReLU(dst, x) },
	}
	for _, k := range rowKernels[T]() {
		all["short "+k.name] = func() { k.run(dst[:2*elementGrain], x[:2*elementGrain], x, x) }
	}
	for name, f := range all {
		require.Zero(t, testing.AllocsPerRun(5, f), fmt.Sprint(name, " allocates"))
	}
}
