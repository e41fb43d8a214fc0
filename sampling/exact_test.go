package sampling

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/layers"
)

// The weights are p(v), and the gradient of the layer's cost that of the negative log-likelihood.
func TestExactPhase(t *testing.T) {
	binomial := pure("Binomial", energy.Binomial(2, 3), exact.Side{Family: exact.Binomial, Units: 2, Trials: 3})
	relu := pure("ReLU", energy.ReLU(2), exact.Side{Family: exact.ReLU, Units: 2})
	poisson := pure("Poisson", energy.Poisson(2), exact.Side{Family: exact.Poisson, Units: 2})
	for _, visible := range []side{bernoulli(5), spin(4), oneHot(2, 3), binomial} {
		for _, hidden := range []side{bernoulli(4), spin(4), oneHot(2, 3), gaussian(3), binomial, relu, poisson} {
			for _, dtype := range dtypes {
				t.Run(visible.name+"×"+hidden.name+" "+dtype.String(), func(t *testing.T) {
					m := newMachine(visible, hidden, dtype, 1)
					phase := must(Exact{}.Start(m.rbm, 0))
					checkExact(t, m, phase)
					require.Nil(t, phase.Chains())
					// The parameters may move between updates.
					b := m.rbm.Param("b").Float64s()
					b[0] += 0.5
					require.NoError(t, m.rbm.Param("b").Set(b))
					checkExact(t, m, phase)
				})
			}
		}
	}
}

func checkExact(t *testing.T, m machine, phase Phase) {
	tolerance := 1e-12
	if m.rbm.Dtype() == tensor.Float32 {
		tolerance = 1e-5 // free energies of about 10 in 24 bits
	}
	oracle := m.exact(1)
	states, p, err := oracle.Probabilities()
	require.NoError(t, err)
	nv := m.rbm.Visible().Len()
	last := states[len(states)-1]
	data := dense(m.rbm.Dtype(), tensor.Shape{2, nv}, slices.Concat(last, states[1])...)
	dataWeights := []float64{1, 3}
	rows, weights, err := phase.Next(data, dataWeights, 0)
	require.NoError(t, err)
	require.InDeltaSlice(t, p, weights, tolerance)
	require.Equal(t, len(states), phase.Rows(2))
	var all []float64
	for _, s := range states {
		all = append(all, s...)
	}
	require.Equal(t, all, numbers(rows))

	want, err := oracle.Gradient([][]float64{last, states[1]}, dataWeights)
	require.NoError(t, err)
	got := gradients(t, m.rbm, data, dataWeights, rows, weights)
	for name, g := range map[string][]float64{"W": want.W, "b": want.B, "c": want.C, "hidden_log_variance": want.LogVarianceHidden} {
		if g != nil {
			require.InDeltaSlice(t, g, got["rbm."+name], 10*tolerance, name)
		}
	}
	require.Len(t, got["rbm.W"], nv*m.rbm.Hidden().Len())
}

// Offsets do not change p(v); joined families are enumerated too.
func TestExactOfACenteredAndJoinedMachine(t *testing.T) {
	visible, hidden := joined("visible", spin(1), oneHot(1, 3), bernoulli(1)), joined("hidden", bernoulli(2), gaussian(2))
	m := newMachine(visible, hidden, tensor.Float64, 1)
	centered := must(layers.NewRBM("centered", layers.RBMConfig{Visible: visible.units, Hidden: hidden.units, Dtype: tensor.Float64, Centered: true}))
	for _, name := range []string{"W", "b", "c", "hidden_log_variance"} {
		require.NoError(t, centered.Param(name).Set(m.rbm.Param(name).Float64s()))
	}
	nv, nh := visible.units.Len(), hidden.units.Len()
	require.NoError(t, centered.MoveOffsets(
		dense(tensor.Float64, tensor.Shape{nv}, slices.Repeat([]float64{0.3}, nv)...),
		dense(tensor.Float64, tensor.Shape{nh}, slices.Repeat([]float64{0.7}, nh)...), 1))
	l := m.newLaw(1, nil, nil)
	for _, rbm := range []*layers.RBM{m.rbm, centered} {
		_, weights, err := must(Exact{}.Start(rbm, 0)).Next(nil, nil, 0)
		require.NoError(t, err)
		want := make([]float64, len(weights))
		hiddenStates := len(l.p) / len(want)
		for i, p := range l.p {
			want[i/hiddenStates] += p
		}
		require.InDeltaSlice(t, want, weights, 1e-12, rbm.Name())
	}
}

// Free energies of thousands of nats do not overflow the weights.
func TestExactOfLargeEnergies(t *testing.T) {
	m := newMachine(bernoulli(2), bernoulli(1), tensor.Float64, 1)
	require.NoError(t, m.rbm.Param("b").Set([]float64{3000, -3000}))
	require.NoError(t, m.rbm.Param("W").Set([]float64{0, 0}))
	_, weights, err := must(Exact{}.Start(m.rbm, 0)).Next(nil, nil, 0)
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0, 1, 0}, weights)
}

func TestExactRefuses(t *testing.T) {
	for message, visible := range map[string]energy.Units{
		`sampling: Exact: RBM "rbm": energy: Poisson(1): counts without an end cannot be enumer`:   energy.Poisson(1),
		`sampling: Exact: RBM "rbm": energy: Gaussian(2): real units cannot be enumerated`:         energy.Gaussian(2),
		`sampling: Exact: RBM "rbm": 131072 visible states, want at most 65536`:                    energy.Bernoulli(17),
		`sampling: Exact: RBM "rbm": energy: Spin(40): more than 4194304 states cannot be enumera`: energy.Spin(40),
	} {
		_, err := Exact{}.Start(must(layers.NewRBM("rbm", layers.RBMConfig{Visible: visible, Hidden: energy.Spin(1)})), 0)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, message)
	}
	_, err := Exact{}.Start(must(layers.NewRBM("rbm", layers.RBMConfig{Visible: energy.Bernoulli(16), Hidden: energy.Spin(1)})), 0)
	require.NoError(t, err)
}
