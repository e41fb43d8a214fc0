package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// truncatedBits is the precision of the reference for TruncatedNormal: at I = −30 the terms of its series are 2^1300 times the sum.
const truncatedBits = 2600

func truncatedOf(x float64) *big.Float { return new(big.Float).SetPrec(truncatedBits).SetFloat64(x) }

// truncatedPi is Machin's 16·arctan(1/5) − 4·arctan(1/239).
func truncatedPi() *big.Float {
	arctan := func(n float64) *big.Float { // of 1/n
		sum, power := truncatedOf(0), truncatedOf(0).Quo(truncatedOf(1), truncatedOf(n))
		for k := 1.0; power.MantExp(nil) > -truncatedBits; k += 2 {
			sum.Add(sum, truncatedOf(0).Quo(power, truncatedOf(k)))
			power.Quo(power, truncatedOf(-n*n))
		}
		return sum
	}
	return truncatedOf(0).Sub(truncatedOf(0).Mul(truncatedOf(16), arctan(5)), truncatedOf(0).Mul(truncatedOf(4), arctan(239)))
}

// bigTruncated returns ∫₀^∞ exp(I·x − x²/2) dx, the mean and the variance. From −30 to 30 they are the series Σ_n I^n/n!·c_(n+k), where
// c_k = ∫₀^∞ x^k exp(−x²/2) dx has c_0 = √(π/2), c_1 = 1 and c_k = (k−1)·c_(k−2); below, the continued fraction.
func bigTruncated(in float64) (z, mean, variance *big.Float) {
	x := truncatedOf(in)
	if in < -30 {
		r := [2]*big.Float{truncatedOf(0), truncatedOf(0)} // r_k and r_(k+1)
		for k := 400.0; k > 0; k-- {
			r = [2]*big.Float{truncatedOf(0).Quo(truncatedOf(k), truncatedOf(0).Sub(r[0], x)), r[0]}
		}
		z = truncatedOf(0).Quo(truncatedOf(1), truncatedOf(0).Sub(r[0], x))
		return z, r[0], truncatedOf(0).Mul(r[0], truncatedOf(0).Sub(r[1], r[0]))
	}
	moment := [3]*big.Float{truncatedOf(0).Sqrt(truncatedOf(0).Quo(truncatedPi(), truncatedOf(2))), truncatedOf(1), nil} // c_n, c_(n+1), c_(n+2)
	sums := [3]*big.Float{truncatedOf(0), truncatedOf(0), truncatedOf(0)}
	power := truncatedOf(1)
	for n := range 200 + int(5*in*in) {
		moment[2] = truncatedOf(0).Mul(moment[0], truncatedOf(float64(n+1)))
		for k, c := range moment {
			sums[k].Add(sums[k], truncatedOf(0).Mul(power, c))
		}
		moment[0], moment[1] = moment[1], moment[2]
		power.Quo(power.Mul(power, x), truncatedOf(float64(n+1)))
	}
	mean = truncatedOf(0).Quo(sums[1], sums[0])
	variance = truncatedOf(0).Quo(sums[2], sums[0])
	return sums[0], mean, variance.Sub(variance, truncatedOf(0).Mul(mean, mean))
}

func TestTruncatedNormal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	at := []float64{0, -2.5, math.Nextafter(-2.5, -3), -2.499, -2.6, 5, -5, 29, -30, -31, -700, -1e5, 1e-300}
	for range 60 {
		at = append(at, 60*r.Float64()-30, 12*r.Float64()-6)
	}
	if testing.Short() {
		at = at[:30]
	}
	var worst [3]float64
	for _, in := range at {
		z, wantMean, wantVariance := bigTruncated(in)
		cgf, mean, variance := TruncatedNormal(in)
		mantissa := new(big.Float)
		exponent := z.MantExp(mantissa)
		f, _ := mantissa.Float64()
		want := math.Log(f) + float64(exponent)*math.Ln2
		m, _ := wantMean.Float64()
		v, _ := wantVariance.Float64()
		worst[0] = max(worst[0], math.Abs(cgf-want)/max(1, math.Abs(want)))
		worst[1] = max(worst[1], math.Abs(mean-m)/m)
		worst[2] = max(worst[2], math.Abs(variance-v)/v)
	}
	t.Logf("Γ %.1e, mean %.1e, variance %.1e", worst[0], worst[1], worst[2])
	for _, e := range worst {
		require.Less(t, e, 2e-13)
	}
}

// The reference itself: where the series and the continued fraction meet they agree, and at 0 it is the half normal.
func TestTruncatedNormalReference(t *testing.T) {
	z, mean, variance := bigTruncated(0)
	for got, want := range map[*big.Float]float64{z: math.Sqrt(math.Pi / 2), mean: math.Sqrt(2 / math.Pi), variance: 1 - 2/math.Pi} {
		x, _ := got.Float64()
		require.InDelta(t, want, x, 1e-15)
	}
	_, series, _ := bigTruncated(-30)
	_, fraction, _ := bigTruncated(math.Nextafter(-30, -31))
	difference, _ := truncatedOf(0).Sub(series, fraction).Float64()
	require.InDelta(t, 0, difference, 1e-17)
}

func TestTruncatedNormalAtTheEnds(t *testing.T) {
	inf := math.Inf(1)
	for in, want := range map[float64][3]float64{
		inf: {inf, inf, 1}, -inf: {-inf, 0, 0}, 1e200: {inf, 1e200, 1}, -1e200: {-math.Log(1e200), 1e-200, 0}, 700: {245000 + halfLog2Pi, 700, 1},
	} {
		cgf, mean, variance := TruncatedNormal(in)
		require.Equal(t, want, [3]float64{cgf, mean, variance}, in)
	}
	for _, x := range func() []float64 { a, b, c := TruncatedNormal(math.NaN()); return []float64{a, b, c} }() {
		require.True(t, math.IsNaN(x))
	}
}
