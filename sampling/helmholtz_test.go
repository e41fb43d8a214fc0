package sampling

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// The estimates agree with the enumeration within their standard errors, at several temperatures, for machines of every form.
func TestHelmholtzEqualsTheEnumeration(t *testing.T) {
	seeds := stattest.Seeds[:3]
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for name, m := range completionMachines(t, dtype) {
			for _, temperature := range []float64{0.6, 1, 2.5} {
				want, err := m.Equilibrium(temperature)
				require.NoError(t, err)
				for _, seed := range seeds {
					got, err := Helmholtz{Model: m, Temperature: temperature, Chains: 400, Steps: 50, Seed: seed}.Estimate(context.Background())
					require.NoError(t, err)
					for _, q := range [][3]float64{
						{want.LogPartition, got.LogPartition, got.LogPartitionError},
						{want.InternalEnergy, got.InternalEnergy, got.InternalEnergyError},
						{want.Entropy, got.Entropy, got.EntropyError},
						{want.HelmholtzFreeEnergy, got.HelmholtzFreeEnergy, got.HelmholtzFreeEnergyError},
					} {
						require.InDelta(t, q[0], q[1], 4.5*q[2], "%s at %g: %+v, want %+v", name, temperature, got, want)
						require.Less(t, q[2], 0.15)
					}
					require.InDelta(t, got.HelmholtzFreeEnergy, got.InternalEnergy-temperature*got.Entropy, 1e-10, "F = U − TH")
					require.Greater(t, got.EffectiveChains, 200.0)
				}
			}
		}
	}
}

// Standard errors are what they say: over independent runs the squared deviations in units of the error have mean 1.
func TestHelmholtzErrorsAreHonest(t *testing.T) {
	if testing.Short() {
		t.Skip("many runs")
	}
	m := completionMachines(t, tensor.Float64)["coupled"]
	want, err := m.Equilibrium(1)
	require.NoError(t, err)
	const runs = 100
	var z [3]float64
	for seed := range uint64(runs) {
		got, err := Helmholtz{Model: m, Chains: 200, Steps: 10, Seed: seed}.Estimate(context.Background())
		require.NoError(t, err)
		for i, q := range [][3]float64{
			{want.LogPartition, got.LogPartition, got.LogPartitionError},
			{want.InternalEnergy, got.InternalEnergy, got.InternalEnergyError},
			{want.Entropy, got.Entropy, got.EntropyError},
		} {
			z[i] += (q[1] - q[0]) * (q[1] - q[0]) / (q[2] * q[2]) / runs
		}
	}
	for _, square := range z {
		require.InDelta(t, 1, square, 5*math.Sqrt(2./runs), "chi-squared of %d runs", runs)
	}
}

// Without couplings, and with one step, the answer is exact: the weights are all 1.
func TestHelmholtzWithoutCouplings(t *testing.T) {
	m, err := layers.NewBoltzmann("bm", layers.BoltzmannConfig{Visible: energy.Join(energy.Spin(2), energy.LearnedGaussian(1, 3)), Edges: [][2]int{{0, 1}}, Dtype: tensor.Float64})
	require.NoError(t, err)
	require.NoError(t, m.Param("W").Set([]float64{0}))
	require.NoError(t, m.Param("b").Set([]float64{0.3, -1, 0.5}))
	want, err := m.Equilibrium(1.7)
	require.NoError(t, err)
	got, err := Helmholtz{Model: m, Temperature: 1.7, Steps: 1}.Estimate(context.Background())
	require.NoError(t, err)
	require.InDelta(t, want.LogPartition, got.LogPartition, 1e-12)
	require.Zero(t, got.LogPartitionError)
	require.Equal(t, 100.0, got.EffectiveChains)
}

func TestHelmholtzRefuses(t *testing.T) {
	m := completionMachines(t, tensor.Float64)["edges"]
	before := m.Param("W").Float64s()
	ended, end := context.WithCancel(context.Background())
	end()
	_, err := Helmholtz{Model: m}.Estimate(ended)
	require.ErrorIs(t, err, context.Canceled)
	for message, h := range map[string]Helmholtz{
		"sampling: Helmholtz: no model given": {},
		"temperature is -1, want":             {Model: m, Temperature: -1},
		"temperature is NaN":                  {Model: m, Temperature: math.NaN()},
		"Chains is 1 and Steps":               {Model: m, Chains: 1},
		"and Steps -1, want":                  {Model: m, Steps: -1},
	} {
		_, err := h.Estimate(context.Background())
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, message)
	}
	require.Equal(t, before, m.Param("W").Float64s())
}
