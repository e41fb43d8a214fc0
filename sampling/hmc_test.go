package sampling_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

func TestHMCIsStationary(t *testing.T) {
	for i, c := range eachGradientSetting() {
		for _, m := range realModels {
			t.Run(fmt.Sprintf("%s, T %g, %v", m.name, c.temperature, c.dtype), func(t *testing.T) {
				kernel := func(heat float64) func(seed uint64) sampling.Kernel {
					return func(seed uint64) sampling.Kernel {
						return &sampling.HMC{
							Energy: m.graph, StepSize: 0.35, Leapfrogs: []int{4, 1, 0}[i], Jitter: []float64{0.3, 1, 0}[i], Seed: seed,
							Temperature: heat * orOne(c.temperature),
						}
					}
				}
				config := gradientConfig(c.dtype)
				target := m.target(t, orOne(c.temperature))
				require.NoError(t, samplertest.Stationary(target, kernel(1), config))
				require.Error(t, samplertest.Stationary(target, kernel(1.5), config), "another temperature")
			})
		}
	}
}

// Both wells are filled from one of them.
func TestHMCConverges(t *testing.T) {
	kernel := func(seed uint64) sampling.Kernel {
		return &sampling.HMC{Energy: doubleWell.graph, StepSize: 0.3, Leapfrogs: 8, Seed: seed}
	}
	c := samplertest.Config{Steps: []int{40}, Chains: 2000}
	require.NoError(t, samplertest.Converges(doubleWell.target(t, 1), kernel, []float64{1, 1}, c))
	c.Steps[0] = 1
	require.Error(t, samplertest.Converges(doubleWell.target(t, 1), kernel, []float64{1, 1}, c))
}

// The energy along a trajectory is kept to O(ε²): four times smaller steps of the same length lose less than a tenth.
func TestLeapfrogKeepsTheEnergy(t *testing.T) {
	refused := func(size float64, leapfrogs int) int {
		start := make([][]float64, 20000)
		for i := range start {
			start[i] = []float64{1, 0.5}
		}
		k := &sampling.HMC{Energy: doubleWell.graph, StepSize: size, Leapfrogs: leapfrogs, Seed: 1}
		info, err := k.Step(stateOf(tensor.Float64, start))
		require.NoError(t, err)
		return info.Proposed - info.Accepted
	}
	coarse, fine := refused(0.2, 6), refused(0.05, 24)
	require.Greater(t, coarse, 200)
	require.Less(t, 8*fine, coarse)
}

func TestHMCSettings(t *testing.T) {
	for _, r := range []struct {
		message string
		kernel  sampling.HMC
	}{
		{"no energy or no state given", sampling.HMC{StepSize: 1}},
		{"StepSize is 0, want a positive float32", sampling.HMC{Energy: normal.graph}},
		{"StepSize is 1e-60, want a positive float32", sampling.HMC{Energy: normal.graph, StepSize: 1e-60}},
		{"Leapfrogs is -1, want at least 1, or 0 for 10", sampling.HMC{Energy: normal.graph, StepSize: 1, Leapfrogs: -1}},
		{"Jitter is 1.5, want 0 to 1", sampling.HMC{Energy: normal.graph, StepSize: 1, Jitter: 1.5}},
		{"Jitter is NaN, want", sampling.HMC{Energy: normal.graph, StepSize: 1, Jitter: math.NaN()}},
		{"temperature is -1, want a positive float32, or 0 for 1", sampling.HMC{Energy: normal.graph, StepSize: 1, Temperature: -1}},
	} {
		refuses(t, &r.kernel, stateOf(tensor.Float32, [][]float64{{1, 2, 3}}), energy.ErrConfig, "sampling: HMC: Step: "+r.message)
	}
}
