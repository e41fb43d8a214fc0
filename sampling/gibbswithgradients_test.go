package sampling_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// gradientSettings are one for each dtype and temperature that kernels are tested at.
var gradientSettings = []struct {
	dtype       tensor.Dtype
	temperature float64
	flips       int
}{{tensor.Float64, 0, 0}, {tensor.Float32, 2, 3}, {tensor.Float64, 0.7, 2}}

func TestGibbsWithGradientsIsStationary(t *testing.T) {
	for _, c := range gradientSettings {
		for _, m := range discreteModels(t, c.dtype) {
			t.Run(fmt.Sprintf("%s, T %g, %v", m.name, c.temperature, c.dtype), func(t *testing.T) {
				target := m.target(t, orOne(c.temperature))
				kernel := func(seed uint64) sampling.Kernel {
					return &sampling.GibbsWithGradients{Energy: m.graph, Units: m.units, Flips: c.flips, Seed: seed, Temperature: c.temperature}
				}
				require.NoError(t, samplertest.Stationary(target, kernel, samplertest.Config{Dtype: c.dtype}))
			})
		}
	}
}

func orOne(temperature float64) float64 {
	if temperature == 0 {
		return 1
	}
	return temperature
}
