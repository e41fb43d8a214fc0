package rng

import (
	"math"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

// The known-answer vectors of Random123 1.14 (kat_vectors, philox4x32 10).
func TestPhiloxRandom123(t *testing.T) {
	const ff = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ff, ff, ff, ff}, [2]uint32{ff, ff}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		a, b, x, y := philox(c.counter[0], c.counter[1], c.counter[2], c.counter[3], c.key[0], c.key[1])
		require.Equal(t, c.want, [4]uint32{a, b, x, y})
	}
}

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

func BenchmarkUniform(b *testing.B) {
	x := make([]float32, 1<<16)
	s := New(1, "bench")
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		Uniform(s.Row(0, 0), x)
	}
}
