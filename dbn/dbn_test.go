package dbn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/dbn"
	"github.com/harmonium-go/harmonium/energy"
)

func TestNewStacksMachines(t *testing.T) {
	d := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Labels: 3, Visible: energy.Spin(6), Centered: true, Seed: 7, Dtype: tensor.Float64})
	require.Equal(t, "net", d.Name())
	require.Equal(t, 3, d.Labels())
	require.Zero(t, d.Classes())
	var names, sides []string
	for _, r := range d.RBMs() {
		names, sides = append(names, r.Name()), append(sides, r.Visible().String(), r.Hidden().String())
		require.True(t, r.Config().Centered)
		require.EqualValues(t, 7, r.Config().Seed)
		require.Equal(t, tensor.Float64, r.Dtype())
	}
	require.Equal(t, []string{"net.1", "net.2"}, names)
	require.Equal(t, []string{"Spin(6)", "Bernoulli(5)", "Join(Bernoulli(5), OneHot(1, 3))", "Bernoulli(4)"}, sides)
	require.Equal(t, tensor.Float32, newStack(dbn.Config{Sizes: []int{6, 5}}).RBMs()[0].Dtype())
}

// Glorot starts the very draws that 0.01 would scale at √(2/(in + out)) instead.
func TestGlorotScalesTheWeights(t *testing.T) {
	small := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Seed: 1, Dtype: tensor.Float64})
	large := newStack(dbn.Config{Sizes: []int{6, 5, 4}, Seed: 1, Dtype: tensor.Float64, Glorot: true})
	for i, units := range []float64{6 + 5, 5 + 4} {
		for k, w := range small.RBMs()[i].Param("W").Float64s() {
			require.InDelta(t, w/0.01*math.Sqrt(2/units), large.RBMs()[i].Param("W").Float64s()[k], 1e-12)
		}
	}
}
