package sampling_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

func TestDiscreteLangevinIsStationary(t *testing.T) {
	for i, c := range eachGradientSetting() {
		size := []float64{2, 5, 1}[i]
		for _, m := range discreteModels(t, c.dtype) {
			t.Run(fmt.Sprintf("%s, T %g, %v", m.name, c.temperature, c.dtype), func(t *testing.T) {
				target := m.target(t, orOne(c.temperature))
				kernel := func(adjusted bool) func(seed uint64) sampling.Kernel {
					return func(seed uint64) sampling.Kernel {
						return &sampling.DiscreteLangevin{
							Energy: m.graph, Units: m.units, StepSize: size, Adjusted: adjusted, Seed: seed, Temperature: c.temperature,
						}
					}
				}
				require.NoError(t, samplertest.Stationary(target, kernel(true), gradientConfig(c.dtype)))
				if size == 5 { // the step without adjustment is the twin that refuses nothing
					require.ErrorContains(t, samplertest.Stationary(target, kernel(false), gradientConfig(c.dtype)), "stattest")
				}
			})
		}
	}
}

// The step without adjustment draws from the proposal, whose distribution is enumerated here from differences of the energy.
func TestDiscreteLangevinProposes(t *testing.T) {
	const alpha, chains = 1.5, 8000
	for _, c := range eachGradientSetting() {
		for _, m := range discreteModels(t, c.dtype) {
			states, _ := m.given(t, 1, nil, nil).Probabilities()
			x := states[len(states)/3]
			slopes, logQ := slopesOf(m.loops, x), make([]float64, len(states))
			for i, y := range states {
				for j := range y {
					moved := y[j] - x[j]
					logQ[i] -= slopes[j]*moved/2/orOne(c.temperature) + moved*moved/(2*alpha)
				}
			}
			q, err := samplertest.NewEnumeration(states, logQ)
			require.NoError(t, err)
			for _, seed := range []uint64{1, 2} {
				s := stateOf(c.dtype, slices.Repeat([][]float64{x}, chains))
				k := &sampling.DiscreteLangevin{Energy: m.graph, Units: m.units, StepSize: alpha, Seed: seed, Temperature: c.temperature}
				info, err := k.Step(s)
				require.NoError(t, err)
				require.Zero(t, info)
				require.NoError(t, q.Check(rowsOf(s), 1e-6), m.name)
			}
		}
	}
}
