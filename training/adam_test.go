package training

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// With both moments corrected, the first step is −η·sign(g) whatever the size of g, if ε is small against it.
func TestFirstStepOfAdamHasTheSizeOfTheRate(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		p := vector(dtype, 0, 0, 0)
		require.NoError(t, start(t, Adam{Rate: 0.001}).Update([]*tensor.Dense{p}, []*tensor.Dense{vector(dtype, 1e-3, -1, 1e6)}))
		// ε/|g| is 1e-5 for the smallest gradient.
		require.InDeltaSlice(t, []float64{-0.001, 0.001, -0.001}, numbers(p), 0.001*1.1e-5)
	}
}

func TestDecayTouchesWeightsNotBiases(t *testing.T) {
	weights, bias := array(tensor.Float64, tensor.Shape{1, 2}, 1, -2), vector(tensor.Float64, 1, -2)
	s := start(t, AdamW{Rate: 0.1, Decay: 0.5})
	for range 3 { // without a gradient nothing but the decay moves a weight
		grads := []*tensor.Dense{array(tensor.Float64, tensor.Shape{1, 2}), vector(tensor.Float64, 0, 0)}
		require.NoError(t, s.Update([]*tensor.Dense{weights, bias}, grads))
	}
	shrunk := math.Pow(1-0.1*0.5, 3)
	require.InDeltaSlice(t, []float64{shrunk, -2 * shrunk}, numbers(weights), 1e-15)
	require.Equal(t, []float64{1, -2}, numbers(bias))
}

func TestMomentsAreTheStateInOrder(t *testing.T) {
	s := start(t, Adam{Rate: 1})
	p := []*tensor.Dense{vector(tensor.Float64, 0), array(tensor.Float64, tensor.Shape{1, 1}, 0)}
	require.NoError(t, s.Update(p, []*tensor.Dense{vector(tensor.Float64, 2), array(tensor.Float64, tensor.Shape{1, 1}, 3)}))
	step, arrays := s.State()
	require.Equal(t, uint64(1), step)
	require.Len(t, arrays, 4)
	for i, want := range []float64{0.1 * 2, 0.001 * 4, 0.1 * 3, 0.001 * 9} {
		require.InDelta(t, want, arrays[i].Float64s()[0], 1e-15)
		require.Equal(t, p[i/2].Shape(), arrays[i].Shape())
	}
}

func TestAdamRefusesWrongSettings(t *testing.T) {
	for _, c := range []struct {
		c    Solver
		want string
	}{
		{Adam{}, "training: Adam: Rate is 0, want a finite positive number"},
		{Adam{Rate: 1, Beta1: 1}, "training: Adam: Beta1 is 1, want 0 < Beta1 < 1, or 0 for 0.9"},
		{Adam{Rate: 1, Beta2: -0.1}, "training: Adam: Beta2 is -0.1, want 0 < Beta2 < 1, or 0 for 0.999"},
		{Adam{Rate: 1, Epsilon: math.Inf(1)}, "training: Adam: Epsilon is +Inf, want a finite positive number, or 0 for 1e-08"},
		{AdamW{Rate: 1}, "training: AdamW: Decay is 0, want a finite positive number (Adam has no decay)"},
		{AdamW{Decay: 1}, "training: AdamW: Rate is 0, want a finite positive number"},
		{AdamW{Rate: 1, Decay: 1, Beta1: math.NaN()}, "training: AdamW: Beta1 is NaN, want 0 < Beta1 < 1, or 0 for 0.9"},
	} {
		_, err := c.c.New()
		require.EqualError(t, err, c.want+": bad configuration")
		require.ErrorIs(t, err, energy.ErrConfig)
	}
}
