package sampling_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/op"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

func TestAdjustedLangevinIsStationary(t *testing.T) {
	for _, c := range eachGradientSetting() {
		for _, m := range realModels {
			t.Run(fmt.Sprintf("%s, T %g, %v", m.name, c.temperature, c.dtype), func(t *testing.T) {
				kernel := func(adjusted bool, heat float64) func(seed uint64) sampling.Kernel {
					return func(seed uint64) sampling.Kernel {
						return &sampling.Langevin{
							Energy: m.graph, StepSize: 0.2, Adjusted: adjusted, Seed: seed, Temperature: heat * orOne(c.temperature),
						}
					}
				}
				config := gradientConfig(c.dtype)
				target := m.target(t, orOne(c.temperature))
				require.NoError(t, samplertest.Stationary(target, kernel(true, 1), config))
				require.Error(t, samplertest.Stationary(target, kernel(true, 1.5), config), "another temperature")
				if m.name == doubleWell.name {
					require.Error(t, samplertest.Stationary(target, kernel(false, 1), config), "without adjustment")
				}
			})
		}
	}
}

// The columns that are held have all their values at the start, and the others stay draws given these.
func TestGradientKernelsOfRealsHold(t *testing.T) {
	clamp := []bool{false, true, false}
	for i, kernel := range []func(seed uint64) sampling.Kernel{
		func(seed uint64) sampling.Kernel {
			return &sampling.Langevin{Energy: normal.graph, StepSize: 0.3, Adjusted: true, Seed: seed, Clamp: clamp, Temperature: 2}
		},
		func(seed uint64) sampling.Kernel {
			return &sampling.HMC{Energy: normal.graph, StepSize: 0.4, Leapfrogs: 3, Seed: seed, Clamp: clamp, Temperature: 2}
		},
	} {
		c := gradientConfig([]tensor.Dtype{tensor.Float32, tensor.Float64}[i])
		c.Held = [][]bool{clamp}
		require.NoError(t, samplertest.Stationary(normal.target(t, 2), kernel, c))
	}
}

// Of independent numbers of variances s the unadjusted step keeps a normal distribution, of the variances Ts/(1 − ε/(2s)): the bias
// that is O(ε).
func TestUnadjustedLangevinOfNormals(t *testing.T) {
	const size, temperature = 0.3, 1.5
	variances := []float64{0.5, 1, 4}
	e := func(x *G.Node) (*G.Node, error) {
		y, err := op.Gemm(x, constant(x, "precision", []float64{2, 0, 0, 0, 1, 0, 0, 0, 0.25}, 3, 3), false, false)
		if err != nil {
			return nil, err
		}
		both, err := op.RowDot(x, y)
		if err != nil {
			return nil, err
		}
		return op.Combine([]float64{0.5}, both)
	}
	target := func(size float64) samplertest.Target {
		return samplertest.Sampler{Sample: func(r *rand.Rand) []float64 {
			x := make([]float64, len(variances))
			for j, s := range variances {
				x[j] = math.Sqrt(temperature*s/(1-size/(2*s))) * r.NormFloat64()
			}
			return x
		}}
	}
	kernel := func(seed uint64) sampling.Kernel {
		return &sampling.Langevin{Energy: e, StepSize: size, Seed: seed, Temperature: temperature}
	}
	noisy := func(seed uint64) sampling.Kernel {
		return &sampling.Langevin{Energy: e, StepSize: size, Seed: seed, Noise: math.Sqrt(2 * size * temperature)}
	}
	c := samplertest.Config{Steps: []int{1, 5}, Chains: 20000}
	require.NoError(t, samplertest.Stationary(target(size), kernel, c))
	require.NoError(t, samplertest.Stationary(target(size), noisy, c), "the same noise given")
	require.Error(t, samplertest.Stationary(target(0), kernel, c), "the distribution of ε → 0")
}

func TestLangevinSettings(t *testing.T) {
	m := normal
	for _, r := range []struct {
		message string
		kernel  sampling.Langevin
	}{
		{"no energy or no state given", sampling.Langevin{StepSize: 1}},
		{"StepSize is 0, want a positive float64", sampling.Langevin{Energy: m.graph}},
		{"StepSize is -1, want", sampling.Langevin{Energy: m.graph, StepSize: -1}},
		{"StepSize is +Inf, want", sampling.Langevin{Energy: m.graph, StepSize: math.Inf(1)}},
		{"temperature is NaN, want", sampling.Langevin{Energy: m.graph, StepSize: 1, Temperature: math.NaN()}},
		{"Noise is -1, want a positive float64, or 0 for", sampling.Langevin{Energy: m.graph, StepSize: 1, Noise: -1}},
		{"Noise is 1, which is no Langevin dynamics", sampling.Langevin{Energy: m.graph, StepSize: 1, Noise: 1, Adjusted: true}},
		{"Noise is 1, which is no Langevin dynamics", sampling.Langevin{Energy: m.graph, StepSize: 1, Noise: 1, Temperature: 1}},
	} {
		s := stateOf(tensor.Float64, [][]float64{{1, 2, 3}})
		refuses(t, &r.kernel, s, energy.ErrConfig, "sampling: Langevin: Step: "+r.message)
	}
}
