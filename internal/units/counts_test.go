package units

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// binned holds counts against log p(k) up to a constant, by the chances of some twenty ranges within width of the middle.
func binned(x []float64, middle, width float64, logP func(k float64) float64) error {
	lo := math.Floor(max(0, middle-width))
	p := make([]float64, int(2*width)+2)
	total, top := 0.0, logP(math.Floor(middle))
	for k := range p {
		if value := logP(lo + float64(k)); !math.IsNaN(value) {
			p[k] = math.Exp(value - top)
			total += p[k]
		}
	}
	var chances []float64
	cell, gathered := make([]int, len(p)), 0.0
	for k := range p {
		if len(chances) == 0 || gathered >= total/20 {
			chances, gathered = append(chances, 0), 0
		}
		gathered += p[k]
		cell[k] = len(chances) - 1
		chances[cell[k]] += p[k] / total
	}
	counts := make([]int, len(chances))
	for _, v := range x {
		k := v - lo
		if v != math.Floor(v) || k < 0 || int(k) >= len(p) {
			counts[0] += len(x) // nothing is drawn there
			continue
		}
		counts[cell[int(k)]]++
	}
	return stattest.ChiSquare(counts, chances, alpha)
}

// drawn are draws of one unit of a kind, from as many rows.
func drawn(k Kind, in, temperature float64, seed uint64) []float64 {
	stream, x, row := rng.New(seed, "units"), make([]float64, draws), make([]float64, 2)
	for i := range x {
		k.F64.Sample(row, []float64{0, in}, nil, temperature, stream.Row(i, 7))
		x[i] = row[1]
	}
	return x
}

// Means on both sides of 10, where inversion gives way to rejection, and large ones.
func TestPoissonDraws(t *testing.T) {
	for _, in := range []float64{-3, 1.5, math.Log(10) - 1e-9, math.Log(10), 2.5, 3, 5, 9, 11.4, 11.6, 15, 20} {
		for _, temperature := range []float64{1, 2} {
			mean := math.Exp(in)
			logP := func(k float64) float64 { return k*in - mean - logFactorial(k) }
			if mean > 1e5 { // Stirling's formula expanded around the mean: the next term is (k − mean)⁴/12mean³
				logP = func(k float64) float64 { d := k - mean; return -d*d/2/mean + d*d*d/6/mean/mean - d/2/mean }
			}
			for _, seed := range seeds() {
				x := drawn(Poisson, in*temperature, temperature, seed)
				require.NoError(t, binned(x, mean, 9*math.Sqrt(mean)+12, logP), "mean %g", mean)
				if mean > 0.1 && mean < 1e6 {
					for i := range x { // the twin: every fourth draw is a deviation too large
						if rng.New(seed, "twin").Uint64(uint64(i))%4 == 0 {
							x[i] += max(1, math.Round(math.Sqrt(mean)))
						}
					}
					require.Error(t, binned(x, mean, 9*math.Sqrt(mean)+12, logP), "mean %g", mean)
				}
			}
		}
	}
}

// The two forms of log p(k) are one function.
func TestLogPoisson(t *testing.T) {
	for _, mean := range []float64{1e5, 3e5, 1e6} {
		for _, z := range []float64{-8, -3, 0, 2.5, 7} {
			k := math.Floor(mean + z*math.Sqrt(mean))
			require.InDelta(t, k*math.Log(mean)-mean-logFactorial(k), logPoisson(k, mean), 1e-8)
		}
	}
}

// Where counts are past 2^53 the law is the normal one, to float64.
func TestHugePoissonMeans(t *testing.T) {
	for _, in := range []float64{36, 80, 300, 709} {
		for _, seed := range seeds() {
			x := drawn(Poisson, in, 1, seed)
			for i := range x {
				x[i] = (x[i] - math.Exp(in)) / math.Exp(in/2)
			}
			if in < 72 { // beyond, a deviation is less than the spacing of float64
				require.NoError(t, stattest.KolmogorovSmirnov(x, distuv.UnitNormal.CDF, alpha), in)
			}
			for _, v := range x {
				require.False(t, math.IsNaN(v))
			}
		}
	}
}

// An overflow is an infinity, which Invalid finds, in means and in draws alike.
func TestPoissonOverflows(t *testing.T) {
	row := rng.New(1, "overflow").Row(0, 0)
	for _, in := range []float32{89, 1e30, float32(math.Inf(1))} {
		x := filled(1, func(d []float32) { Poisson.F32.Sample(d, []float32{in}, nil, 1, row) })
		require.Equal(t, []float32{float32(math.Inf(1))}, x)
		require.Equal(t, x, filled(1, func(d []float32) { Poisson.F32.Mean(d, []float32{in}, nil) }))
		require.Zero(t, Poisson.F32.Invalid(x))
	}
	require.Equal(t, -1, Poisson.F32.Invalid(filled(1, func(d []float32) { Poisson.F32.Sample(d, []float32{88}, nil, 1, row) })))
	require.Equal(t, []float64{0, 0}, filled(2, func(d []float64) { Poisson.F64.Sample(d, []float64{-745, math.Inf(-1)}, nil, 1, row) }))
}

func TestBinomialDraws(t *testing.T) {
	for _, n := range []int{1, 7, 40, 1000, 1 << 24} {
		for _, in := range []float64{-14.2, -5, -4.59, 0, 0.4, 4.6} {
			p := 1 / (1 + math.Exp(-in))
			mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
			logP := func(k float64) float64 {
				if k > float64(n) {
					return math.Inf(-1)
				}
				return k*in - logFactorial(k) - logFactorial(float64(n)-k)
			}
			if deviation < 0.3 {
				continue // one value only
			}
			for _, seed := range seeds() {
				x := drawn(Binomial(n), 2*in, 2, seed)
				require.NoError(t, binned(x, mean, 9*deviation+12, logP), "%d, %g", n, in)
				for i := range x {
					if rng.New(seed, "twin").Uint64(uint64(i))%4 == 0 {
						x[i] = min(float64(n), x[i]+max(1, math.Round(deviation)))
					}
				}
				require.Error(t, binned(x, mean, 9*deviation+12, logP), "%d, %g", n, in)
			}
		}
	}
}

func TestBinomialAtTheEnds(t *testing.T) {
	inf := math.Inf(1)
	for i := range 100 {
		row := rng.New(1, "ends").Row(i, 0)
		x := filled(4, func(d []float64) { Binomial(9).F64.Sample(d, []float64{-700, 700, -inf, inf}, nil, 1, row) })
		require.Equal(t, []float64{0, 9, 0, 9}, x)
	}
}

// Both tails, and means within a deviation of 0, at several temperatures. A sampler that takes input/T, as the families without an energy
// of their own do, is found.
func TestReLUDraws(t *testing.T) {
	for _, in := range []float64{-700, -30, -3, -0.5, 0, 0.5, 3, 30, 700} {
		for _, temperature := range []float64{0.25, 1, 4} {
			above := func(x float64) float64 { // log P(X > x), by the Mills ratio: P(X > x)/P(X > 0) of the whole normal
				ratio := func(y float64) float64 {
					cgf, _, _ := kernel.TruncatedNormal(-y)
					return cgf
				}
				a, d := -in/math.Sqrt(temperature), x/math.Sqrt(temperature)
				return ratio(a+d) - ratio(a) - d*d/2 - a*d
			}
			cdf := func(x float64) float64 { return -math.Expm1(above(x)) }
			for _, seed := range seeds() {
				x := drawn(ReLU, in, temperature, seed)
				require.NoError(t, stattest.KolmogorovSmirnov(x, cdf, alpha), "%g at %g", in, temperature)
				if temperature != 1 && in > -1 { // far below 0 both are the exponential of rate −in/T
					require.Error(t, stattest.KolmogorovSmirnov(drawn(ReLU, in/temperature, 1, seed), cdf, alpha), "%g at %g", in, temperature)
				}
			}
		}
	}
	row := rng.New(1, "ends").Row(0, 0)
	inf := math.Inf(1)
	x := filled(4, func(d []float64) { ReLU.F64.Sample(d, []float64{-inf, inf, -1e300, 1e300}, nil, 1e-20, row) })
	require.Equal(t, []float64{0, inf, 0, 1e300}, []float64{x[0], x[1], math.Floor(x[2]), x[3]})
}

// seeds are all of them, or one when short.
func seeds() []uint64 {
	if testing.Short() {
		return stattest.Seeds[:1]
	}
	return stattest.Seeds
}
