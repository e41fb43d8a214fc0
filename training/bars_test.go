package training_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// barsOptimum is the highest mean log-likelihood of the 16 rows of 3×3 bars and stripes, all-on and all-off counted twice:
// 12 rows of probability 1/16 and 4 rows of 2/16, (12·ln(1/16) + 4·ln(1/8))/16 nats.
const barsOptimum = -2.59930

// bars returns the 16 rows as a tensor and as slices.
func bars() (*tensor.Dense, [][]float64) {
	rows := dataset.BarsAndStripes(3, true)
	var data []float64
	for _, r := range rows {
		data = append(data, r...)
	}
	return tensor.New(tensor.WithShape(len(rows), 9), tensor.WithBacking(data)), rows
}

// exactLikelihood is the mean log-likelihood of rows under a Bernoulli×Bernoulli machine, by enumeration.
func exactLikelihood(t testing.TB, m *layers.RBM, rows [][]float64) float64 {
	p, err := layers.PlainOf[float64](m)
	require.NoError(t, err)
	oracle := exact.Harmonium{
		Visible: exact.Side{Family: exact.Bernoulli, Units: m.Visible().Len()},
		Hidden:  exact.Side{Family: exact.Bernoulli, Units: m.Hidden().Len()},
		W:       p.W, B: p.B, C: p.C,
	}
	ll, err := oracle.LogLikelihood(rows, nil)
	require.NoError(t, err)
	return ll
}

func barsRBM(t testing.TB, centered bool) *layers.RBM {
	m, err := layers.NewRBM("bars", layers.RBMConfig{
		Visible: energy.Bernoulli(9), Hidden: energy.Bernoulli(16), Seed: 1, InitDeviation: 0.1, Centered: centered, Dtype: tensor.Float64,
	})
	require.NoError(t, err)
	return m
}

// TestBarsAndStripes trains to the exact optimum by the exact gradient and by PCD-1; CD-1 and CD-10 are reported.
func TestBarsAndStripes(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for several seconds")
	}
	data, rows := bars()
	for _, c := range []struct {
		negative sampling.Negative
		solver   training.Solver
		rate     training.Schedule
		epochs   int
		within   float64 // of the optimum; 0 reports only
	}{
		{sampling.Exact{}, training.Adam{Rate: 0.03}, nil, 3000, 0.05},
		{sampling.PCD{Chains: 200}, training.SGD{Rate: 0.05}, training.Linear(0.05, 0.001, 15000), 15000, 0.15},
		{sampling.CD{Steps: 1}, training.Adam{Rate: 0.01}, nil, 3000, 0},
		{sampling.CD{Steps: 10}, training.Adam{Rate: 0.01}, nil, 3000, 0},
	} {
		t.Run(fmt.Sprint(c.negative), func(t *testing.T) {
			m := barsRBM(t, true)
			_, err := training.Contrastive{
				Negative: c.negative, Solver: c.solver, Rate: c.rate, Epochs: c.epochs, Batch: 16, Seed: 1,
			}.Fit(context.Background(), m, data)
			require.NoError(t, err)
			ll := exactLikelihood(t, m, rows)
			t.Logf("%v: %.5f nats a pattern, optimum %.5f", c.negative, ll, barsOptimum)
			require.Less(t, ll, barsOptimum+1e-9)
			if c.within > 0 {
				require.Greater(t, ll, barsOptimum-c.within)
			}
		})
	}
}

// bars4Optimum is that of 4×4: 28 rows of probability 1/32 and 4 rows of 2/32, (28·ln(1/32) + 4·ln(1/16))/32 nats.
const bars4Optimum = -3.37909

// Tempering comes within 0.1 nats of the optimum of 4×4 bars and stripes, where CD-1 and PCD-1 stay away at as many updates and at equal rates.
func TestBarsAndStripesByTempering(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for several seconds")
	}
	rows := dataset.BarsAndStripes(4, true)
	data := fromRows(rows)
	for seed := range uint64(3) {
		for _, negative := range []sampling.Negative{sampling.Tempering{Chains: 50, Replicas: 6}, sampling.PCD{Chains: 50}, sampling.CD{}} {
			m, err := layers.NewRBM("bars", layers.RBMConfig{
				Visible: energy.Bernoulli(16), Hidden: energy.Bernoulli(20), Seed: seed, InitDeviation: 0.1, Centered: true, Dtype: tensor.Float64,
			})
			require.NoError(t, err)
			_, err = training.Contrastive{
				Negative: negative, Solver: training.SGD{Rate: 0.15}, Rate: training.Linear(0.15, 0.001, 6000), Epochs: 6000, Batch: 32, Seed: seed,
			}.Fit(context.Background(), m, data)
			require.NoError(t, err)
			ll := enumeratedLikelihood(t, m, rows)
			t.Logf("%v, seed %d: %.5f nats a pattern, optimum %.5f", negative, seed, ll, bars4Optimum)
			require.Less(t, ll, bars4Optimum+1e-9)
			if _, tempered := negative.(sampling.Tempering); tempered {
				require.Greater(t, ll, bars4Optimum-0.1)
			} else {
				require.Less(t, ll, bars4Optimum-0.3)
			}
		}
	}
}

// enumeratedLikelihood is the mean log-likelihood of rows with log Z by the free energies of all visible states, for machines whose
// hidden units are too many for the oracle to enumerate beside them.
func enumeratedLikelihood(t testing.TB, m *layers.RBM, rows [][]float64) float64 {
	p, err := layers.PlainOf[float64](m)
	require.NoError(t, err)
	states, err := m.Visible().States(tensor.Float64)
	require.NoError(t, err)
	all := p.FreeEnergy(states.Float64s(), states.Shape()[0])
	for i := range all {
		all[i] = -all[i]
	}
	top := slices.Max(all)
	z := 0.0
	for _, f := range all {
		z += math.Exp(f - top)
	}
	mean := 0.0
	for _, f := range p.FreeEnergy(slices.Concat(rows...), len(rows)) {
		mean -= f / float64(len(rows))
	}
	return mean - top - math.Log(z)
}

func TestEnumeratedLikelihoodAgreesWithTheOracle(t *testing.T) {
	if testing.Short() {
		t.Skip("sums 2²⁵ terms")
	}
	_, rows := bars()
	m := barsRBM(t, true)
	require.InDelta(t, exactLikelihood(t, m, rows), enumeratedLikelihood(t, m, rows), 1e-10)
}
