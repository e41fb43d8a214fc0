package rng

import (
	"hash/fnv"
	"math"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/kernel"
)

func TestDrawsDependOnlyOnTheirAddress(t *testing.T) {
	s := New(7, "test")
	long, short := make([]float64, 33), make([]float64, 5)
	Uniform(s.Row(3, 9), long)
	Uniform(s.Row(3, 9), short)
	require.Equal(t, long[:5], short)
	Normal(s.Row(3, 9), long)
	Normal(s.Row(3, 9), short)
	require.Equal(t, long[:5], short)
}

// The purpose is hashed as hash/fnv does it: saved seeds keep their draws.
func TestStreamOfAPurpose(t *testing.T) {
	h := fnv.New64a()
	h.Write([]byte("gibbs visible"))
	p := h.Sum64()
	k0, k1, _, _ := kernel.Philox(kernel.Address{5, 6, uint32(p >> 32)}, uint32(p))
	require.Equal(t, Stream{k0, k1}, New(6<<32|5, "gibbs visible"))
	require.Zero(t, testing.AllocsPerRun(10, func() { New(1, "gibbs visible") }))
}

func TestAddressesDiffer(t *testing.T) {
	seen := map[float64]string{}
	add := func(name string, r Row) {
		x := make([]float64, 1)
		Uniform(r, x)
		require.NotContains(t, seen, x[0], "%s repeats %s", name, seen[x[0]])
		seen[x[0]] = name
	}
	add("base", New(1, "a").Row(0, 0))
	add("seed", New(2, "a").Row(0, 0))
	add("purpose", New(1, "b").Row(0, 0))
	add("row", New(1, "a").Row(1, 0))
	add("step", New(1, "a").Row(0, 1))
	add("late step", New(1, "a").Row(0, 1<<40))
	add("part", New(1, "a").Row(0, 0).Part(1))
}

// ks is the Kolmogorov–Smirnov statistic; its bound at false-alarm rate alpha is √(ln(2/alpha)/(2n)) (Massart 1990).
func ks(x []float64, cdf func(float64) float64) float64 {
	sort.Float64s(x)
	worst, n := 0.0, float64(len(x))
	for i, v := range x {
		f := cdf(v)
		worst = max(worst, math.Abs(f-float64(i)/n), math.Abs(float64(i+1)/n-f))
	}
	return worst
}

func TestDistributions(t *testing.T) {
	const rows, cols, alpha = 400, 250, 1e-6
	bound := math.Sqrt(math.Log(2/alpha) / (2 * rows * cols))
	uniform := func(x float64) float64 { return x }
	normal := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for _, seed := range []uint64{1, 1754801282, 1698661970, 1550503961} {
		s := New(seed, "distribution")
		draw := func(fill func(Row, []float64)) []float64 {
			x := make([]float64, rows*cols)
			for i := range rows {
				fill(s.Row(i, 5), x[i*cols:(i+1)*cols])
			}
			return x
		}
		single := func(fill func(Row, []float32)) func(Row, []float64) {
			return func(r Row, dst []float64) {
				x := make([]float32, len(dst))
				fill(r, x)
				for i, v := range x {
					dst[i] = float64(v)
				}
			}
		}
		require.Less(t, ks(draw(Uniform[float64]), uniform), bound)
		require.Less(t, ks(draw(single(Uniform[float32])), uniform), bound)
		require.Less(t, ks(draw(Normal[float64]), normal), bound)
		require.Less(t, ks(draw(single(Normal[float32])), normal), bound)
		broken := func(r Row, dst []float64) { // the broken twin: mean 0.03 instead of 0
			Normal(r, dst)
			for i := range dst {
				dst[i] += 0.03
			}
		}
		require.Greater(t, ks(draw(broken), normal), bound)
	}
}

// Neighbouring draws are uncorrelated along units, rows and steps: a sample correlation of n pairs has deviation 1/√n.
func TestNeighboursAreUncorrelated(t *testing.T) {
	const n = 100_000
	for _, seed := range []uint64{1, 1754801282} {
		s := New(seed, "neighbours")
		for name, at := range map[string]func(i int) (int, uint64, int){
			"unit": func(i int) (int, uint64, int) { return 0, 0, i },
			"row":  func(i int) (int, uint64, int) { return i, 0, 0 },
			"step": func(i int) (int, uint64, int) { return 0, uint64(i), 0 },
		} {
			var sum, prev float64
			units := make([]float64, n+1)
			Uniform(s.Row(0, 0), units)
			one := make([]float64, 1)
			for i := range n + 1 {
				row, step, unit := at(i)
				x := units[unit]
				if name != "unit" {
					Uniform(s.Row(row, step), one)
					x = one[0]
				}
				if i > 0 {
					sum += (x - 0.5) * (prev - 0.5) * 12
				}
				prev = x
			}
			require.Less(t, math.Abs(sum/n), 5/math.Sqrt(n), name)
		}
	}
}

func TestPerm(t *testing.T) {
	s := New(3, "shuffle")
	p := s.Perm(100, 2)
	require.Equal(t, p, s.Perm(100, 2))
	require.NotEqual(t, p, s.Perm(100, 3))
	seen := map[int]bool{}
	for _, i := range p {
		seen[i] = true
	}
	require.Len(t, seen, 100)
}
