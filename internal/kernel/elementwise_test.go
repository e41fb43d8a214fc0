package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// unary and gradient kernels with the scalar function, or its slope, that they apply.
type elementKernel[T Float] struct {
	name  string
	value func(dst, src []T)
	of    func(float64) float64
	grad  func(dst, x, g []T)
	slope func(float64) float64
}

func elementKernels[T Float]() []elementKernel[T] {
	step := func(x float64) float64 {
		if x > 0 {
			return 1
		}
		return 0
	}
	return []elementKernel[T]{
		{"Exp", Exp[T], exp, nil, nil},
		{"Log", Log[T], log, nil, nil},
		{"Sigmoid", Sigmoid[T], sigmoid1, SigmoidGrad[T], sigmoidSlope1},
		{"Softplus", Softplus[T], Softplus1, SoftplusGrad[T], sigmoid1},
		{"Tanh", Tanh[T], math.Tanh, TanhGrad[T], tanhSlope1},
		{"ReLU", ReLU[T], func(x float64) float64 { return math.Max(x, 0) }, ReLUGrad[T], step},
	}
}

// unit is the distance between 1 and the next number, smallest the smallest denormal.
func unit[T Float]() (unit, smallest float64) {
	if precision[T]() == 0 {
		return 0x1p-23, 0x1p-149
	}
	return 0x1p-52, 0x1p-1074
}

// requireNear requires equal numbers at the Go level, and numbers within so many units at the others.
func requireNear[T Float](t *testing.T, l Level, units float64, want, got []T, what ...any) {
	t.Helper()
	if l == Plain {
		requireSame(t, want, got, what...)
		return
	}
	unit, smallest := unit[T]()
	for i, w := range want {
		g := got[i]
		if w == g || w != w && g != g {
			continue
		}
		allowed := units * max(unit*math.Abs(float64(w)), smallest)
		require.InDelta(t, float64(w), float64(g), allowed, "element %d: %v", i, what)
	}
}

func TestElementwise(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		t.Run("float32", func(t *testing.T) { testElementwise[float32](t, l) })
		t.Run("float64", func(t *testing.T) { testElementwise[float64](t, l) })
	})
}

// testElementwise compares every kernel with its scalar function, rounded once, for lengths on both sides of where the
// work is split, in place and not.
func testElementwise[T Float](t *testing.T, l Level) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{0, 1, 5, 3*elementGrain + 1, 2*vectorGrain + 3} {
		x, g := make([]T, n), make([]T, n)
		for i := range x {
			x[i], g[i] = T(8*r.NormFloat64()), T(r.NormFloat64()) // no slope of them is denormal
		}
		for _, k := range elementKernels[T]() {
			if n > 2*vectorGrain && k.name != "ReLU" {
				continue // the others are split before that
			}
			want, grad := make([]T, n), make([]T, n)
			for i := range x {
				want[i] = T(k.of(float64(x[i])))
				if k.grad != nil {
					grad[i] = T(float64(g[i]) * k.slope(float64(x[i])))
				}
			}
			check := func(want []T, kernel func(dst []T)) {
				t.Helper()
				var first []T
				for _, procs := range []int{1, 2, 3} {
					dst := append(append([]T(nil), x...), 42)
					atProcs(procs, func() any { kernel(dst[:n]); return nil })
					if procs == 1 {
						first = dst
						requireNear(t, l, 5, append(want[:n:n], 42), dst, k.name)
					}
					requireSame(t, first, dst, k.name)
				}
			}
			check(want, func(dst []T) { k.value(dst, x) })
			check(want, func(dst []T) { k.value(dst, dst) })
			if k.grad != nil {
				check(grad, func(dst []T) { k.grad(dst, x, g) })
				check(grad, func(dst []T) { k.grad(dst, dst, g) })
				check(grad, func(dst []T) { copy(dst, g); k.grad(dst, x, dst) })
			}
		}
	}
}

// slopeKernel is the gradient kernel for gradients of 1.
func slopeKernel[T Float](grad func(dst, x, g []T)) func(dst, x []T) {
	return func(dst, x []T) {
		for i := range dst {
			dst[i] = 1
		}
		grad(dst, x, dst)
	}
}

// Float32 results over all exponents against the scalar functions, which the tests of these find right to 1e-15.
func TestAccuracyOfFloat32(t *testing.T) {
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += 12289 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	eachLevel(t, func(t *testing.T, l Level) {
		check := func(name string, kernel func(dst, x []float32), of func(float64) float64) {
			err, denormal, at := 0.0, 0.0, float32(0)
			got := make([]float32, len(x))
			kernel(got, x)
			for i, x := range x {
				want, g := of(float64(x)), float64(got[i])
				if rounded := float32(want); float32(g) == rounded || want != want && g != g {
					continue // infinities and NaN too
				}
				if size := math.Abs(want); size < 0x1p-126 {
					denormal = max(denormal, math.Abs(g-want)*0x1p149)
				} else if e := math.Abs(g-want) / size; !(e <= err) {
					err, at = e, x
				}
			}
			t.Logf("%s: error %.2g at %g, of denormals %.2f", name, err, at, denormal)
			require.LessOrEqual(t, err, 2.6e-7, "%s at %g", name, at)
			require.LessOrEqual(t, denormal, 2.5, name) // 4t/(1+t)² has four times the error of t
		}
		for _, k := range elementKernels[float32]() {
			check(k.name, k.value, k.of)
			if k.grad != nil && k.name != "ReLU" { // of which NaN has no slope
				check(k.name+"Grad", slopeKernel(k.grad), k.slope)
			}
		}
	})
}

// Float64 results against long arithmetic. AVX2 makes the bits of AVX-512, which is tested below, so the best level stands
// for both.
func TestAccuracyOfFloat64(t *testing.T) {
	one := func(kernel func(dst, x []float64)) func(float64) float64 {
		at := make([]float64, 1)
		return func(x float64) float64 {
			at[0] = x
			dst := []float64{0}
			kernel(dst, at)
			return dst[0]
		}
	}
	for _, c := range []struct {
		name   string
		kernel func(dst, x []float64)
		ref    func(*big.Float) *big.Float
		limit  float64
	}{
		{"Exp", Exp[float64], bigExp, 708},
		{"Sigmoid", Sigmoid[float64], bigSigmoid, 740},
		{"Softplus", Softplus[float64], bigSoftplus, 708},
		{"Tanh", Tanh[float64], bigTanh, 700},
		{"SigmoidGrad", slopeKernel(SigmoidGrad[float64]), bigSigmoidSlope, 740},
		{"TanhGrad", slopeKernel(TanhGrad[float64]), bigTanhSlope, 740},
		{"Log", func(dst, x []float64) { Log(dst, []float64{1 + math.Abs(x[0])}) }, func(x *big.Float) *big.Float {
			rounded, _ := bigAdd(bigOf(1), bigAbs(x)).Float64()
			return bigLog1p(bigOf(rounded - 1))
		}, 700},
	} {
		xs := arguments(c.limit)
		if testing.Short() {
			xs = xs[:400]
		}
		err, at := worst(one(c.kernel), c.ref, xs, 0x1p-1022)
		t.Logf("%s: %.2f units of 2^-52 at %g", c.name, err*0x1p52, at)
		require.LessOrEqual(t, err, 4*0x1p-52, "%s at %g", c.name, at)
	}
}

// The logarithm below 1, where its terms cancel, and of denormal numbers.
func TestLogBelowOne(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		for _, x := range []float64{0x1p-1074, 0x1.8p-1070, 0x1p-1022, 1e-300, 0.3, 0.70710678, 0.7072, 0.9, 1 - 0x1p-20, 1 - 0x1p-53} {
			want := math.Log1p(x - 1)
			if x < 0.5 {
				fraction, exponent := math.Frexp(x)
				want = math.Log(fraction) + float64(exponent)*math.Ln2
			}
			got := []float64{x}
			Log(got, got)
			require.InEpsilon(t, want, got[0], 3*0x1p-52, "log %g", x)
		}
	})
}

// The derivative kernels are the derivatives of the value kernels: central differences with step h err by
// h²|f”'|/6 ≤ 2e-11 and by a rounding of 2^-52·5/h ≤ 2e-10.
func TestElementwiseGradIsDerivative(t *testing.T) {
	const h = 1e-5
	eachLevel(t, func(t *testing.T, _ Level) {
		for _, k := range elementKernels[float64]() {
			if k.grad == nil {
				continue
			}
			for _, x := range []float64{-5, -1.3, -0.2, 0.1, 0.7, 2, 5} {
				at, got := []float64{x - h, x + h}, make([]float64, 1)
				k.value(at, at)
				k.grad(got, []float64{x}, []float64{2})
				require.InDelta(t, 2*(at[1]-at[0])/(2*h), got[0], 5e-10, "%s at %g", k.name, x)
			}
		}
	})
}

func TestElementwiseSpecialValues(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		t.Run("float32", func(t *testing.T) { testSpecialValues[float32](t, l, math.SmallestNonzeroFloat32) })
		t.Run("float64", func(t *testing.T) { testSpecialValues[float64](t, l, math.SmallestNonzeroFloat64) })
	})
}

func testSpecialValues[T Float](t *testing.T, l Level, tiny T) {
	inf, nan := T(math.Inf(1)), T(math.NaN())
	x, g := []T{-inf, -tiny, 0, inf, nan}, []T{2, 2, 2, 2, 2}
	for _, c := range []struct {
		name string
		f    func(dst []T)
		want []T
	}{
		{"Exp", func(d []T) { Exp(d, x) }, []T{0, 1, 1, inf, nan}},
		{"Log", func(d []T) { Log(d, x) }, []T{nan, nan, -inf, inf, nan}},
		{"Sigmoid", func(d []T) { Sigmoid(d, x) }, []T{0, 0.5, 0.5, 1, nan}},
		{"Softplus", func(d []T) { Softplus(d, x) }, []T{0, math.Ln2, math.Ln2, inf, nan}},
		{"Tanh", func(d []T) { Tanh(d, x) }, []T{-1, -tiny, 0, 1, nan}},
		{"ReLU", func(d []T) { ReLU(d, x) }, []T{0, 0, 0, inf, nan}},
		{"SigmoidGrad", func(d []T) { SigmoidGrad(d, x, g) }, []T{0, 0.5, 0.5, 0, nan}},
		{"SoftplusGrad", func(d []T) { SoftplusGrad(d, x, g) }, []T{0, 1, 1, 2, nan}},
		{"TanhGrad", func(d []T) { TanhGrad(d, x, g) }, []T{0, 2, 2, 0, nan}},
		{"ReLUGrad", func(d []T) { ReLUGrad(d, x, g) }, []T{0, 0, 0, 2, 2}},
		{"ReLUGrad of NaN", func(d []T) { ReLUGrad(d, []T{1, -1, 1, -1, 1}, []T{nan, nan, inf, -inf, -3}) },
			[]T{nan, 0, inf, 0, -3}},
	} {
		got := make([]T, len(x))
		c.f(got)
		requireNear(t, l, 1, c.want, got, c.name)
	}
	zeros := []T{T(math.Copysign(0, -1))}
	Tanh(zeros, zeros)
	require.True(t, math.Signbit(float64(zeros[0])), "tanh(-0) is -0")
}

// Gradients of NaN, or an infinite gradient where the slope is 0, give NaN.
func TestElementwiseGradientsKeepNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T, _ Level) {
		for _, k := range elementKernels[float32]() {
			if k.grad == nil || k.name == "ReLU" {
				continue
			}
			got := make([]float32, 2)
			k.grad(got, []float32{1, float32(math.Inf(-1))}, []float32{float32(math.NaN()), float32(math.Inf(1))})
			require.True(t, got[0] != got[0] && got[1] != got[1], "%s: %v", k.name, got)
		}
	})
}
