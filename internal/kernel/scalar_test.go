package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The reference values are computed here from the series, in 400-bit arithmetic.
const bigPrec = 400

func bigOf(x float64) *big.Float        { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }
func bigAdd(x, y *big.Float) *big.Float { return bigOf(0).Add(x, y) }
func bigMul(x, y *big.Float) *big.Float { return bigOf(0).Mul(x, y) }
func bigQuo(x, y *big.Float) *big.Float { return bigOf(0).Quo(x, y) }
func bigNeg(x *big.Float) *big.Float    { return bigOf(0).Neg(x) }

// bigExp sums the exponential series of x/2^20 and squares the sum twenty times.
func bigExp(x *big.Float) *big.Float {
	const halvings = 20
	small := bigOf(0).SetMantExp(x, -halvings)
	sum, term := bigOf(1), bigOf(1)
	for n := 1; n <= 40; n++ { // |x| < 2^11, so the last term is below 2^(−9·40)/40!
		term = bigQuo(bigMul(term, small), bigOf(float64(n)))
		sum = bigAdd(sum, term)
	}
	for range halvings {
		sum = bigMul(sum, sum)
	}
	return sum
}

// bigLog1p returns log(1 + y), y ≥ 0: by its series for a small y, else by Newton's method on the exponential.
func bigLog1p(y *big.Float) *big.Float {
	if y.Cmp(bigOf(0x1p-60)) < 0 {
		sum, power := bigOf(0), bigOf(-1)
		for n := 1; n <= 7; n++ {
			power = bigNeg(bigMul(power, y))
			sum = bigAdd(sum, bigQuo(power, bigOf(float64(n))))
		}
		return sum
	}
	approx, _ := y.Float64()
	z, x := bigOf(math.Log1p(approx)), bigAdd(bigOf(1), y)
	for range 4 { // z ← z + x·exp(−z) − 1 doubles the number of right digits
		z = bigAdd(z, bigAdd(bigMul(x, bigExp(bigNeg(z))), bigOf(-1)))
	}
	return z
}

func bigAbs(x *big.Float) *big.Float { return bigOf(0).Abs(x) }

func bigSoftplus(x *big.Float) *big.Float {
	sum := bigLog1p(bigExp(bigNeg(bigAbs(x))))
	if x.Sign() > 0 {
		sum = bigAdd(sum, x)
	}
	return sum
}

func bigLogCosh2(x *big.Float) *big.Float {
	a := bigAbs(x)
	return bigAdd(a, bigLog1p(bigExp(bigMul(bigOf(-2), a))))
}

func bigSigmoid(x *big.Float) *big.Float {
	return bigQuo(bigOf(1), bigAdd(bigOf(1), bigExp(bigNeg(x))))
}

func bigSigmoidSlope(x *big.Float) *big.Float {
	return bigMul(bigSigmoid(x), bigSigmoid(bigNeg(x)))
}

func bigTanhSlope(x *big.Float) *big.Float {
	return bigMul(bigOf(4), bigSigmoidSlope(bigMul(bigOf(2), x)))
}

func bigTanh(x *big.Float) *big.Float {
	if bigAbs(x).Cmp(bigOf(0x1p-60)) < 0 { // x − x³/3 + …, for below the difference would leave too few digits
		return bigAdd(x, bigQuo(bigMul(x, bigMul(x, x)), bigOf(-3)))
	}
	e := bigExp(bigMul(bigOf(2), x))
	return bigQuo(bigAdd(e, bigOf(-1)), bigAdd(e, bigOf(1)))
}

// arguments covers [−limit, limit] evenly, at random, and on all scales down to the smallest denormal.
func arguments(limit float64) []float64 {
	r := rand.New(rand.NewPCG(7, 11))
	xs := []float64{0, math.Copysign(0, -1), limit, -limit}
	for i := range 400 {
		xs = append(xs, limit*(float64(i)/200-1), limit*(2*r.Float64()-1), 40*(2*r.Float64()-1), 2*r.Float64()-1)
	}
	for e := -1074; e <= 9; e += 7 {
		if x := math.Ldexp(1+r.Float64(), e); x <= limit {
			xs = append(xs, x, -x)
		}
	}
	return xs
}

// worst returns the largest error of f among xs, relative to the true value; true values below floor are left out.
func worst(f func(float64) float64, ref func(*big.Float) *big.Float, xs []float64, floor float64) (err, at float64) {
	for _, x := range xs {
		want := ref(bigOf(x))
		if bigAbs(want).Cmp(bigOf(floor)) < 0 {
			continue
		}
		got := f(x)
		if math.IsNaN(got) || math.IsInf(got, 0) {
			return math.Inf(1), x
		}
		e, _ := bigQuo(bigAbs(bigAdd(bigOf(got), bigNeg(want))), bigAbs(want)).Float64()
		if e > err {
			err, at = e, x
		}
	}
	return err, at
}

func TestScalarAccuracy(t *testing.T) {
	const ulp = 0x1p-52
	for _, c := range []struct {
		name  string
		f     func(float64) float64
		ref   func(*big.Float) *big.Float
		limit float64
		floor float64
		tol   float64
	}{
		{"exp", exp, bigExp, 708, 1e-307, 2 * ulp},
		{"logCosh2", logCosh2, bigLogCosh2, 1400, 0, 2 * ulp},
		{"Softplus1", Softplus1, bigSoftplus, 700, 0, 4 * ulp},
		{"sigmoid1", sigmoid1, bigSigmoid, 740, 1e-300, 4 * ulp},
		{"sigmoidSlope1", sigmoidSlope1, bigSigmoidSlope, 740, 1e-300, 4 * ulp},
		{"tanhSlope1", tanhSlope1, bigTanhSlope, 740, 1e-300, 4 * ulp},
		{"Tanh", math.Tanh, bigTanh, 700, 1e-300, 4 * ulp},
		{"math.Exp", math.Exp, bigExp, 709, 1e-307, 4 * ulp},
	} {
		t.Run(c.name, func(t *testing.T) {
			err, at := worst(c.f, c.ref, arguments(c.limit), c.floor)
			t.Logf("largest relative error %.2f units of 2^-52 at %g", err/ulp, at)
			require.LessOrEqual(t, err, c.tol, "at %g", at)
		})
	}
}

func TestLog1pAccuracy(t *testing.T) {
	var ys []float64
	for _, x := range arguments(1) {
		if math.Abs(x) <= 1 {
			ys = append(ys, math.Abs(x))
		}
	}
	for i := range 4 * logSteps {
		edge := float64(i) / (4 * logSteps) // the table value changes at the odd multiples of 1/64
		ys = append(ys, edge, math.Nextafter(edge, 1), math.Abs(math.Nextafter(edge, -1)))
	}
	err, at := worst(log1p, bigLog1p, ys, 1e-320)
	t.Logf("largest relative error %.2f units of 2^-52 at %g", err*0x1p52, at)
	require.LessOrEqual(t, err, 3*0x1p-52, "at %g", at)
}

// The usual formulas lose what the ones here keep; if the check above passed them it would show nothing.
func TestScalarAccuracyRejectsUnstableForms(t *testing.T) {
	for name, c := range map[string]struct {
		f   func(float64) float64
		ref func(*big.Float) *big.Float
	}{
		"softplus log(1+exp x)":  {func(x float64) float64 { return math.Log(1 + math.Exp(x)) }, bigSoftplus},
		"log 2cosh":              {func(x float64) float64 { return math.Log(2 * math.Cosh(x)) }, bigLogCosh2},
		"sigmoid slope σ(1−σ)":   {func(x float64) float64 { s := sigmoid1(x); return s * (1 - s) }, bigSigmoidSlope},
		"tanh slope 1−tanh²":     {func(x float64) float64 { y := math.Tanh(x); return 1 - y*y }, bigTanhSlope},
		"sigmoid e/(1+e)":        {func(x float64) float64 { e := math.Exp(x); return e / (1 + e) }, bigSigmoid},
		"softplus cut at x = 16": {func(x float64) float64 { return map[bool]float64{true: x, false: Softplus1(x)}[x > 16] }, bigSoftplus},
	} {
		err, _ := worst(c.f, c.ref, arguments(740), 1e-300)
		require.Greater(t, err, 1e-12, name)
	}
}

// exp gives way to math.Exp near the ends of the range: the two must meet, and reach 0 and +Inf.
func TestExpEdges(t *testing.T) {
	for _, x := range []float64{-707.9999999999999, -708, -708.3964185322641, -720, -740, -745, -745.1, 707.9999999999999, 708, 709.5, 709.7, 709.78} {
		want, _ := bigExp(bigOf(x)).Float64()
		require.InDelta(t, 0, (exp(x)-want)/want, max(4*0x1p-52, 5e-324/want), "exp(%g)", x)
	}
	require.Zero(t, exp(-746))
	require.True(t, math.IsInf(exp(709.8), 1))
	require.Equal(t, 1.0, exp(0))
}

func TestScalarSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name               string
		f                  func(float64) float64
		atMinusInf, atZero float64
		atInf              float64
	}{
		{"exp", exp, 0, 1, inf},
		{"logCosh2", logCosh2, inf, math.Ln2, inf},
		{"Softplus1", Softplus1, 0, math.Ln2, inf},
		{"sigmoid1", sigmoid1, 0, 0.5, 1},
		{"sigmoidSlope1", sigmoidSlope1, 0, 0.25, 0},
		{"tanhSlope1", tanhSlope1, 0, 1, 0},
	} {
		require.Equal(t, c.atMinusInf, c.f(-inf), c.name)
		require.Equal(t, c.atZero, c.f(0), c.name)
		require.Equal(t, c.atInf, c.f(inf), c.name)
		require.True(t, math.IsNaN(c.f(nan)), c.name)
		require.False(t, math.IsNaN(c.f(math.MaxFloat64)) || math.IsNaN(c.f(-math.MaxFloat64)), c.name)
	}
	require.Equal(t, math.MaxFloat64, Softplus1(math.MaxFloat64))
	require.Equal(t, math.MaxFloat64, logCosh2(-math.MaxFloat64))
}
