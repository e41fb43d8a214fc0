package exact

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGradientIsDerivativeOfLogLikelihood(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, r *rand.Rand) {
		data := rows(m, 3, r)
		for _, weights := range [][]float64{nil, {0.5, 0, 2}} {
			g, err := m.Gradient(data, weights)
			require.NoError(t, err)
			for _, p := range []struct {
				name                 string
				parameters, gradient []float64
			}{
				{"W", m.W, g.W},
				{"B", m.B, g.B},
				{"C", m.C, g.C},
				{"LogVarianceVisible", m.Visible.LogVariance, g.LogVarianceVisible},
				{"LogVarianceHidden", m.Hidden.LogVariance, g.LogVarianceHidden},
			} {
				want := make([]float64, len(p.parameters))
				for i := range want {
					want[i] = -derivative(func() float64 {
						l, err := m.LogLikelihood(data, weights)
						require.NoError(t, err)
						return l
					}, &p.parameters[i])
				}
				near(t, want, p.gradient, 1e-10, p.name)
			}
			if m.Visible.Family != Gaussian {
				require.Nil(t, g.LogVarianceVisible)
			}
			if m.Hidden.Family != Gaussian {
				require.Nil(t, g.LogVarianceHidden)
			}
		}
	})
}

// Weights are shares: scaled they change nothing, and a weight of two is a row given twice.
func TestWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	m := sample(side(OneHot, r), side(Spin, r), r)
	data := rows(m, 2, r)
	twice, err := m.LogLikelihood([][]float64{data[0], data[0], data[1]}, nil)
	require.NoError(t, err)
	for _, weights := range [][]float64{{2, 1}, {20, 10}} {
		weighted, err := m.LogLikelihood(data, weights)
		require.NoError(t, err)
		require.InDelta(t, twice, weighted, 1e-13)
	}
}

// Data that are the model: with p(v) as weights the gradient vanishes.
func TestGradientVanishesAtTheModel(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, _ *rand.Rand) {
		if m.Visible.hardness() > 0 {
			t.Skip("no list of states")
		}
		states, p, err := m.Probabilities()
		require.NoError(t, err)
		g, err := m.Gradient(states, p)
		require.NoError(t, err)
		for _, part := range [][]float64{g.W, g.B, g.C, g.LogVarianceHidden} {
			near(t, make([]float64, len(part)), part, 1e-12, "gradient")
		}
		likeliest := max(1, slices.Index(p, slices.Max(p)))
		p[0], p[likeliest] = p[likeliest], p[0]
		g, err = m.Gradient(states, p)
		require.NoError(t, err)
		require.Greater(t, maxAbs(g.W), 1e-6, "a wrong distribution must show")
	})
}

func maxAbs(x []float64) float64 {
	var worst float64
	for _, xi := range x {
		worst = max(worst, xi, -xi)
	}
	return worst
}
