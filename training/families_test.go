package training

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
)

// Rows of two kinds, each of a rate of its own for every column: independent units with the right means miss that columns go together, and
// a machine with hidden units learns it, by contrastive divergence and in every family of counts and rates.
func TestContrastiveLearnsCountsAndRates(t *testing.T) {
	const rows, n = 400, 3
	rates := [2][n]float64{{1, 5, 2}, {5, 0.5, 2}}
	for name, c := range map[string]struct {
		units energy.Units
		side  exact.Side
		draw  func(r *rand.Rand, rate float64) float64
	}{
		"Poisson": {energy.Poisson(n), exact.Side{Family: exact.Poisson, Units: n}, func(r *rand.Rand, rate float64) float64 {
			k := 0.0
			for at := r.ExpFloat64(); at < rate; at += r.ExpFloat64() {
				k++
			}
			return k
		}},
		"Binomial": {energy.Binomial(n, 6), exact.Side{Family: exact.Binomial, Units: n, Trials: 6}, func(r *rand.Rand, rate float64) float64 {
			k := 0.0
			for range 6 {
				if 6*r.Float64() < rate {
					k++
				}
			}
			return k
		}},
		"ReLU": {energy.ReLU(n), exact.Side{Family: exact.ReLU, Units: n}, func(r *rand.Rand, rate float64) float64 { return math.Abs(rate + r.NormFloat64()) }},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var data []float64
			var list [][]float64
			for i := range rows {
				for _, rate := range rates[i%2] {
					data = append(data, c.draw(r, rate))
				}
				list = append(list, data[len(data)-n:])
			}
			m, err := layers.NewRBM("rbm", layers.RBMConfig{Visible: c.units, Hidden: energy.Bernoulli(2), Seed: 1, Dtype: tensor.Float64})
			require.NoError(t, err)
			x := tensor.New(tensor.WithShape(rows, n), tensor.WithBacking(data))
			require.NoError(t, m.InitBias(x))
			likelihood := func() float64 {
				o := exact.Harmonium{Visible: c.side, Hidden: exact.Side{Units: 2}, W: m.Param("W").Float64s(), B: m.Param("b").Float64s(), C: m.Param("c").Float64s()}
				l, err := o.LogLikelihood(list, nil)
				require.NoError(t, err)
				return l
			}
			before := likelihood()
			_, err = Contrastive{Negative: sampling.CD{Steps: 1}, Solver: SGD{Rate: 0.02}, Epochs: 60, Batch: 50, Seed: 1}.Fit(context.Background(), m, x)
			require.NoError(t, err)
			require.NoError(t, m.Normalisable())
			t.Logf("%.3f → %.3f nats", before, likelihood())
			require.Greater(t, likelihood(), before+0.3)
		})
	}
}
