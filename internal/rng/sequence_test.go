package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSequence(t *testing.T) {
	const rows, units, length, alpha = 50, 20, 40, 1e-6
	bound := math.Sqrt(math.Log(2/alpha) / (2 * rows * units * length))
	for _, seed := range []uint64{1, 1754801282, 1698661970, 1550503961} {
		s, seen := New(seed, "sequence"), map[float64]bool{}
		var all []float64
		for i := range rows {
			for j := range units {
				draws, again := s.Row(i, 5).Unit(j), s.Row(i, 5).Unit(j)
				for range length {
					u := draws.Uniform()
					require.Equal(t, u, again.Uniform(), "a sequence is a function of its address")
					require.True(t, u > 0 && u < 1)
					require.False(t, seen[u], "no draw comes twice")
					seen[u] = true
					all = append(all, u)
				}
			}
		}
		for lag, name := range map[int]string{1: "draws", length: "units", length * units: "rows"} {
			sum := 0.0 // the sample correlation of n pairs has deviation 1/√n
			for i := lag; i < len(all); i++ {
				sum += (all[i] - 0.5) * (all[i-lag] - 0.5) * 12
			}
			n := float64(len(all) - lag)
			require.Less(t, math.Abs(sum/n), 5/math.Sqrt(n), name)
		}
		require.Less(t, ks(all, func(x float64) float64 { return x }), bound)
	}
	row := New(1, "sequence").Row(0, 0)
	require.Zero(t, testing.AllocsPerRun(10, func() { s := row.Unit(3); s.Uniform(); s.Uniform() }))
}
