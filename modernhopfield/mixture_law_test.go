package modernhopfield

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// mixtureAlpha is the false-alarm probability of each statistical check.
const mixtureAlpha = 1e-6

// Patterns of different lengths, so that weights exp(β|x|²/2) differ from equal ones: at β = 2 they are 0.30, 0.10, 0.55, 0.05.
var (
	lawPatterns = []float64{1.2, -0.5, 0.3, 0.4, 0.7, -0.1, -0.9, 0.6, 1.1, 0.1, -0.2, 0.1}
	lawBeta     = 2.0
)

const lawDraws = 20000

func lawMixture(t testing.TB, dtype tensor.Dtype) *Mixture {
	m, err := NewMixture(graphtest.Tensor(dtype, lawPatterns, 4, 3), lawBeta)
	require.NoError(t, err)
	return m
}

// lawWeights are the weights in the loops of their definition.
func lawWeights() []float64 {
	var w []float64
	total := 0.0
	for i := range 4 {
		square := 0.0
		for _, x := range lawPatterns[3*i : 3*i+3] {
			square += x * x
		}
		w = append(w, math.Exp(lawBeta*square/2))
		total += w[i]
	}
	for i := range w {
		w[i] /= total
	}
	return w
}

// columnOf is column j of (rows, 3) states.
func columnOf(states *tensor.Dense, j int) []float64 {
	var x []float64
	for i, v := range numbersOf(states) {
		if i%3 == j {
			x = append(x, v)
		}
	}
	return x
}

func counts(components []int) []int {
	c := make([]int, 4)
	for _, i := range components {
		c[i]++
	}
	return c
}

// lawHolds returns the first way in which draws differ from the mixture: the pattern they were drawn around, the distribution of
// each coordinate, first and second moments.
func lawHolds(states *tensor.Dense, components []int) error {
	w, variance := lawWeights(), 1/lawBeta
	if components != nil {
		if err := stattest.Distribution(counts(components), w, mixtureAlpha); err != nil {
			return fmt.Errorf("patterns: %w", err)
		}
	}
	for j := range 3 {
		cdf := func(x float64) float64 {
			sum := 0.0
			for i, p := range w {
				sum += p * math.Erfc((lawPatterns[3*i+j]-x)*math.Sqrt(lawBeta/2)) / 2
			}
			return min(1, sum)
		}
		if err := stattest.KolmogorovSmirnov(slices.Clone(columnOf(states, j)), cdf, mixtureAlpha); err != nil {
			return fmt.Errorf("coordinate %d: %w", j, err)
		}
	}
	for a := range 3 {
		for b := a; b < 3; b++ {
			var first, second, third float64 // E[x_a], E[x_a x_b], E[(x_a x_b)²]
			for i, p := range w {
				m, n := lawPatterns[3*i+a], lawPatterns[3*i+b]
				first += p * m
				if a == b {
					second += p * (m*m + variance)
					third += p * (m*m*m*m + 6*m*m*variance + 3*variance*variance)
				} else {
					second += p * m * n
					third += p * (m*m + variance) * (n*n + variance)
				}
			}
			x, y := columnOf(states, a), columnOf(states, b)
			if a == b {
				square := 0.0
				for i, p := range w {
					square += p * (lawPatterns[3*i+a]*lawPatterns[3*i+a] + variance)
				}
				if err := stattest.Mean(x, first, math.Sqrt(square-first*first), mixtureAlpha); err != nil {
					return fmt.Errorf("mean of coordinate %d: %w", a, err)
				}
			}
			for i := range x {
				x[i] *= y[i]
			}
			if err := stattest.Mean(x, second, math.Sqrt(third-second*second), mixtureAlpha); err != nil {
				return fmt.Errorf("second moment of coordinates %d and %d: %w", a, b, err)
			}
		}
	}
	return nil
}

func TestMixtureSampleHasTheLaw(t *testing.T) {
	for _, seed := range stattest.Seeds {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			m := lawMixture(t, dtype)
			states, components, err := m.Sample(lawDraws, seed)
			require.NoError(t, err)
			require.NoError(t, lawHolds(states, components))

			// Twins: patterns of equal weight, which leave exp(β|x|²/2) out, and noise of variance β⁻² instead of β⁻¹.
			equal := *m
			equal.upTo = []float64{.25, .5, .75, 1}
			states, components, err = equal.Sample(lawDraws, seed)
			require.NoError(t, err)
			require.ErrorContains(t, lawHolds(states, components), "patterns: ")
			require.ErrorContains(t, lawHolds(states, nil), "coordinate ")
			narrow := *m
			narrow.beta = lawBeta * lawBeta
			states, components, err = narrow.Sample(lawDraws, seed)
			require.NoError(t, err)
			require.ErrorContains(t, lawHolds(states, components), "coordinate ")
		}
	}
}

// The moments by which the samples are judged are those of the oracle's enumeration of the harmonium.
func TestMixtureMomentsAreTheOracles(t *testing.T) {
	r, err := lawMixture(t, tensor.Float64).RBM("memory")
	require.NoError(t, err)
	moments, err := oracleOf(r, lawBeta).Moments()
	require.NoError(t, err)
	require.InDeltaSlice(t, lawWeights(), moments.H, 1e-12)
	for j := range 3 {
		mean, square := 0.0, 0.0
		for i, p := range lawWeights() {
			mean += p * lawPatterns[3*i+j]
			square += p * (lawPatterns[3*i+j]*lawPatterns[3*i+j] + 1/lawBeta)
		}
		require.InDelta(t, mean, moments.V[j], 1e-12)
		require.InDelta(t, square, moments.VV[j], 1e-12)
	}
}

// Block Gibbs steps of the harmonium leave exact draws exact; those of a harmonium whose patterns weigh the same do not.
func TestMixtureIsStationaryUnderGibbsSampling(t *testing.T) {
	after := func(t *testing.T, r *layers.RBM, start *tensor.Dense, steps int, seed uint64) (*tensor.Dense, []int) {
		s, err := sampling.NewState(r, start)
		require.NoError(t, err)
		_, err = sampling.Run(context.Background(), &sampling.Gibbs{Model: r, Seed: seed}, s, sampling.Schedule{BurnIn: steps})
		require.NoError(t, err)
		var components []int
		for i, x := range numbersOf(s.Hidden) {
			if x == 1 {
				components = append(components, i%4)
			}
		}
		return s.Visible, components
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		m := lawMixture(t, dtype)
		r, err := m.RBM("memory")
		require.NoError(t, err)
		broken, err := m.RBM("equal")
		require.NoError(t, err)
		c := broken.Param("c").Float64s()
		for i, l := range m.LogWeights() {
			c[i] -= l
		}
		require.NoError(t, broken.Param("c").Set(c))
		for _, seed := range stattest.Seeds {
			start, _, err := m.Sample(lawDraws, seed)
			require.NoError(t, err)
			states, components := after(t, r, start, 1, seed)
			require.NoError(t, lawHolds(states, components))
			states, components = after(t, broken, start, 1, seed)
			require.ErrorContains(t, lawHolds(states, components), "patterns: ")
		}
	}
}
