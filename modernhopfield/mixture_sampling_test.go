package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/sampling/samplertest"
)

// lawSampler draws of the mixture by its definition: a pattern by its weight, and noise of variance 1/β around it. Beside what a Sampler
// looks at, the nearness to each pattern tells the modes apart.
func lawSampler() samplertest.Sampler {
	weights := lawWeights()
	s := samplertest.Sampler{Sample: func(r *rand.Rand) []float64 {
		u, i := r.Float64(), 0
		for ; i < 3 && u >= weights[i]; i++ {
			u -= weights[i]
		}
		x := make([]float64, 3)
		for j := range x {
			x[j] = lawPatterns[3*i+j] + r.NormFloat64()/math.Sqrt(lawBeta)
		}
		return x
	}}
	for i := range 4 {
		s.Statistics = append(s.Statistics, func(x []float64) (d float64) {
			for j := range x {
				d += (x[j] - lawPatterns[3*i+j]) * (x[j] - lawPatterns[3*i+j])
			}
			return d
		})
	}
	return s
}

// The kernels of real numbers leave the mixture as it is when they follow the energy of the network, as a graph, at the temperature 1/β,
// and reach it from one of its patterns.
func TestGradientKernelsSampleTheMixture(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		if testing.Short() && dtype == tensor.Float64 {
			continue
		}
		e := func(x *G.Node) (*G.Node, error) {
			input := func(name string, values []float64, shape ...int) *G.Node {
				v := graphtest.Tensor(dtype, values, shape...)
				return G.NewTensor(x.Graph(), dtype, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(v))
			}
			return energy.ModernHopfield{Patterns: input("patterns", lawPatterns, 4, 3), Beta: input("beta", []float64{lawBeta}, 1)}.Energy(x)
		}
		m := lawMixture(t, dtype)
		r, err := m.RBM("memory")
		require.NoError(t, err)
		langevin := func(e energy.Func, temperature float64) func(seed uint64) sampling.Kernel {
			return func(seed uint64) sampling.Kernel {
				return &sampling.Langevin{Energy: e, StepSize: 0.4, Adjusted: true, Temperature: temperature, Seed: seed}
			}
		}
		hmc := func(e energy.Func, temperature float64) func(seed uint64) sampling.Kernel {
			return func(seed uint64) sampling.Kernel {
				return &sampling.HMC{Energy: e, StepSize: 0.4, Leapfrogs: 4, Temperature: temperature, Seed: seed}
			}
		}
		for name, kernel := range map[string]func(e energy.Func, temperature float64) func(seed uint64) sampling.Kernel{"Langevin": langevin, "HMC": hmc} {
			c := samplertest.Config{Dtype: dtype}
			require.NoError(t, samplertest.Stationary(lawSampler(), kernel(e, 1/lawBeta), c), name)
			require.Error(t, samplertest.Stationary(lawSampler(), kernel(e, 1), c), "%s at another temperature", name)
			require.NoError(t, samplertest.Stationary(lawSampler(), kernel(r.FreeEnergy, 1), c), "%s of the RBM, whose free energy is βE", name)
			c.Steps, c.Chains = []int{60}, 2000
			require.NoError(t, samplertest.Converges(lawSampler(), kernel(e, 1/lawBeta), lawPatterns[:3], c), name)
		}
	}
}
