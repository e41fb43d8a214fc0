package energy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
)

func allStates(t *testing.T, u energy.Units) (all [][]float64) {
	count, err := u.StateCount()
	require.NoError(t, err)
	for i := range count {
		row := random(u.Len(), 9) // whatever was there
		u.State(i, row)
		all = append(all, row)
	}
	return all
}

func TestStates(t *testing.T) {
	for _, f := range append(families[:3:3], []struct {
		units energy.Units
		side  exact.Side
	}{
		{energy.Bernoulli(7), exact.Side{Family: exact.Bernoulli, Units: 7}},
		{energy.OneHot(1, 5), exact.Side{Family: exact.OneHot, Units: 5, States: 5}},
		{energy.OneHot(4, 2), exact.Side{Family: exact.OneHot, Units: 8, States: 2}},
		{energy.Binomial(3, 4), exact.Side{Family: exact.Binomial, Units: 3, Trials: 4}},
		{energy.Join(energy.Spin(2), energy.Spin(3)), exact.Side{Family: exact.Spin, Units: 5}},
	}...) {
		want, err := exact.States(f.side)
		require.NoError(t, err)
		require.Equal(t, want, allStates(t, f.units), "%v", f.units)
	}
	require.Equal(t, [][]float64{
		{0, 1, 0, -1}, {0, 1, 0, 1}, {0, 0, 1, -1}, {0, 0, 1, 1}, {1, 1, 0, -1}, {1, 1, 0, 1}, {1, 0, 1, -1}, {1, 0, 1, 1},
	}, allStates(t, energy.Join(energy.Bernoulli(1), energy.OneHot(1, 2), energy.Spin(1))))
	require.Equal(t, [][]float64{{-1, 0}, {-1, 1}, {-1, 2}, {1, 0}, {1, 1}, {1, 2}}, allStates(t, energy.Join(energy.Spin(1), energy.Binomial(1, 2))))
}

func TestStateCount(t *testing.T) {
	count, err := energy.Bernoulli(22).StateCount()
	require.NoError(t, err)
	require.Equal(t, energy.MaxStates, count)
	for _, u := range []energy.Units{
		energy.Bernoulli(23), energy.Bernoulli(1 << 30), energy.OneHot(1, energy.MaxStates+1), energy.OneHot(3, 1<<20), energy.Gaussian(1), energy.ReLU(1), energy.Poisson(1),
		energy.Binomial(3, 1<<10), energy.Binomial(1, energy.MaxStates), energy.Join(energy.Spin(1), energy.Poisson(1)),
		energy.Join(energy.Spin(20), energy.OneHot(1, 5)), energy.Join(energy.Spin(1), energy.Gaussian(1)),
	} {
		_, err := u.StateCount()
		require.ErrorIs(t, err, energy.ErrConfig, "%v", u)
		require.ErrorContains(t, err, "energy: "+u.String())
	}
}

func TestSplitGroup(t *testing.T) {
	u := energy.Join(energy.Bernoulli(2), energy.OneHot(2, 3), energy.Spin(1))
	require.Equal(t, -1, u.SplitGroup(nil))
	for want, masks := range map[int][][]bool{
		-1: {make([]bool, 9), {true, false, true, true, true, false, false, false, true}, {false, true, false, false, false, true, true, true, false}},
		2:  {{true, false, true, false, true, false, false, false, true}, {false, false, false, false, true, true, false, false, false}},
		5:  {{true, true, true, true, true, true, true, false, true}},
	} {
		for _, mask := range masks {
			require.Equal(t, want, u.SplitGroup(mask), "%v", mask)
		}
	}
}
