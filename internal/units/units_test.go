package units

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
)

// group is a discrete group of numbers that have their distribution together, by its states.
type group [][]float64

var (
	bit   = group{{0}, {1}}
	sign  = group{{-1}, {1}}
	three = group{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
)

type rowOf struct {
	kind        Kind
	groups      []group
	logVariance []float64
	laws        []law
}

func (f rowOf) len() int { return length(f.groups) + len(f.laws) }

// within moves numbers into the range of the units, away from its ends.
func (f rowOf) within(x []float64) []float64 {
	x = slices.Clone(x)
	for j, l := range f.laws {
		x[j] = l.within(x[j])
	}
	return x
}

// families are rows of every family: what its groups are (nil for a real unit) and a log-variance, where it is read. Those of units one by
// one with a base measure that is not uniform have no groups but a law for each unit.
var families = []rowOf{
	{Bernoulli, []group{bit, bit, bit}, nil, nil},
	{Spin, []group{sign, sign, sign}, nil, nil},
	{OneHot(3), []group{three, three}, nil, nil},
	{Gaussian, []group{nil, nil, nil}, nil, nil},
	{Gaussian, []group{nil, nil, nil}, []float64{-1.2, 0.3, 1.1}, nil},
	{Joined([]Kind{Bernoulli, OneHot(3), Gaussian, Spin}, []int{2, 3, 1, 1}), []group{bit, bit, three, nil, sign}, []float64{0, 0, 0, 0, 0, 0.7, 0}, nil},
	{ReLU, nil, nil, []law{reluLaw, reluLaw, reluLaw}},
	{Binomial(1), nil, nil, []law{binomialLaw(1), binomialLaw(1)}},
	{Binomial(5), nil, nil, []law{binomialLaw(5), binomialLaw(5), binomialLaw(5)}},
	{Poisson, nil, nil, []law{poissonLaw, poissonLaw, poissonLaw}},
	{Joined([]Kind{Poisson, ReLU, Binomial(3), Poisson}, []int{1, 2, 1, 1}), nil, nil, []law{poissonLaw, reluLaw, reluLaw, binomialLaw(3), poissonLaw}},
}

func size(g group) int {
	if g == nil {
		return 1
	}
	return len(g[0])
}

func length(groups []group) (n int) {
	for _, g := range groups {
		n += size(g)
	}
	return n
}

// rows returns count rows of n random numbers in [−scale, scale].
func rows(count, n int, scale float64) [][]float64 {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	all := make([][]float64, count)
	for i := range all {
		all[i] = make([]float64, n)
		for j := range all[i] {
			all[i][j] = scale * (2*r.Float64() - 1)
		}
	}
	return all
}

// filled calls a method that sets a row.
func filled[T kernel.Float](n int, set func(dst []T)) []T {
	dst := make([]T, n)
	for j := range dst {
		dst[j] = T(math.NaN()) // it must not be read
	}
	set(dst)
	return dst
}

func to32(x []float64) []float32 {
	if x == nil {
		return nil
	}
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func to64(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func TestNames(t *testing.T) {
	names := map[string]bool{}
	for _, k := range []Kind{
		Bernoulli, Spin, Gaussian, OneHot(2), OneHot(3), ReLU, Poisson, Binomial(2), Binomial(3), Joined([]Kind{Spin, Spin}, []int{1, 2}), Joined([]Kind{Spin, Spin}, []int{2, 1}),
		Joined([]Kind{OneHot(2), Spin}, []int{2, 1}), Joined([]Kind{OneHot(3), Spin}, []int{3, 1}),
	} {
		require.False(t, names[k.Name], "two kinds are called %s", k.Name)
		names[k.Name] = true
	}
}

// A float32 family gives the rounded results of the float64 family on the same numbers; in the assembly a few roundings more,
// and the differences of inputs within a group, which are the logarithms of means, are rounded too.
func TestSinglePrecision(t *testing.T) {
	for _, f := range families {
		n, s, s32 := f.len(), f.logVariance, to32(f.logVariance)
		if s != nil {
			s = to64(s32)
		}
		for _, in := range append(rows(200, n, 30), rows(200, n, 1)...) {
			in32, x32, g32 := to32(in), to32(f.within(in)), to32(rows(1, n, 2)[0])
			in, x, g := to64(in32), to64(x32), to64(g32)
			close := func(what string, tolerance float64, want []float64, got []float32) {
				for j := range want {
					size := max(1e-30, math.Abs(want[j]))
					if kernel.Current() != kernel.Plain {
						size *= 6 + math.Abs(math.Log(size))
					}
					require.InDelta(t, want[j], float64(got[j]), tolerance*size, "%s: %s at %v", f.kind.Name, what, in)
				}
			}
			const rounding = 0x1p-24
			// A joined row adds the rounded sums of its parts; a group's gradient is a difference of rounded means.
			close("CGF", 4*rounding*4, []float64{f.kind.F64.CGF(in, s) + 100}, []float32{f.kind.F32.CGF(in32, s32) + 100})
			meanRounding := rounding
			if strings.Contains(f.kind.Name, "Binomial") { // a rounded probability times its number of trials, rounded again
				meanRounding *= 2
			}
			close("Mean", meanRounding, filled(n, func(d []float64) { f.kind.F64.Mean(d, in, s) }), filled(n, func(d []float32) { f.kind.F32.Mean(d, in32, s32) }))
			close("Variance", rounding, filled(n, func(d []float64) { f.kind.F64.Variance(d, in, s) }), filled(n, func(d []float32) { f.kind.F32.Variance(d, in32, s32) }))
			close("EnergyGrad", 4*rounding, filled(n, func(d []float64) { f.kind.F64.EnergyGrad(d, x, s, 0.5) }), filled(n, func(d []float32) { f.kind.F32.EnergyGrad(d, x32, s32, 0.5) }))
			close("Energy", 4*rounding, []float64{f.kind.F64.Energy(x, s) + 100}, []float32{f.kind.F32.Energy(x32, s32) + 100})
			want := filled(n, func(d []float64) { f.kind.F64.MeanGrad(d, in, s, g) })
			got := filled(n, func(d []float32) { f.kind.F32.MeanGrad(d, in32, s32, g32) })
			for j := range want {
				require.InDelta(t, want[j], float64(got[j]), 8*rounding*max(1, math.Abs(want[j])), "%s: MeanGrad at %v", f.kind.Name, in)
			}
		}
	}
}

func TestMeanInPlace(t *testing.T) {
	for _, f := range families {
		for _, in := range rows(20, f.len(), 5) {
			want := filled(len(in), func(d []float64) { f.kind.F64.Mean(d, in, f.logVariance) })
			f.kind.F64.Mean(in, in, f.logVariance)
			require.Equal(t, want, in, f.kind.Name)
		}
	}
}

func TestInvalid(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	joined := Joined([]Kind{Bernoulli, OneHot(2), Gaussian, Spin}, []int{1, 2, 1, 1})
	for _, c := range []struct {
		kind Kind
		row  []float64
		want int
	}{
		{Bernoulli, []float64{0, 1, 0.25}, -1},
		{Bernoulli, []float64{0, 1.5, -1}, 1},
		{Bernoulli, []float64{0, 1, -0.125}, 2},
		{Bernoulli, []float64{nan}, 0},
		{Bernoulli, []float64{0, inf}, 1},
		{Bernoulli, []float64{-inf, 0}, 0},
		{Spin, []float64{-1, 1, 0, 0.5}, -1},
		{Spin, []float64{-1, -1.5}, 1},
		{Spin, []float64{1.5, 1}, 0},
		{Spin, []float64{1, nan}, 1},
		{Spin, []float64{inf, 1}, 0},
		{Spin, []float64{1, -inf}, 1},
		{OneHot(3), []float64{1, 0, 0, 0.25, 0.25, 0.5}, -1},
		{OneHot(3), []float64{1, 0, 0, 1, 0, 1}, 3},
		{OneHot(3), []float64{0, 0, 0, 0, 0, 1}, 0},
		{OneHot(3), []float64{0, 0, 1, 2, -1, 0}, 3},
		{OneHot(3), []float64{0, nan, 1}, 1},
		{OneHot(3), []float64{0, 0, inf}, 2},
		{OneHot(3), []float64{0, 0.5, 0.4990234375}, 0},
		{OneHot(2), []float64{0.5, 0.25, nan, 1}, 0}, // the first of two that are wrong
		{Gaussian, []float64{-1e300, 3, 0}, -1},
		{Gaussian, []float64{0, nan}, 1},
		{Gaussian, []float64{inf, 0}, 0},
		{Gaussian, []float64{0, 0, -inf}, 2},
		{ReLU, []float64{0, 0.5, 1e30}, -1},
		{ReLU, []float64{0, -1e-30, nan}, 1},
		{ReLU, []float64{0, inf, -1}, 1},
		{ReLU, []float64{nan, 0}, 0},
		{Poisson, []float64{0, 2.5, 1e30}, -1},
		{Poisson, []float64{0, -1}, 1},
		{Poisson, []float64{3, 0, inf}, 2},
		{Poisson, []float64{nan, -1}, 0},
		{Binomial(4), []float64{0, 4, 2.5}, -1},
		{Binomial(4), []float64{0, 4.5, -1}, 1},
		{Binomial(4), []float64{-0.25, 5}, 0},
		{Binomial(4), []float64{0, nan}, 1},
		{Joined([]Kind{ReLU, Binomial(2), Poisson}, []int{1, 1, 1}), []float64{7, 2, 7}, -1},
		{Joined([]Kind{ReLU, Binomial(2), Poisson}, []int{1, 1, 1}), []float64{7, 7, 7}, 1},
		{joined, []float64{1, 0, 1, -7, -1}, -1},
		{joined, []float64{-1, 0, 1, -7, -1}, 0},
		{joined, []float64{1, 1, 1, -7, -1}, 1},
		{joined, []float64{1, 1, 0, nan, -1}, 3},
		{joined, []float64{1, 1, 0, 7, -7}, 4},
		{joined, []float64{1, 1, 0, inf, -7}, 3},
	} {
		require.Equal(t, c.want, c.kind.F64.Invalid(c.row), "%s %v", c.kind.Name, c.row)
		if math.Abs(c.row[0]) < 1e300 {
			require.Equal(t, c.want, c.kind.F32.Invalid(to32(c.row)), "%s %v in float32", c.kind.Name, c.row)
		}
	}
}

// Means are always taken as states, in both precisions, rounded as they come.
func TestMeansAreValid(t *testing.T) {
	for _, f := range families {
		n := f.len()
		for _, in := range append(rows(100, n, 300), rows(100, n, 3)...) {
			for j := range in {
				in[j] = min(in[j], 88) // from where the mean of a Poisson unit overflows
			}
			mean := filled(n, func(d []float32) { f.kind.F32.Mean(d, to32(in), to32(f.logVariance)) })
			require.Equal(t, -1, f.kind.F32.Invalid(mean), "%s: %v", f.kind.Name, mean)
			require.Equal(t, -1, f.kind.F64.Invalid(filled(n, func(d []float64) { f.kind.F64.Mean(d, in, f.logVariance) })), f.kind.Name)
		}
	}
}

// Γ'(Inverse(m)) = m within the range, and edge from its ends beyond it.
func TestInverse(t *testing.T) {
	for _, f := range families {
		n := f.len()
		for _, in := range rows(100, n, 3) {
			mean := filled(n, func(d []float64) { f.kind.F64.Mean(d, in, f.logVariance) })
			inverse := filled(n, func(d []float64) { f.kind.F64.Inverse(d, mean, f.logVariance) })
			back := filled(n, func(d []float64) { f.kind.F64.Mean(d, inverse, f.logVariance) })
			for j := range mean {
				require.InDelta(t, mean[j], back[j], 1e-12*max(1, mean[j]), f.kind.Name)
			}
		}
	}
	for _, c := range []struct {
		kind       Kind
		mean, want []float64
	}{
		{Bernoulli, []float64{0, 1, 1e-4, 0.9999}, []float64{1e-3, 1 - 1e-3, 1e-3, 1 - 1e-3}},
		{Spin, []float64{-1, 1, -0.9999, 0.9999}, []float64{-1 + 2e-3, 1 - 2e-3, -1 + 2e-3, 1 - 2e-3}},
		{OneHot(2), []float64{0, 1, 1, 1e-4}, []float64{1 / 1001., 1000 / 1001., 1000 / 1001., 1 / 1001.}},
		{ReLU, []float64{0, 1e-4, 0.002, 1e9}, []float64{1e-3, 1e-3, 0.002, 1e9}},
		{Poisson, []float64{0, 1e-4, 1e9}, []float64{1e-3, 1e-3, 1e9}},
		{Binomial(4), []float64{0, 4, 1, 3.9999}, []float64{4e-3, 4 - 4e-3, 1, 4 - 4e-3}},
		{Gaussian, []float64{-1e9, 0}, []float64{-1e9, 0}},
	} {
		inverse := filled(len(c.mean), func(d []float64) { c.kind.F64.Inverse(d, c.mean, nil) })
		for j, got := range filled(len(c.mean), func(d []float64) { c.kind.F64.Mean(d, inverse, nil) }) {
			require.InDelta(t, c.want[j], got, 1e-12*max(1, math.Abs(c.want[j])), c.kind.Name)
		}
	}
	in := filled(6, func(d []float64) { OneHot(3).F64.Inverse(d, []float64{0.5, 0.25, 0.25, 0.1, 0.2, 0.7}, nil) })
	require.InDelta(t, 0, OneHot(3).F64.CGF(in, nil), 1e-12)
}

// A sampler must not turn a NaN input into a state.
func TestSampleKeepsNaN(t *testing.T) {
	for _, k := range []Kind{Bernoulli, Spin, Gaussian, OneHot(3), ReLU, Poisson, Binomial(2), Binomial(1000)} {
		dst, in := make([]float64, 3), []float64{1, math.NaN(), 2}
		In[float64](k).Sample(dst, in, nil, 1, rng.New(1, "nan").Row(0, 0))
		require.True(t, math.IsNaN(dst[1]), k.Name)
	}
}
