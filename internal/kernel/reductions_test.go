package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// lanes sums in the order of the assembly: term i to the sum i mod count, then halves onto halves.
func lanes(count, n int, add func(sum float64, i int) float64) float64 {
	sums := make([]float64, count)
	for i := range n {
		sums[i%count] = add(sums[i%count], i)
	}
	for half := count / 2; half > 0; half /= 2 {
		for i := range half {
			sums[i] += sums[i+half]
		}
	}
	return sums[0]
}

// The sums of the assembly are those of the definition bit for bit, and would not be with other lanes.
func TestLanesOfSums(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		if l == Plain {
			t.Skip("the Go level sums in other lanes")
		}
		t.Run("float32", testLanes[float32])
		t.Run("float64", testLanes[float64])
	})
}

func testLanes[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	differs := false
	for n := range 131 {
		x, y := randomMatrix[T](r, 1, n, 0, 0).data, randomMatrix[T](r, 1, n, 0, 0).data
		for i := range x {
			x[i] *= T(math.Exp2(float64(i % 13)))
		}
		center := T(0.4)
		kernels := tableOf[T]()
		softplus, exps := make([]T, n), make([]T, n)
		Softplus(softplus, x)
		for _, c := range []struct {
			name string
			got  float64
			add  func(sum float64, i int) float64
		}{
			{"sum", kernels.sum(x), func(sum float64, i int) float64 { return sum + float64(x[i]) }},
			{"dot", kernels.dot(x, y), func(sum float64, i int) float64 { return math.FMA(float64(x[i]), float64(y[i]), sum) }},
			{"sumSquares", SumSquares(x, center), func(sum float64, i int) float64 {
				d := float64(x[i] - center)
				return math.FMA(d, d, sum)
			}},
			{"sumSoftplus", SumSoftplus(x), func(sum float64, i int) float64 { return sum + float64(softplus[i]) }},
			{"expSum", ExpSum(exps, y, center), func(sum float64, i int) float64 { return sum + float64(exps[i]) }},
			{"sumExp", SumExp(y, center), func(sum float64, i int) float64 { return sum + float64(exps[i]) }},
		} {
			require.Equal(t, lanes(16, n, c.add), c.got, "%s of %d", c.name, n)
			differs = differs || lanes(8, n, c.add) != c.got
		}
	}
	require.True(t, differs, "eight lanes give the same: this test shows nothing")
}

func TestSumsOfFunctions(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testSumsOfFunctions[float32])
		t.Run("float64", testSumsOfFunctions[float64])
	})
}

// testSumsOfFunctions compares with sums of the scalar functions; all terms are positive, so the errors are those
// of a term and n roundings of the sum.
func testSumsOfFunctions[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	unit, _ := unit[T]()
	for _, n := range []int{0, 1, 500, 1003} {
		x, y := make([]T, n), make([]T, n)
		for i := range x {
			x[i], y[i] = T(4*r.NormFloat64()), T(r.NormFloat64())
		}
		sum := func(f func(x, y float64) float64) (sum float64) {
			for i := range x {
				sum += f(float64(x[i]), float64(y[i]))
			}
			return sum
		}
		shift := Max(x)
		if n == 0 {
			shift = 1
		}
		within := func(want, got float64, name string) {
			require.InDelta(t, want, got, (5*unit+0x1p-53*float64(n))*want, "%s of %d", name, n)
		}
		within(sum(func(x, _ float64) float64 { return Softplus1(x) }), SumSoftplus(x), "SumSoftplus")
		within(sum(func(x, _ float64) float64 { return logCosh2(x) }), SumLogCosh2(x), "SumLogCosh2")
		within(sum(func(x, _ float64) float64 { return x * x }), SumSquares(x, 0), "SumSquares")
		within(sum(func(x, y float64) float64 { return x * x * math.Exp(-y) }), SumSquaresExp(x, y, -1), "SumSquaresExp")
		want := sum(func(x, _ float64) float64 { return math.Exp(x - float64(shift)) })
		within(want, SumExp(x, shift), "SumExp")
		exps := make([]T, n)
		within(want, ExpSum(exps, x, shift), "ExpSum")
		for i := range exps {
			// x − shift is rounded to T
			d := float64(x[i]) - float64(shift)
			require.InEpsilon(t, math.Exp(d), float64(exps[i]), unit*(4-d), "ExpSum")
		}
	}
}

func TestMaxAndMin(t *testing.T) {
	negative := func(x []float64) []float64 {
		y := make([]float64, len(x))
		Scale(y, x, -1)
		return y
	}
	inf, nan := math.Inf(1), math.NaN()
	eachLevel(t, func(t *testing.T, _ Level) {
		require.Equal(t, -inf, Max[float64](nil))
		require.Equal(t, inf, Min[float64](nil))
		for n := 1; n < 70; n++ {
			x := make([]float64, n)
			for i := range x {
				x[i] = -float64(3 + i%7)
			}
			for i := range x {
				kept := x[i]
				for _, v := range []float64{-1, 5, inf} {
					x[i] = v
					require.Equal(t, v, Max(x), "at %d of %d", i, n)
					require.Equal(t, float32(v), Max(toSingle(x)), "at %d of %d", i, n)
					require.Equal(t, -v, Min(negative(x)), "at %d of %d", i, n)
					require.Equal(t, float32(-v), Min(toSingle(negative(x))), "at %d of %d", i, n)
				}
				x[i] = nan
				require.True(t, math.IsNaN(Max(x)), "NaN at %d of %d", i, n)
				require.True(t, math.IsNaN(float64(Max(toSingle(x)))), "NaN at %d of %d", i, n)
				require.True(t, math.IsNaN(Min(x)), "NaN at %d of %d", i, n)
				require.True(t, math.IsNaN(float64(Min(toSingle(x)))), "NaN at %d of %d", i, n)
				x[i] = -inf
				require.Equal(t, n == 1, math.IsInf(Max(x), -1))
				x[i] = kept
			}
		}
	})
}

func toSingle(x []float64) []float32 {
	y := make([]float32, len(x))
	Convert(y, x)
	return y
}
