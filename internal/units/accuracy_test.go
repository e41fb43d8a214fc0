package units

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The reference sums over the states of a group in 1,500 bits: enough for p − p² where 1 − p is 1e-300.
const precision = 1500

func bigOf(x float64) *big.Float     { return new(big.Float).SetPrec(precision).SetFloat64(x) }
func add(x, y *big.Float) *big.Float { return bigOf(0).Add(x, y) }
func sub(x, y *big.Float) *big.Float { return bigOf(0).Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return bigOf(0).Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return bigOf(0).Quo(x, y) }

var inverse = func() (all [52]*big.Float) { // of 1, 2, …: a division takes as long as many products
	for n := range all {
		all[n] = quo(bigOf(1), bigOf(float64(n+1)))
	}
	return all
}()

// bigExp sums the series of x/2^40 and squares the sum forty times.
func bigExp(x *big.Float) *big.Float {
	const halvings = 40
	small := bigOf(0).SetMantExp(x, -halvings)
	sum, term := bigOf(1), bigOf(1)
	for n := range inverse { // |x| < 2^11, so the last term is below 2^(−29·52)
		term = mul(mul(term, small), inverse[n])
		sum = add(sum, term)
	}
	for range halvings {
		sum = mul(sum, sum)
	}
	return sum
}

// bigLog is Newton's method on the exponential from the logarithm in float64: two steps make 200 bits of it.
func bigLog(x *big.Float) *big.Float {
	approx, _ := x.Float64()
	z := bigOf(math.Log(approx))
	for range 2 {
		z = add(z, sub(mul(x, bigExp(bigOf(0).Neg(z))), bigOf(1)))
	}
	return z
}

const bigPi = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651"

// reference returns Γ of a group, and the mean and variance of each of its numbers.
func reference(g group, in []float64, logVariance float64) (cgf *big.Float, mean, variance []*big.Float) {
	if g == nil {
		pi, _, _ := big.ParseFloat(bigPi, 10, precision, big.ToNearestEven)
		v := bigExp(bigOf(logVariance))
		m := mul(v, bigOf(in[0]))
		twice := add(mul(m, bigOf(in[0])), add(bigLog(mul(bigOf(2), pi)), bigOf(logVariance)))
		return mul(bigOf(0.5), twice), []*big.Float{m}, []*big.Float{v}
	}
	highest := math.Inf(-1)
	exponents := make([]*big.Float, len(g))
	for k, state := range g {
		exponents[k] = bigOf(0)
		for j, x := range state {
			exponents[k] = add(exponents[k], mul(bigOf(x), bigOf(in[j])))
		}
		e, _ := exponents[k].Float64()
		highest = max(highest, e)
	}
	total, first, second := bigOf(0), make([]*big.Float, len(in)), make([]*big.Float, len(in))
	for j := range in {
		first[j], second[j] = bigOf(0), bigOf(0)
	}
	for k, state := range g {
		p := bigExp(sub(exponents[k], bigOf(highest)))
		total = add(total, p)
		for j, x := range state {
			first[j] = add(first[j], mul(p, bigOf(x)))
			second[j] = add(second[j], mul(p, bigOf(x*x)))
		}
	}
	for j := range in {
		m := quo(first[j], total)
		mean, variance = append(mean, m), append(variance, sub(quo(second[j], total), mul(m, m)))
	}
	return add(bigOf(highest), bigLog(total)), mean, variance
}

// inputs are rows on every scale up to ±700.
func inputs(n int) [][]float64 {
	all := slices.Concat(rows(40, n, 700), rows(40, n, 40), rows(40, n, 1))
	for e := -990; e <= 9; e += 37 { // a mean of 1e-300 and less
		for _, row := range rows(1, n, 1) {
			for j := range row {
				row[j] = math.Ldexp(row[j], e)
			}
			all = append(all, row)
		}
	}
	for _, x := range []float64{0, 700, -700, 345, -345, 18.4, -18.4, 37.1, -37.1} {
		same, odd := make([]float64, n), make([]float64, n)
		for j := range n {
			same[j], odd[j] = x, x*float64(j%2)
		}
		all = append(all, same, odd)
	}
	return all
}

// relative returns the error of got relative to want, 0 where want is below 1e-300 in size.
func relative(got float64, want *big.Float) float64 {
	size := bigOf(0).Abs(want)
	if size.Cmp(bigOf(1e-300)) < 0 {
		return 0
	}
	e, _ := quo(sub(bigOf(got), want), size).Float64()
	return math.Abs(e)
}

func TestAccuracy(t *testing.T) {
	for _, f := range families {
		if slices.ContainsFunc(f.laws, func(l law) bool { return l.reference == nil }) {
			continue
		}
		var cgfError, meanError, varianceError float64
		for i, in := range inputs(f.len()) {
			if testing.Short() && i%5 != 0 {
				continue
			}
			want, lo := bigOf(0), 0
			mean := filled(len(in), func(d []float64) { f.kind.F64.Mean(d, in, f.logVariance) })
			variance := filled(len(in), func(d []float64) { f.kind.F64.Variance(d, in, f.logVariance) })
			for _, g := range f.groups {
				s := 0.0
				if f.logVariance != nil {
					s = f.logVariance[lo]
				}
				hi := lo + size(g)
				cgf, means, variances := reference(g, in[lo:hi], s)
				want = add(want, cgf)
				for j := range means {
					meanError = max(meanError, relative(mean[lo+j], means[j]))
					varianceError = max(varianceError, relative(variance[lo+j], variances[j]))
				}
				lo = hi
			}
			for j, l := range f.laws {
				cgf, m, v := l.reference(in[j])
				want = add(want, cgf)
				meanError = max(meanError, relative(mean[j], m))
				varianceError = max(varianceError, relative(variance[j], v))
			}
			exact, _ := want.Float64()
			e, _ := sub(bigOf(f.kind.F64.CGF(in, f.logVariance)), want).Float64()
			cgfError = max(cgfError, math.Abs(e)/max(1, math.Abs(exact)))
		}
		t.Logf("%s: Γ %.1e, mean %.1e, variance %.1e", f.kind.Name, cgfError, meanError, varianceError)
		require.Less(t, cgfError, 1e-12, f.kind.Name)
		require.Less(t, meanError, 1e-12, f.kind.Name)
		require.Less(t, varianceError, 1e-12, f.kind.Name)
	}
}

// The reference itself, on values that are known: e and ln 2 to 50 digits, and a variance as textbooks have it.
func TestReference(t *testing.T) {
	require.Equal(t, "2.7182818284590452353602874713526624977572470937000", bigExp(bigOf(1)).Text('f', 49))
	require.Equal(t, "0.69314718055994530941723212145817656807550013436026", bigLog(bigOf(2)).Text('f', 50))
	cgf, mean, variance := reference(bit, []float64{0.5}, 0)
	p := 1 / (1 + math.Exp(-0.5))
	for got, want := range map[*big.Float]float64{cgf: math.Log1p(math.Exp(0.5)), mean[0]: p, variance[0]: p * (1 - p)} {
		x, _ := got.Float64()
		require.InDelta(t, want, x, 1e-15)
	}
	// and it must tell a formula that loses the small side
	_, _, variance = reference(bit, []float64{40}, 0)
	p = 1 / (1 + math.Exp(-40))
	require.Greater(t, relative(p*(1-p), variance[0]), 1e-12)
}
