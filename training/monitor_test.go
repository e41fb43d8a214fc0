package training_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
	"github.com/harmonium-go/harmonium/sampling"
	"github.com/harmonium-go/harmonium/training"
)

// measure fits for one epoch and returns what was measured at its end.
func measure(t *testing.T, m *layers.RBM, rows *tensor.Dense, change func(*training.Contrastive)) training.Epoch {
	fit := training.Contrastive{Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.1}, Epochs: 1}
	if change != nil {
		change(&fit)
	}
	report, err := fit.Fit(context.Background(), m, rows)
	require.NoError(t, err)
	return report.Last()
}

func TestReconstructionErrorFollowsItsFormula(t *testing.T) {
	for _, visible := range []energy.Units{energy.Bernoulli(5), energy.Spin(5), energy.OneHot(2, 3)} {
		for _, centered := range []bool{false, true} {
			m, rows := machine(visible, energy.Bernoulli(4), centered), states(visible, 9)
			got := measure(t, m, fromRows(rows), nil).ReconstructionError
			o, want := oracle(m), 0.0
			for _, v := range rows {
				back := must(o.MeanVisible(must(o.MeanHidden(v))))
				for i, x := range v {
					want += (x - back[i]) * (x - back[i]) / float64(len(rows))
				}
			}
			require.InDelta(t, want, got, 1e-12, visible)
		}
	}
}

// conditionals are log p(v_i | the others) for each i, by enumeration.
func conditionals(o *exact.Harmonium, v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		flipped := slices.Clone(v)
		flipped[i] = 1 - v[i]
		f, g := must(o.FreeEnergy(v)), must(o.FreeEnergy(flipped))
		out[i] = -math.Log1p(math.Exp(f - g))
	}
	return out
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// Of one row the estimate is n·log p(v_i | the others) for some bit i; over all the bits its mean is the pseudo-likelihood.
func TestPseudoLikelihoodOverAllBitsIsExact(t *testing.T) {
	units := energy.Bernoulli(5)
	for _, row := range states(units, 3) {
		var want []float64
		got := map[int]float64{} // by bit
		for seed := range uint64(60) {
			m := machine(units, energy.Bernoulli(4), false)
			estimate := measure(t, m, fromRows([][]float64{row}), func(c *training.Contrastive) {
				c.Solver, c.Seed = training.SGD{Rate: 1e-300}, seed
			}).PseudoLikelihood
			want = conditionals(oracle(m), row)
			bit := slices.IndexFunc(want, func(l float64) bool { return math.Abs(5*l-estimate) < 1e-12 })
			require.GreaterOrEqual(t, bit, 0, "%v is no term of %v", estimate, want)
			got[bit] = estimate
		}
		require.Len(t, got, 5) // a bit is missed by 60 draws with probability 5·0.8⁶⁰ = 8e-6
		mean := 0.0
		for _, estimate := range got {
			mean += estimate / 5
		}
		require.InDelta(t, sum(want), mean, 1e-12)
	}
}

// The bits of many equal rows are drawn evenly, so their mean estimate is the pseudo-likelihood up to chance.
func TestPseudoLikelihoodIsUnbiased(t *testing.T) {
	units := energy.Bernoulli(5)
	row := states(units, 3)[2]
	const rows = 1000
	for _, seed := range stattest.Seeds {
		m := machine(units, energy.Bernoulli(4), false)
		same := matrix(tensor.Float64, rows, 5, func(_, j int) float64 { return row[j] })
		estimate := measure(t, m, same, func(c *training.Contrastive) { c.Solver, c.Seed = training.SGD{Rate: 1e-300}, seed }).PseudoLikelihood
		terms := conditionals(oracle(m), row)
		want, variance, furthest := sum(terms), 0.0, 0.0
		for _, l := range terms {
			variance += (5*l - want) * (5*l - want) / 5
			furthest = max(furthest, math.Abs(5*l-want))
		}
		const z = 4.9 // two-sided 1e-6
		band := z * math.Sqrt(variance/rows)
		require.InDelta(t, want, estimate, band)
		require.Greater(t, furthest, band, "a broken twin that always flips one bit must fail")
	}
}

func TestFreeEnergyGapIsExact(t *testing.T) {
	units := energy.Spin(5)
	m, rows, held := machine(units, energy.Bernoulli(4), true), states(units, 9), [][]float64{{1, 1, 1, 1, 1}, {1, -1, 1, 1, 1}}
	got := measure(t, m, fromRows(rows), func(c *training.Contrastive) { c.Validation = fromRows(held) }).FreeEnergyGap
	o := oracle(m)
	mean := func(rows [][]float64) (f float64) {
		for _, v := range rows {
			f += must(o.FreeEnergy(v)) / float64(len(rows))
		}
		return f
	}
	require.InDelta(t, mean(held)-mean(rows), got, 1e-12)
	require.Greater(t, math.Abs(got), 0.01)
}

func TestMonitorsFollowTheConvention(t *testing.T) {
	// Under Threshold the rows are binary, so there is a pseudo-likelihood; as they are, there is none.
	m := func() *layers.RBM { return machine(energy.Bernoulli(5), energy.Bernoulli(4), false) }
	grey := greys(1, 9, 5)
	require.True(t, math.IsNaN(measure(t, m(), grey, nil).PseudoLikelihood))
	held := greys(2, 4, 5)
	cut := func(x *tensor.Dense) *tensor.Dense {
		return matrix(tensor.Float64, x.Shape()[0], 5, func(i, j int) float64 { return math.Round(x.Float64s()[i*5+j]) })
	}
	got := measure(t, m(), grey, func(c *training.Contrastive) { c.Convention, c.Validation = training.Threshold, held })
	want := measure(t, m(), cut(grey), func(c *training.Contrastive) { c.Validation = cut(held) })
	require.Equal(t, []float64{want.ReconstructionError, want.PseudoLikelihood, want.FreeEnergyGap},
		[]float64{got.ReconstructionError, got.PseudoLikelihood, got.FreeEnergyGap})
}

func TestWhatIsNotMeasuredIsNaN(t *testing.T) {
	spin := measure(t, machine(energy.Spin(5), energy.Bernoulli(4), false), fromRows(states(energy.Spin(5), 4)), nil)
	for _, x := range []float64{spin.PseudoLikelihood, spin.FreeEnergyGap, spin.ValidationCost, spin.ValidationError} {
		require.True(t, math.IsNaN(x))
	}
	require.False(t, math.IsNaN(spin.ReconstructionError+spin.Cost))

	report, err := training.Supervised{Solver: training.SGD{Rate: 0.1}, Epochs: 1}.Fit(
		context.Background(), linear("net", 5, 3, tensor.Float64), normals(1, 8, 5), classes(8, 3))
	require.NoError(t, err)
	e := report.Last()
	for _, x := range []float64{e.PseudoLikelihood, e.FreeEnergyGap, e.ReconstructionError, e.ValidationCost, e.ValidationError} {
		require.True(t, math.IsNaN(x))
	}
}

func TestMonitorsAgreeInBothDtypes(t *testing.T) {
	var all []training.Epoch
	for _, dt := range dtypes {
		m := must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(6), Hidden: energy.Bernoulli(5), Seed: 1, InitDeviation: 0.5, Dtype: dt}))
		all = append(all, measure(t, m, bits(1, 30, 6), func(c *training.Contrastive) {
			c.Validation, c.Solver = bits(2, 5, 6), training.SGD{Rate: 1e-30}
		}))
	}
	// Some 20 roundings of 6e-8 of numbers of size 10.
	require.InDelta(t, all[1].ReconstructionError, all[0].ReconstructionError, 2e-5)
	require.InDelta(t, all[1].PseudoLikelihood, all[0].PseudoLikelihood, 2e-5)
	require.InDelta(t, all[1].FreeEnergyGap, all[0].FreeEnergyGap, 2e-5)
}

func TestEpochKnowsTheRate(t *testing.T) {
	rates := func(rate training.Schedule) (all []float64) {
		m := machine(energy.Bernoulli(5), energy.Bernoulli(4), false)
		report, err := training.Contrastive{Negative: sampling.CD{}, Solver: training.SGD{Rate: 0.5}, Rate: rate, Epochs: 3}.Fit(
			context.Background(), m, fromRows(states(energy.Bernoulli(5), 4)))
		require.NoError(t, err)
		for _, e := range report.Epochs {
			all = append(all, e.Rate)
		}
		return all
	}
	require.Equal(t, []float64{0.5, 0.5, 0.5}, rates(nil))
	require.Equal(t, []float64{3, 2, 1}, rates(training.Linear(3, 0, 3)))
}
