package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArithmetic(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		t.Run("float32", testArithmetic[float32])
		t.Run("float64", testArithmetic[float64])
	})
}

// testArithmetic compares with the formulas in float64. A result may err by some units of the largest number on the way.
func testArithmetic[T Float](t *testing.T) {
	const n = 1000
	unit, _ := unit[T]()
	r := rand.New(rand.NewPCG(6, 2))
	random := func() []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(2 * r.NormFloat64())
		}
		return x
	}
	x, y, z, w, dst := random(), random(), random(), random(), make([]T, n)
	a, b, c := T(0.3), T(-1.7), T(0.9)
	check := func(name string, kernel func(), formula func(x, y, z, w, a, b, c float64) (want, size float64)) {
		kernel()
		for i := range dst {
			want, size := formula(float64(x[i]), float64(y[i]), float64(z[i]), float64(w[i]), float64(a), float64(b), float64(c))
			require.InDelta(t, want, float64(dst[i]), 4*unit*max(math.Abs(want), size), "%s: element %d", name, i)
		}
	}
	check("ShiftScale", func() { ShiftScale(dst, x, a, b) }, func(x, _, _, _, a, b, _ float64) (float64, float64) { return (x - a) * b, 0 })
	check("Scale", func() { Scale(dst, x, a) }, func(x, _, _, _, a, _, _ float64) (float64, float64) { return x * a, 0 })
	check("Subtract", func() { Subtract(dst, x, y) }, func(x, y, _, _, _, _, _ float64) (float64, float64) { return x - y, 0 })
	check("Multiply", func() { Multiply(dst, x, y) }, func(x, y, _, _, _, _, _ float64) (float64, float64) { return x * y, 0 })
	check("MultiplyAdd", func() { MultiplyAdd(dst, x, y, z) }, func(x, y, z, _, _, _, _ float64) (float64, float64) {
		return x*y + z, math.Abs(x * y)
	})
	check("Combine", func() { Combine(dst, x, y, a, b, c) }, func(x, y, _, _, a, b, c float64) (float64, float64) {
		return a*x + b*y + c, math.Abs(a*x) + math.Abs(b*y) + c
	})
	check("SoftmaxGrad", func() { SoftmaxGrad(dst, x, y, a, b) }, func(x, y, _, _, a, b, _ float64) (float64, float64) {
		return x * (y - a) * b, 0
	})
	check("MultiplyExp", func() { MultiplyExp(dst, x, y, b) }, func(x, y, _, _, _, b, _ float64) (float64, float64) {
		return x * math.Exp(b*y), math.Abs(x*math.Exp(b*y)) * math.Abs(b*y) // the rounding of b·y
	})
	check("AddMultiplyExp", func() { copy(dst, w); AddMultiplyExp(dst, x, y, z, b, a, c) }, func(x, y, z, w, a, b, c float64) (float64, float64) {
		v := a * x * y * math.Exp(b*z)
		return w + v + c, math.Abs(w) + c + math.Abs(v)*(1+math.Abs(b*z))
	})
	check("AddShifted", func() { copy(dst, w); AddShifted(dst, x, a, b) }, func(x, _, _, w, a, b, _ float64) (float64, float64) {
		return w + (x-a)*b, math.Abs(w) + math.Abs((x-a)*b)
	})
	check("Drop", func() { Drop(dst, x, y, a, b) }, func(x, y, _, _, a, b, _ float64) (float64, float64) {
		if y < a {
			return 0, 0
		}
		return x * b, 0
	})
}

// Scaling keeps the sign of zero; dropping keeps NaN.
func TestArithmeticSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	eachLevel(t, func(t *testing.T, _ Level) {
		x := []float64{math.Copysign(0, -1), inf, nan, 0}
		got := make([]float64, 4)
		Scale(got, x, 2)
		requireSame(t, x, got)
		require.True(t, math.Signbit(got[0]) && !math.Signbit(got[3]))
		Drop(got, []float64{inf, nan, 3, nan}, []float64{0, 0, 0, 1}, 0.5, 2)
		requireSame(t, []float64{nan, nan, 0, nan}, got)
		Below(got, []float64{0.3, 0.5, 0.5, 0}, []float64{0.5, 0.5, nan, 0})
		requireSame(t, []float64{1, 0, nan, 0}, got)
		MultiplyExp(got, []float64{1, 0, 2, 0}, []float64{-inf, -inf, nan, inf}, 1)
		requireSame(t, []float64{0, 0, nan, nan}, got)
	})
}
