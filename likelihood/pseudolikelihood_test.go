package likelihood

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/layers"
)

// discretePairs are the pairs whose visible units have states.
func discretePairs() (some [][2]side) {
	for _, pair := range pairs {
		if pair[0].exact.Family != exact.Gaussian {
			some = append(some, pair)
		}
	}
	return some
}

// enumerated is Σ_i log p(v_i | v_−i) of a row from the oracle's free energies.
func enumerated(o *exact.Harmonium, row []float64) float64 {
	total, own := 0.0, must(o.FreeEnergy(row))
	width := max(1, o.Visible.States)
	for i := 0; i < len(row); i += width {
		sum := 0.0
		states := [][]float64{{0}, {1}}
		switch o.Visible.Family {
		case exact.Spin:
			states[0][0] = -1
		case exact.OneHot:
			states = must(exact.States(exact.Side{Family: exact.OneHot, Units: width, States: width}))
		}
		for _, s := range states {
			other := append([]float64(nil), row...)
			copy(other[i:], s)
			sum += math.Exp(own - must(o.FreeEnergy(other)))
		}
		total -= math.Log(sum)
	}
	return total
}

func TestPseudoLikelihoodIsTheOraclesAndTheGraphs(t *testing.T) {
	for _, pair := range discretePairs() {
		for _, dtype := range dtypes {
			t.Run(name(pair, dtype), func(t *testing.T) {
				m := newMachine(pair[0], pair[1], dtype, 4, 0.8, 0.5, true)
				o := oracle(m, pair[0], pair[1])
				const rows = 12
				data, want := draws(o, rows, dtype, 5), 0.0
				for r := range rows {
					row := make([]float64, pair[0].units.Len())
					for j := range row {
						row[j] = at(data, r, j)
					}
					want += enumerated(o, row) / rows
				}
				got, err := PseudoLikelihood{}.Of(context.Background(), m, data)
				require.NoError(t, err)
				tolerance := 1e-10
				if dtype == tensor.Float32 {
					tolerance = 1e-4
				}
				require.InDelta(t, want, got.Value, tolerance)
				require.Equal(t, rows, got.Rows)

				single := make([]float64, rows) // the graph gives each row's
				for r := range single {
					row := make([]float64, pair[0].units.Len())
					for j := range row {
						row[j] = at(data, r, j)
					}
					single[r] = must(PseudoLikelihood{}.Of(context.Background(), m, dense(dtype, 1, row))).Value
				}
				graphtest.Run(t, tolerance, func(g *G.ExprGraph) G.Nodes {
					v := G.NewMatrix(g, dtype, G.WithShape(data.Shape()...), G.WithName("v"), G.WithValue(data))
					return G.Nodes{must(must(m.Bind(g)).PseudoLikelihood(v))}
				}, graphtest.Tensor(dtype, single, rows))
			})
		}
	}
}

// Drawn units stand for all on average: over many rows of the same state the mean is the exact number.
func TestStochasticPseudoLikelihoodIsUnbiased(t *testing.T) {
	visible, hidden := oneHot(3, 3), bernoulli(5)
	m := newMachine(visible, hidden, tensor.Float64, 4, 1, 0.5, false)
	row := numbers(draws(oracle(m, visible, hidden), 1, tensor.Float64, 2))
	var many []float64
	for range 4000 {
		many = append(many, row...)
	}
	data := dense(tensor.Float64, 4000, many)
	all := must(PseudoLikelihood{}.Of(context.Background(), m, data))
	require.InDelta(t, 0, all.Deviation, 1e-12)
	for _, units := range []int{1, 2, 7} {
		some := must(PseudoLikelihood{Units: units, Seed: 3}.Of(context.Background(), m, data))
		require.Greater(t, some.Deviation, 1e-4)
		require.InDelta(t, all.Value, some.Value, limit*some.Deviation)
		require.Equal(t, some, must(PseudoLikelihood{Units: units, Seed: 3}.Of(context.Background(), m, data)))
		require.NotEqual(t, some.Value, must(PseudoLikelihood{Units: units, Seed: 4}.Of(context.Background(), m, data)).Value)
	}
}

func TestPseudoLikelihoodRefuses(t *testing.T) {
	m := newMachine(bernoulli(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false)
	rows := dense(tensor.Float64, 1, []float64{0, 1, 1, 0})
	grey := dense(tensor.Float64, 1, []float64{0, 1, 0.3, 0})
	real := newMachine(gaussian(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		p    PseudoLikelihood
		ctx  context.Context
		m    *layers.RBM
		data *tensor.Dense
		want error
		text string
	}{
		{PseudoLikelihood{}, nil, nil, rows, energy.ErrConfig, "no model given"},
		{PseudoLikelihood{Units: -1}, nil, m, rows, energy.ErrConfig, "Units is -1"},
		{PseudoLikelihood{Seed: 1}, nil, m, rows, energy.ErrConfig, "cannot take effect"},
		{PseudoLikelihood{}, nil, real, rows, energy.ErrConfig, "want Bernoulli, Spin or OneHot"},
		{PseudoLikelihood{}, nil, m, grey, energy.ErrRange, "row 0, column 2: 0.3 is no state"},
		{PseudoLikelihood{}, nil, m, nil, energy.ErrConfig, "no data"},
		{PseudoLikelihood{}, ended, m, rows, context.Canceled, ""},
	} {
		if test.ctx == nil {
			test.ctx = context.Background()
		}
		_, err := test.p.Of(test.ctx, test.m, test.data)
		require.ErrorIs(t, err, test.want)
		require.ErrorContains(t, err, test.text)
	}
	s, err := PseudoLikelihood{Convention: Threshold}.Of(context.Background(), m, grey)
	require.NoError(t, err)
	require.Contains(t, s.String(), "(1 rows, thresholded at 1/2)")
	_, err = PseudoLikelihood{Convention: Stochastic, Seed: 1}.Of(context.Background(), m, grey)
	require.NoError(t, err)
}
