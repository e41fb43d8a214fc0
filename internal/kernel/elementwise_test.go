package kernel

import (
	"math"
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
		{"Sigmoid", Sigmoid[T], Sigmoid1, SigmoidGrad[T], SigmoidSlope1},
		{"Softplus", Softplus[T], Softplus1, SoftplusGrad[T], Sigmoid1},
		{"Tanh", Tanh[T], math.Tanh, TanhGrad[T], TanhSlope1},
		{"ReLU", ReLU[T], func(x float64) float64 { return math.Max(x, 0) }, ReLUGrad[T], step},
	}
}

func TestElementwise(t *testing.T) {
	t.Run("float32", testElementwise[float32])
	t.Run("float64", testElementwise[float64])
}

// testElementwise compares every kernel with its scalar function, rounded once, for lengths on both sides of where the
// work is split, in place and not.
func testElementwise[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{0, 1, 5, 3*elementGrain + 1, 2*vectorGrain + 3} {
		x, g := make([]T, n), make([]T, n)
		for i := range x {
			x[i], g[i] = T(30*r.NormFloat64()), T(r.NormFloat64())
		}
		for _, k := range elementKernels[T]() {
			want, grad := make([]T, n), make([]T, n)
			for i := range x {
				want[i] = T(k.of(float64(x[i])))
				if k.grad != nil {
					grad[i] = T(float64(g[i]) * k.slope(float64(x[i])))
				}
			}
			check := func(want []T, kernel func(dst []T)) {
				t.Helper()
				for _, procs := range []int{1, 2, 3} {
					dst := append(append([]T(nil), x...), 42)
					atProcs(procs, func() any { kernel(dst[:n]); return nil })
					requireSame(t, append(want[:n:n], 42), dst, k.name)
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

// The derivative kernels are the derivatives of the value kernels: central differences with step h err by
// h²|f”'|/6 ≤ 2e-11 and by a rounding of 2^-52·5/h ≤ 2e-10.
func TestElementwiseGradIsDerivative(t *testing.T) {
	const h = 1e-5
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
}

func TestElementwiseSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x, g := []float32{-inf, -1e-45, 0, inf, nan}, []float32{2, 2, 2, 2, 2}
	for _, c := range []struct {
		name string
		f    func(dst []float32)
		want []float32
	}{
		{"Exp", func(d []float32) { Exp(d, x) }, []float32{0, 1, 1, inf, nan}},
		{"Sigmoid", func(d []float32) { Sigmoid(d, x) }, []float32{0, 0.5, 0.5, 1, nan}},
		{"Softplus", func(d []float32) { Softplus(d, x) }, []float32{0, math.Ln2, math.Ln2, inf, nan}},
		{"Tanh", func(d []float32) { Tanh(d, x) }, []float32{-1, -1e-45, 0, 1, nan}},
		{"ReLU", func(d []float32) { ReLU(d, x) }, []float32{0, 0, 0, inf, nan}},
		{"SigmoidGrad", func(d []float32) { SigmoidGrad(d, x, g) }, []float32{0, 0.5, 0.5, 0, nan}},
		{"SoftplusGrad", func(d []float32) { SoftplusGrad(d, x, g) }, []float32{0, 1, 1, 2, nan}},
		{"TanhGrad", func(d []float32) { TanhGrad(d, x, g) }, []float32{0, 2, 2, 0, nan}},
		{"ReLUGrad", func(d []float32) { ReLUGrad(d, x, g) }, []float32{0, 0, 0, 2, 2}},
		{"ReLUGrad of NaN", func(d []float32) { ReLUGrad(d, []float32{1, -1, 1, -1, 1}, []float32{nan, nan, inf, -inf, -3}) },
			[]float32{nan, 0, inf, 0, -3}},
	} {
		got := make([]float32, len(x))
		c.f(got)
		requireSame(t, c.want, got, c.name)
	}
}
