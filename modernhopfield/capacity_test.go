package modernhopfield

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// The first two rows are the examples of the paper, the others were computed apart from the library.
func TestCapacityBound(t *testing.T) {
	for _, c := range []struct {
		of         RandomPatterns
		a, b, c, n float64
	}{
		{RandomPatterns{Dim: 20, Radius: 3, Beta: 1, Failure: 0.001}, -0.00768, 3.6, 3.1546, 7.4},
		{RandomPatterns{Dim: 75, Radius: 1, Beta: 1, Failure: 0.001}, -0.02461, 0.4, 1.3719, 10.97},
		{RandomPatterns{Dim: 64, Radius: 3, Beta: 1, Failure: 0.001}, 0, 3.6, 3.0916, 1.66e6},
		{RandomPatterns{Dim: 32, Radius: 2, Beta: 1, Failure: 0.01}, 0, 1.6, 1.9820, 20},
		{RandomPatterns{Dim: 128, Radius: 1.5, Beta: 1, Failure: 0.01}, 0, 0.9, 1.6516, 8.3e5},
	} {
		got, err := Capacity(c.of)
		require.NoError(t, err)
		if c.a != 0 {
			require.InDelta(t, c.a, got.A, 5e-6)
		}
		require.InDelta(t, c.b, got.B, 1e-12)
		require.InDelta(t, c.c, got.C, 5e-5)
		require.InEpsilon(t, c.n, got.Patterns, 0.01)
		require.True(t, got.Proved, "%+v", c.of)
	}
	small, err := Capacity(RandomPatterns{Dim: 3, Radius: 1, Beta: 1, Failure: 0.01})
	require.NoError(t, err)
	require.False(t, small.Proved)
}

func TestLambert(t *testing.T) {
	require.InDelta(t, 0.5671432904097838, lambertOfExp(0), 1e-15, "the omega constant")
	require.InDelta(t, 1, lambertOfExp(1), 1e-15)
	for _, y := range []float64{-700, -30, -3, -0.5, 0.3, 0.999, 1.001, 2, 10, 709, 1e6, 1e300} {
		w := lambertOfExp(y)
		require.InEpsilon(t, y, w+math.Log(w), 1e-13, "y = %g", y)
	}
}

// T9: so many random patterns are all storable, but for the probability p. The twin has three times the exponent, √p c^(3(d−1)/4).
func TestRandomPatternsAreStored(t *testing.T) {
	const trials = 40
	c := &claim{t: t, name: "T9: √p c^((d−1)/4) random patterns are stored with probability 1 − p, twin 3(d−1)/4"}
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 9))
		for range 15 {
			of := RandomPatterns{Dim: integer(r, 9, 13), Radius: uniform(r, 2.2, 3.2), Beta: uniform(r, 1, 2), Failure: decades(r, 0.05, 0.5)}
			bound, err := Capacity(of)
			require.NoError(t, err)
			surely := func(n int) bool { // whether failures are surely more probable than they may be
				failures := 0
				for range trials {
					net := network{beta: of.Beta}
					for range n {
						net.x = append(net.x, along(make([]float64, of.Dim), of.largest(), direction(r, of.Dim)))
					}
					stored, err := Storable(net.tensor(), net.beta)
					require.NoError(t, err)
					for _, ok := range stored {
						if !ok {
							failures++
							break
						}
					}
				}
				low, _ := clopperPearson(failures, trials, 1-1e-6)
				return low > of.Failure
			}
			c.draws++
			if !bound.Proved {
				continue
			}
			c.premise++
			if bound.Patterns >= 2 {
				c.informative++
			}
			if surely(max(1, int(bound.Patterns))) {
				t.Errorf("%+v: %g patterns are not stored", of, bound.Patterns)
			}
			if twin := math.Sqrt(of.Failure) * math.Pow(bound.C, 3*float64(of.Dim-1)/4); twin < 500 && surely(int(twin)) {
				c.beaten++
			}
		}
	}
	c.done()
}

// T9, for patterns on a sphere that are placed instead of drawn: if the smallest angle a between two of them has
// M²(1 − cos a) ≥ 2/(βN) + ln(2N²βM²)/β, all are storable.
func TestPlacedPatternsAreStored(t *testing.T) {
	names := []string{"T9: M²(1 − cos a) ≥ 2/(βN) + ln(2N²βM²)/β stores all, twin 0.8 of it"}
	eachSeed(t, names, 300, func(r *rand.Rand, claims []*claim) {
		n, d := integer(r, 2, 6), integer(r, 4, 16)
		net := network{beta: decades(r, 3, 40)}
		for range n {
			net.x = append(net.x, direction(r, d))
		}
		cosine := -1.0
		for i := range net.x {
			for j := range i {
				cosine = max(cosine, dot(net.x[i], net.x[j]))
			}
		}
		need := 2/(net.beta*float64(n)) + math.Log(2*float64(n*n)*net.beta)/net.beta
		all := true
		stored, err := Storable(net.tensor(), net.beta)
		require.NoError(t, err)
		for _, ok := range stored {
			all = all && ok
		}
		claims[0].twoPremises(1-cosine >= need, 1-cosine >= 0.8*need, all)
	})
}

// What is measured is far above the bound, grows with β, and comes with an interval that holds another measurement's number.
func TestMeasuredCapacity(t *testing.T) {
	of := RandomPatterns{Dim: 6, Radius: 1, Beta: 2, Failure: 0.2}
	measure := func(of RandomPatterns, c CapacityTrials) *MeasuredCapacity {
		m, err := MeasureCapacity(t.Context(), of, c)
		require.NoError(t, err)
		return m
	}
	first, again := measure(of, CapacityTrials{Seed: 1}), measure(of, CapacityTrials{Seed: 1})
	require.Equal(t, first, again)
	for seed := uint64(2); seed < 5; seed++ {
		other := measure(of, CapacityTrials{Seed: seed, Confidence: 0.999})
		require.LessOrEqual(t, other.Low, first.Patterns, "seed %d", seed)
		require.GreaterOrEqual(t, other.High, first.Patterns, "seed %d", seed)
	}
	require.Equal(t, fmt.Sprintf("%d patterns (%d to %d)", first.Patterns, first.Low, first.High), first.String())
	bound, err := Capacity(of)
	require.NoError(t, err)
	require.Greater(t, float64(first.Patterns), bound.Patterns)

	colder := of
	colder.Beta = 8
	require.Greater(t, measure(colder, CapacityTrials{Seed: 1}).Low, first.High)
	require.Less(t, measure(of, CapacityTrials{Seed: 1, Noise: 0.8}).Patterns, first.Patterns)
	require.Less(t, measure(of, CapacityTrials{Seed: 1, Error: 0.001}).Patterns, first.Patterns)
	// Sparsemax retrieves exactly where βΔ ≥ 1.
	require.Greater(t, measure(of, CapacityTrials{Seed: 1, Separation: energy.Sparsemax(), Error: 1e-6}).Patterns, 1)

	limited := measure(colder, CapacityTrials{Seed: 1, Limit: 4})
	require.Equal(t, 4, limited.Patterns)
	require.Zero(t, limited.High)
	require.Equal(t, "4 patterns (4 or more)", limited.String())

	for _, p := range first.Points {
		low, high := clopperPearson(p.Failures, p.Trials, 0.95)
		require.Equal(t, []float64{low, high}, []float64{p.Low, p.High})
		require.LessOrEqual(t, low, p.Rate())
		require.GreaterOrEqual(t, high, p.Rate())
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m, err := MeasureCapacity(ctx, of, CapacityTrials{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, &MeasuredCapacity{Patterns: 1, Low: 1}, m)
}

// A failure of one trial in so many: the interval against tables (Clopper and Pearson 1934), and against its own definition.
func TestClopperPearson(t *testing.T) {
	low, high := clopperPearson(0, 10, 0.95)
	require.Zero(t, low)
	require.InDelta(t, 0.3085, high, 5e-5)
	low, high = clopperPearson(3, 10, 0.95)
	require.InDelta(t, 0.0667, low, 5e-5)
	require.InDelta(t, 0.6525, high, 5e-5)
	low, high = clopperPearson(10, 10, 0.95)
	require.InDelta(t, 0.6915, low, 5e-5)
	require.Equal(t, 1.0, high)
}

func TestCapacityRefuses(t *testing.T) {
	good := RandomPatterns{Dim: 6, Radius: 1, Beta: 2, Failure: 0.2}
	for name, spoil := range map[string]func(r *RandomPatterns){
		"Dim": func(r *RandomPatterns) { r.Dim = 1 }, "Radius": func(r *RandomPatterns) { r.Radius = 0 },
		"Failure": func(r *RandomPatterns) { r.Failure = 1 }, "β": func(r *RandomPatterns) { r.Beta = math.NaN() },
	} {
		bad := good
		spoil(&bad)
		_, err := Capacity(bad)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, name)
		_, err = MeasureCapacity(t.Context(), bad, CapacityTrials{})
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, name)
	}
	for name, c := range map[string]CapacityTrials{
		"Trials": {Trials: -1}, "Steps": {Steps: -1}, "Noise": {Noise: math.NaN()}, "Error": {Error: -1}, "Limit": {Limit: 1},
		"Confidence": {Confidence: 1}, "LearnedEntmax": {Separation: energy.LearnedEntmax(1.5)}, "Entmax": {Separation: energy.Entmax(1)},
	} {
		_, err := MeasureCapacity(t.Context(), good, c)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, name)
	}
}
