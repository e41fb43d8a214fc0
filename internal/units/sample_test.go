package units

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/kernel"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

const (
	draws = 10000
	alpha = 1e-6
)

type sampler[T kernel.Float] func(dst, in, logVariance []T, temperature T, draws rng.Row)

// checkSampler holds draws of one row against p(x) ∝ exp((I·x − U(x))/T): the joint distribution of the discrete groups, and
// for every real unit its law, alone and where the row's first number takes its largest value, which must not matter.
func checkSampler[T kernel.Float](groups []group, in, logVariance []float64, temperature float64, seed uint64, sample sampler[T]) error {
	p := []float64{1}
	for lo, k := 0, 0; k < len(groups); k++ {
		if g := groups[k]; g != nil {
			weights, total := make([]float64, len(g)), 0.0
			for i, state := range g {
				weights[i] = math.Exp(dot(state, in[lo:lo+size(g)]) / temperature)
				total += weights[i]
			}
			var joint []float64
			for _, before := range p {
				for _, w := range weights {
					joint = append(joint, before*w/total)
				}
			}
			p = joint
		}
		lo += size(groups[k])
	}
	counts := make([]int, len(p))
	reals, given := map[int][]float64{}, map[int][]float64{}
	inT, sT := convert[T](in), convert[T](logVariance)
	stream, row := rng.New(seed, "units"), make([]T, len(in))
	for i := range draws {
		sample(row, inT, sT, T(temperature), stream.Row(i, 7))
		cell, lo := 0, 0
		for _, g := range groups {
			if g == nil {
				reals[lo] = append(reals[lo], float64(row[lo]))
				if row[0] > 0 {
					given[lo] = append(given[lo], float64(row[lo]))
				}
			} else {
				cell = cell*len(g) + stateOf(g, row[lo:lo+size(g)])
			}
			lo += size(g)
		}
		counts[cell]++
	}
	if len(p) > 1 {
		if err := stattest.Distribution(counts, p, alpha); err != nil {
			return err
		}
	}
	for j := range reals {
		v := 1.0
		if logVariance != nil {
			v = math.Exp(logVariance[j])
		}
		cdf := func(x float64) float64 { return math.Erfc((v*in[j]-x)/math.Sqrt(2*v*temperature)) / 2 }
		if err := stattest.KolmogorovSmirnov(reals[j], cdf, alpha); err != nil {
			return err
		}
		if j > 0 {
			if err := stattest.KolmogorovSmirnov(given[j], cdf, alpha); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateOf returns the index of a state of a group; it panics where a sampler draws what is no state.
func stateOf[T kernel.Float](g group, x []T) int {
	for i, state := range g {
		same := true
		for j := range x {
			same = same && float64(x[j]) == state[j]
		}
		if same {
			return i
		}
	}
	panic("a draw that is no state")
}

func convert[T kernel.Float](x []float64) []T {
	if x == nil {
		return nil
	}
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}

func TestSample(t *testing.T) {
	for _, f := range families {
		in := rows(1, f.len(), 1.5)[0]
		for _, temperature := range []float64{1, 0.5, 2} {
			for _, seed := range stattest.Seeds {
				require.NoError(t, checkRow(f, in, temperature, seed, f.kind.F64.Sample), "%s at %g", f.kind.Name, temperature)
				require.NoError(t, checkRow(f, in, temperature, seed, f.kind.F32.Sample), "%s at %g in float32", f.kind.Name, temperature)
			}
		}
	}
}

// checkRow holds draws of a row of a family against what they should be.
func checkRow[T kernel.Float](f rowOf, in []float64, temperature float64, seed uint64, sample sampler[T]) error {
	if f.laws != nil {
		return checkLaws(f.laws, in, temperature, seed, sample)
	}
	return checkSampler(f.groups, in, f.logVariance, temperature, seed, sample)
}

// Each of these faults must be found in every family.
func TestSampleTwinsFail(t *testing.T) {
	twins := map[string]func(f Family[float64]) sampler[float64]{
		"I·T instead of I/T": func(f Family[float64]) sampler[float64] {
			return func(dst, in, s []float64, temperature float64, draws rng.Row) {
				hot := make([]float64, len(in))
				for j := range in {
					hot[j] = in[j] * temperature * temperature
				}
				f.Sample(dst, hot, s, temperature, draws)
			}
		},
		"no temperature": func(f Family[float64]) sampler[float64] {
			return func(dst, in, s []float64, _ float64, draws rng.Row) { f.Sample(dst, in, s, 1, draws) }
		},
	}
	for name, twin := range twins {
		for _, f := range families {
			in := rows(1, f.len(), 1.5)[0]
			for _, temperature := range []float64{0.5, 2} {
				for _, seed := range stattest.Seeds {
					require.Error(t, checkRow(f, in, temperature, seed, twin(f.kind.F64)), "%s: %s at %g", name, f.kind.Name, temperature)
				}
			}
		}
	}
}

// A joined row whose parts share their random numbers has the right marginals: only the joint distribution tells.
func TestSampleSharedDrawsFail(t *testing.T) {
	groups, in, s := []group{bit, sign, nil}, []float64{0.3, -0.2, 0.4}, []float64{0, 0, 0.7}
	shared := func(dst, in, s []float64, temperature float64, draws rng.Row) {
		Bernoulli.F64.Sample(dst[:1], in[:1], nil, temperature, draws)
		Spin.F64.Sample(dst[1:2], in[1:2], nil, temperature, draws)
		Gaussian.F64.Sample(dst[2:], in[2:], s[2:], temperature, draws)
	}
	joined := Joined([]Kind{Bernoulli, Spin, Gaussian}, []int{1, 1, 1})
	for _, seed := range stattest.Seeds {
		require.NoError(t, checkSampler(groups, in, s, 1, seed, joined.F64.Sample))
		require.Error(t, checkSampler(groups, in, s, 1, seed, shared))
	}
}

// At the smallest temperatures an input of 0 still leaves the choice open, and any other decides.
func TestSampleNearZeroTemperature(t *testing.T) {
	const cold = 1e-45
	stream, seen := rng.New(1, "cold"), map[float32]bool{}
	for i := range 100 {
		row := filled(3, func(d []float32) { Bernoulli.F32.Sample(d, []float32{-1, 0, 1}, nil, cold, stream.Row(i, 0)) })
		require.Equal(t, []float32{0, row[1], 1}, row)
		seen[row[1]] = true
		row = filled(3, func(d []float32) { Spin.F32.Sample(d, []float32{-1, 0, 1}, nil, cold, stream.Row(i, 1)) })
		require.Equal(t, []float32{-1, row[1], 1}, row)
		seen[row[1]] = true
		row = filled(2, func(d []float32) { Binomial(5).F32.Sample(d, []float32{-1, 1}, nil, cold, stream.Row(i, 2)) })
		require.Equal(t, []float32{0, 5}, row)
		row = filled(2, func(d []float32) { Poisson.F32.Sample(d, []float32{-1, 0}, nil, cold, stream.Row(i, 2)) })
		require.Zero(t, row[0])
		require.Less(t, row[1], float32(15), "a Poisson unit of mean 1")
		row = filled(3, func(d []float32) { ReLU.F32.Sample(d, []float32{-1, 0, 1}, nil, cold, stream.Row(i, 2)) })
		require.InDeltaSlice(t, []float32{0, 0, 1}, row, 1e-21)
	}
	require.Equal(t, map[float32]bool{-1: true, 0: true, 1: true}, seen)
}

// Certain units are certain: no draw may fall on a state whose probability rounds to 0.
func TestSampleAtTheEnds(t *testing.T) {
	stream := rng.New(1, "ends")
	for i := range 2000 {
		row := filled(2, func(d []float32) { Bernoulli.F32.Sample(d, []float32{-800, 800}, nil, 1, stream.Row(i, 0)) })
		require.Equal(t, []float32{0, 1}, row)
		row = filled(2, func(d []float32) { Spin.F32.Sample(d, []float32{-800, 800}, nil, 1, stream.Row(i, 0)) })
		require.Equal(t, []float32{-1, 1}, row)
		row = filled(6, func(d []float32) {
			OneHot(3).F32.Sample(d, []float32{-800, 800, -800, 0, 0, 3000}, nil, 1, stream.Row(i, 0))
		})
		require.Equal(t, []float32{0, 1, 0, 0, 0, 1}, row)
	}
}
