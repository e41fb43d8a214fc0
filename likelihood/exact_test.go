package likelihood

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

func TestLogPartitionIsTheOracles(t *testing.T) {
	for _, pair := range pairs {
		for _, dtype := range dtypes {
			t.Run(name(pair, dtype), func(t *testing.T) {
				m := newMachine(pair[0], pair[1], dtype, 3, 0.8, 0.8, false)
				want := must(oracle(m, pair[0], pair[1]).LogPartition())
				got, err := LogPartition(context.Background(), m)
				require.NoError(t, err)
				require.InDelta(t, want, got, 1e-10*max(1, math.Abs(want))) // in float64 whatever the dtype
			})
		}
	}
}

// The oracle knows no offsets: its log Z is that of the plain form, and both sides of log p(v) are moved by the same constant.
func TestExactOfACenteredMachineIsThatOfItsPlainForm(t *testing.T) {
	for _, dtype := range dtypes {
		visible, hidden := bernoulli(6), spin(4)
		m := newMachine(visible, hidden, dtype, 5, 0.9, 0.7, true)
		o := oracle(m, visible, hidden)
		data := draws(o, 20, dtype, 1)
		var rows [][]float64
		for i := range 20 {
			row := make([]float64, 6)
			for j := range row {
				row[j] = at(data, i, j)
			}
			rows = append(rows, row)
		}
		b, err := Exact(context.Background(), m, data, Config{})
		require.NoError(t, err)
		tolerance := 1e-10
		if dtype == tensor.Float32 {
			tolerance = 1e-5 // the plain biases are rounded to the machine's dtype
		}
		require.InDelta(t, must(o.LogLikelihood(rows, nil)), b.LogLikelihood, tolerance)
		require.True(t, b.Certified)
		require.Equal(t, b.Lower, b.Upper)
		require.Equal(t, b.LogLikelihood, b.Lower)
		require.Greater(t, math.Abs(constant(m)), 0.1, "the offsets change nothing here")
		require.InDelta(t, must(o.LogPartition())-constant(m), b.LogZ, 1e-5)
	}
}

func at(x *tensor.Dense, i, j int) float64 {
	k := i*x.Shape()[1] + j
	if x.Dtype() == tensor.Float32 {
		return float64(x.Float32s()[k])
	}
	return x.Float64s()[k]
}

// More states than a block, and as many on the other side, counted from both.
func TestLogPartitionGoesThroughAllBlocks(t *testing.T) {
	visible, hidden := bernoulli(13), bernoulli(12)
	m := newMachine(visible, hidden, tensor.Float64, 8, 0.5, 0.5, false)
	var text strings.Builder
	got, side, err := enumerate(context.Background(), m, energy.MaxStates, writer{&text})
	require.NoError(t, err)
	require.Equal(t, "hidden side", side)
	require.Contains(t, text.String(), "enumerated 1024 of 4096 states")
	require.InDelta(t, must(oracle(m, visible, hidden).LogPartitionOverVisible()), got, 1e-10)
}

func TestExactSaysWhatItIs(t *testing.T) {
	visible, hidden := bernoulli(4), bernoulli(3)
	m := newMachine(visible, hidden, tensor.Float64, 2, 0.5, 0.5, false)
	grey := dense(tensor.Float64, 2, []float64{0.2, 0.9, 0.5, 0.51, 1, 0, 0.4, 0.6})
	binary := dense(tensor.Float64, 2, []float64{0, 1, 0, 1, 1, 0, 0, 1})
	thresholded := must(Exact(context.Background(), m, grey, Config{Convention: Threshold}))
	require.Equal(t, must(Exact(context.Background(), m, binary, Config{})).LogLikelihood, thresholded.LogLikelihood)
	require.Contains(t, thresholded.String(), "nats a row (exact, hidden side enumerated; 2 rows, thresholded at 1/2)")
	asIs := must(Exact(context.Background(), m, grey, Config{}))
	require.NotEqual(t, asIs.LogLikelihood, thresholded.LogLikelihood)
	require.Contains(t, asIs.String(), "values as they are")

	many := make([]float64, 4000)
	for i := range many {
		many[i] = 0.3
	}
	sampled := must(readRows[float64](m, dense(tensor.Float64, 1000, many), Stochastic, 7))
	require.InDelta(t, 0.3, mean(sampled), 5*math.Sqrt(0.3*0.7/4000))
	require.Equal(t, sampled, must(readRows[float64](m, dense(tensor.Float64, 1000, many), Stochastic, 7)))
	require.NotEqual(t, sampled, must(readRows[float64](m, dense(tensor.Float64, 1000, many), Stochastic, 8)))
	for _, x := range sampled {
		require.True(t, x == 0 || x == 1)
	}
}

func TestExactRefuses(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	small := newMachine(bernoulli(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false)
	broken := newMachine(bernoulli(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false)
	broken.Param("W").Value().Float64s()[5] = math.NaN()
	rows := func(x ...float64) *tensor.Dense { return dense(tensor.Float64, 1, x) }
	good := rows(0, 1, 1, 0)
	tests := []struct {
		name   string
		ctx    context.Context
		m      *layers.RBM
		data   *tensor.Dense
		config Config
		want   error
		text   string
	}{
		{"no model", nil, nil, good, Config{}, energy.ErrConfig, "no model given"},
		{"no data", nil, small, nil, Config{}, energy.ErrConfig, "no data given"},
		{"narrow data", nil, small, rows(0, 1, 1), Config{}, energy.ErrShape, "4"},
		{"vector", nil, small, tensor.New(tensor.WithShape(4), tensor.WithBacking([]float64{0, 1, 1, 0})), Config{}, energy.ErrShape, "data"},
		{"whole numbers", nil, small, tensor.New(tensor.WithShape(1, 4), tensor.WithBacking([]int{0, 1, 1, 0})), Config{}, energy.ErrDtype, "int"},
		{"out of range", nil, small, rows(0, 2, 1, 0), Config{}, energy.ErrRange, "2"},
		{"NaN", nil, small, rows(0, math.NaN(), 1, 0), Config{}, energy.ErrNotFinite, "data"},
		{"NaN in W", nil, broken, good, Config{}, energy.ErrNotFinite, "rbm.W"},
		{"large", nil, newMachine(bernoulli(30), bernoulli(30), tensor.Float64, 2, 0.5, 0.5, false), dense(tensor.Float64, 1, make([]float64, 30)), Config{}, energy.ErrConfig, "neither side has at most 4194304 states"},
		{"real", nil, newMachine(gaussian(3), gaussian(3), tensor.Float64, 2, 0.1, 0.5, false), rows(0, 1, 1), Config{}, energy.ErrConfig, "neither side"},
		{"unknown convention", nil, small, good, Config{Convention: 9}, energy.ErrConfig, "Convention(9)"},
		{"threshold of spins", nil, newMachine(spin(4), bernoulli(3), tensor.Float64, 2, 0.5, 0.5, false), rows(1, 1, -1, 1), Config{Convention: Threshold}, energy.ErrConfig, "cannot take effect on Spin(4)"},
		{"tolerance below 0", nil, small, good, Config{Tolerance: -1}, energy.ErrConfig, "Tolerance is -1 nats"},
		{"tolerance NaN", nil, small, good, Config{Tolerance: math.NaN()}, energy.ErrConfig, "Tolerance is NaN"},
		{"confidence 1", nil, small, good, Config{Confidence: 1}, energy.ErrConfig, "Confidence is 1"},
		{"few chains", nil, small, good, Config{Chains: 3}, energy.ErrConfig, "Chains is 3"},
		{"short ladder", nil, small, good, Config{MaxTemperatures: 3}, energy.ErrConfig, "MaxTemperatures is 3"},
		{"many states", nil, small, good, Config{MaxStates: 1 << 23}, energy.ErrConfig, "MaxStates is 8388608"},
		{"ended", ended, small, good, Config{}, context.Canceled, "canceled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = context.Background()
			}
			_, err := Exact(test.ctx, test.m, test.data, test.config)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.text)
			require.ErrorContains(t, err, "likelihood: ")
		})
	}
	_, err := LogPartition(context.Background(), nil)
	require.ErrorIs(t, err, energy.ErrConfig)
	_, err = LogPartition(ended, small)
	require.ErrorIs(t, err, context.Canceled)
}
