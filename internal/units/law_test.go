package units

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// law is the distribution of one unit with a base measure of its own, p(x) ∝ exp(I·x)·base(x), written down without what it is tested
// against.
type law struct {
	counts bool
	most   float64 // the largest count or, where there is none, one that no test comes near
	base   func(x float64) float64
	cdf    func(x, in, temperature float64) float64 // of real units
	// reference returns Γ, mean and variance; nil for ReLU units, whose function is tested in package kernel.
	reference func(in float64) (cgf, mean, variance *big.Float)
}

func factorial(x float64) float64 {
	product := 1.0
	for k := 2.0; k <= x; k++ {
		product *= k
	}
	return product
}

var reluLaw = law{
	base: func(x float64) float64 { return math.Exp(-x * x / 2) },
	cdf: func(x, in, temperature float64) float64 { // by the chance to be above, which is small far below 0
		above := func(x float64) float64 { return math.Erfc((x - in) / math.Sqrt(2*temperature)) }
		return 1 - above(max(x, 0))/above(0)
	},
}

var poissonLaw = law{
	counts: true, most: 150,
	base: func(x float64) float64 { return 1 / factorial(x) },
	reference: func(in float64) (cgf, mean, variance *big.Float) {
		e := bigExp(bigOf(in))
		return e, e, e
	},
}

func binomialLaw(n int) law {
	trials := bigOf(float64(n))
	return law{
		counts: true, most: float64(n),
		base: func(x float64) float64 { return factorial(float64(n)) / factorial(x) / factorial(float64(n)-x) },
		reference: func(in float64) (cgf, mean, variance *big.Float) {
			e := bigExp(bigOf(-math.Abs(in)))
			both := add(bigOf(1), e)
			rarer := mul(trials, quo(e, both))
			mean, variance = rarer, quo(rarer, both)
			if in > 0 {
				mean = quo(trials, both)
			}
			// log(1 + e) by its series where e is so small that Newton's first guess would be 0
			cgf = sub(e, mul(bigOf(0.5), mul(e, e)))
			if e.Cmp(bigOf(1e-100)) > 0 {
				cgf = bigLog(both)
			}
			return mul(trials, add(cgf, bigOf(max(in, 0)))), mean, variance
		},
	}
}

// range of the values in a row of units: where test states have to lie.
func (l law) within(x float64) float64 {
	if l.counts {
		return math.Mod(math.Abs(x), min(l.most, 30))
	}
	return math.Abs(x)
}

// moments are log ∫ exp(I·x) dμ, the mean and the second moment: by summation, and for real units by Simpson's rule.
func (l law) moments(in float64) (cgf, mean, second float64) {
	var z float64
	term := func(x, weight float64) {
		p := weight * math.Exp(in*x) * l.base(x)
		z += p
		mean += p * x
		second += p * x * x
	}
	if l.counts {
		for x := 0.0; x <= l.most; x++ {
			term(x, 1)
		}
	} else {
		const width, steps = 20, 1 << 14
		for i := range steps + 1 {
			weight := []float64{2, 4}[i%2]
			if i == 0 || i == steps {
				weight = 1
			}
			term(width*float64(i)/steps, weight*width/steps/3)
		}
	}
	return math.Log(z), mean / z, second / z
}

// The definitions: Γ is the sum or integral over the base measure, Γ' its mean, Γ″ its variance, and U minus the logarithm of that measure.
func TestLawsAreTheFamilies(t *testing.T) {
	for _, f := range families {
		for _, in := range rows(20, f.len(), 3) {
			if f.laws == nil {
				continue // TestCGFIsTheIntegral
			}
			want := 0.0
			mean := filled(len(in), func(d []float64) { f.kind.F64.Mean(d, in, nil) })
			variance := filled(len(in), func(d []float64) { f.kind.F64.Variance(d, in, nil) })
			for j, l := range f.laws {
				cgf, first, second := l.moments(in[j])
				want += cgf
				require.InEpsilon(t, first, mean[j], 1e-10, f.kind.Name)
				require.InEpsilon(t, second-first*first, variance[j], 1e-9, f.kind.Name)
			}
			require.InDelta(t, want, f.kind.F64.CGF(in, nil), 1e-10*max(1, math.Abs(want)), f.kind.Name)

			x, u := f.within(in), 0.0
			for j, l := range f.laws {
				if l.counts {
					x[j] = math.Floor(x[j])
				}
				u -= math.Log(l.base(x[j]))
			}
			require.InDelta(t, u, f.kind.F64.Energy(x, nil), 1e-11, f.kind.Name)
		}
	}
}

// Outside of its range a unit has no probability, and no number hides a NaN.
func TestOwnEnergyOutside(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		kind Kind
		row  []float64
	}{{ReLU, []float64{1, -1e-9}}, {Poisson, []float64{-1, 2}}, {Binomial(3), []float64{2, 3.5}}, {Binomial(3), []float64{-0.5, 3}}} {
		require.Equal(t, inf, c.kind.F64.Energy(c.row, nil), c.kind.Name)
		require.Equal(t, float32(inf), c.kind.F32.Energy(to32(c.row), nil), c.kind.Name)
		require.True(t, math.IsNaN(c.kind.F64.Energy([]float64{c.row[0], c.row[1], math.NaN()}, nil)), c.kind.Name)
	}
}

// checkUnit holds draws of one unit against its law: all of them, and those in whose rows the unit before has gone up, which must not matter.
func (l law) checkUnit(in, temperature float64, x, given []float64) error {
	if !l.counts {
		cdf := func(x float64) float64 { return l.cdf(x, in, temperature) }
		if err := stattest.KolmogorovSmirnov(x, cdf, alpha); err != nil {
			return err
		}
		return stattest.KolmogorovSmirnov(given, cdf, alpha)
	}
	p := make([]float64, int(l.most)+1)
	z, _, _ := l.moments(in / temperature)
	for k := range p {
		p[k] = math.Exp(in/temperature*float64(k)-z) * l.base(float64(k))
	}
	for _, draws := range [][]float64{x, given} {
		counts := make([]int, len(p))
		for _, v := range draws {
			if v != math.Floor(v) || v < 0 || v > l.most {
				return fmt.Errorf("%v is drawn, which is no count to %v", v, l.most)
			}
			counts[int(v)]++
		}
		if err := stattest.Distribution(counts, p, alpha); err != nil {
			return err
		}
	}
	return nil
}

// checkLaws draws rows and holds each unit against its law.
func checkLaws[T kernel.Float](laws []law, in []float64, temperature float64, seed uint64, sample sampler[T]) error {
	stream, row, inT := rng.New(seed, "units"), make([]T, len(in)), convert[T](in)
	x, given := make([][]float64, len(in)), make([][]float64, len(in))
	last := make([]T, len(in))
	for i := range draws {
		sample(row, inT, nil, T(temperature), stream.Row(i, 7))
		for j, v := range row {
			x[j] = append(x[j], float64(v))
			if k := (j + len(row) - 1) % len(row); row[k] > last[k] {
				given[j] = append(given[j], float64(v))
			}
		}
		copy(last, row)
	}
	for j, l := range laws {
		if err := l.checkUnit(in[j], temperature, x[j], given[j]); err != nil {
			return fmt.Errorf("unit %d: %w", j, err)
		}
	}
	return nil
}
