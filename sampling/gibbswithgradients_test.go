package sampling_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// gradientSetting is a dtype and a temperature that kernels are tested at.
type gradientSetting struct {
	dtype       tensor.Dtype
	temperature float64
	flips       int
}

var gradientSettings = []gradientSetting{{tensor.Float64, 0, 0}, {tensor.Float32, 2, 3}, {tensor.Float64, 0.7, 2}}

func TestGibbsWithGradientsIsStationary(t *testing.T) {
	for _, c := range eachGradientSetting() {
		for _, m := range discreteModels(t, c.dtype) {
			t.Run(fmt.Sprintf("%s, T %g, %v", m.name, c.temperature, c.dtype), func(t *testing.T) {
				target := m.target(t, orOne(c.temperature))
				kernel := func(seed uint64) sampling.Kernel {
					return &sampling.GibbsWithGradients{Energy: m.graph, Units: m.units, Flips: c.flips, Seed: seed, Temperature: c.temperature}
				}
				require.NoError(t, samplertest.Stationary(target, kernel, gradientConfig(c.dtype)))
			})
		}
	}
}

// eachGradientSetting is the first of them when short.
func eachGradientSetting() []gradientSetting {
	if testing.Short() {
		return gradientSettings[:1]
	}
	return gradientSettings
}

func orOne(temperature float64) float64 {
	if temperature == 0 {
		return 1
	}
	return temperature
}

// gradientConfig tests with every seed, or with the first of them when short.
func gradientConfig(dtype tensor.Dtype) samplertest.Config {
	c := samplertest.Config{Dtype: dtype}
	if testing.Short() {
		c.Seeds = []uint64{1}
	}
	return c
}
