package layers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// A new machine has a distribution, whatever its families: the couplings between Poisson and other unbounded units start negative, and
// all others as the normal draws come.
func TestNewMachinesAreNormalisable(t *testing.T) {
	counts := energy.Join(energy.Poisson(2), energy.ReLU(1), energy.Binomial(1, 3))
	for _, dt := range dtypes {
		r := must(NewRBM("r", RBMConfig{Visible: counts, Hidden: counts, Seed: 2, Dtype: dt}))
		require.NoError(t, r.Normalisable())
		signed := must(NewRBM("r", RBMConfig{Visible: energy.Bernoulli(4), Hidden: energy.Spin(4), Seed: 2, Dtype: dt})).Param("W").Float64s()
		flipped := 0
		for i, w := range r.Param("W").Float64s() {
			v, h := i/4, i%4
			if v < 3 && h < 3 && (v < 2 || h < 2) {
				require.Equal(t, -math.Abs(signed[i]), w, "Poisson and Poisson or ReLU")
				if signed[i] > 0 {
					flipped++
				}
			} else {
				require.Equal(t, signed[i], w)
			}
		}
		require.NotZero(t, flipped)
	}
	for _, visible := range families {
		for _, hidden := range families {
			if couplable(visible, hidden) == nil {
				require.NoError(t, must(NewRBM("r", RBMConfig{Visible: visible, Hidden: hidden})).Normalisable(), "%v × %v", visible, hidden)
			}
		}
	}
}

// What training may make of it is told.
func TestNormalisableReadsTheParameters(t *testing.T) {
	r := must(NewRBM("r", RBMConfig{Visible: energy.Poisson(2), Hidden: energy.Poisson(1), Dtype: tensor.Float64}))
	require.NoError(t, r.Param("W").Set([]float64{-1, 0.25}))
	err := r.Normalisable()
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, `layers: RBM "r": Normalisable: Z is infinite: W between visible unit 1 and hidden unit 0`)

	g := must(NewRBM("g", RBMConfig{Visible: energy.LearnedGaussian(1, 1), Hidden: energy.FixedGaussian(1, 4)}))
	require.NoError(t, g.Param("W").Set([]float64{0.49}))
	require.NoError(t, g.Normalisable())
	require.NoError(t, g.Param("visible_log_variance").Set([]float64{0.1}))
	require.ErrorIs(t, g.Normalisable(), energy.ErrConfig)

	relu := must(NewRBM("relu", RBMConfig{Visible: energy.ReLU(1), Hidden: energy.ReLU(1)}))
	require.NoError(t, relu.Param("W").Set([]float64{1}))
	require.ErrorIs(t, relu.Normalisable(), energy.ErrUndecided)
}
