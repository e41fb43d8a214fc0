package training

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
)

func values(s Schedule, epochs int) []float64 {
	v := make([]float64, epochs)
	for i := range v {
		v[i] = s(i)
	}
	return v
}

func TestSchedules(t *testing.T) {
	require.Equal(t, []float64{1, 0.75, 0.5, 0.25, 0, 0}, values(Linear(1, 0, 4), 6))
	require.Equal(t, []float64{2, 2}, values(Linear(1, 2, 0), 2))
	require.Equal(t, []float64{8, 4, 2, 1}, values(Exponential(8, 0.5), 4))
	require.Equal(t, []float64{0.5, 0.5, 0.9, 0.9, 0.99}, values(Steps(map[int]float64{0: 0.5, 2: 0.9, 4: 0.99}), 5))
}

func TestStepsKeepsItsOwnValues(t *testing.T) {
	m := map[int]float64{0: 1, 2: 3}
	s := Steps(m)
	m[0], m[1] = 7, 7
	require.Equal(t, []float64{1, 1, 3}, values(s, 3))
}

func TestCheckSchedule(t *testing.T) {
	require.NoError(t, checkSchedule("Rate", nil, 5, 0, 1))
	require.NoError(t, checkSchedule("Rate", Linear(1, 0, 5), 5, 0, 1))
	require.NoError(t, checkSchedule("Rate", Steps(map[int]float64{0: 0.5}), 1, 0, 1), "one epoch has nothing to change")
	const changes = "want one that changes: set the value itself instead"
	for _, c := range []struct {
		s    Schedule
		want string
	}{
		{Linear(0, 2, 4), "schedule Rate: epoch 3: value is 1.5, want a finite number from 0 to 1"},
		{Linear(0.5, -0.5, 4), "schedule Rate: epoch 3: value is -0.25, want a finite number from 0 to 1"},
		{Steps(map[int]float64{1: 0.5}), "schedule Rate: epoch 0: value is NaN, want a finite number from 0 to 1"},
		{Steps(map[int]float64{-1: 0.1, 0: 0.5}), "schedule Rate: epoch 0: value is NaN, want a finite number from 0 to 1"},
		{Steps(nil), "schedule Rate: epoch 0: value is NaN, want a finite number from 0 to 1"},
		{Steps(map[int]float64{0: 0.5, 4: 0.9}), "schedule Rate: the value is 0.5 in all 4 epochs, " + changes},
		{Exponential(0.5, 1), "schedule Rate: the value is 0.5 in all 4 epochs, " + changes},
	} {
		err := checkSchedule("Rate", c.s, 4, 0, 1)
		require.EqualError(t, err, c.want+": bad configuration")
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	require.EqualError(t, checkSchedule("Rate", Exponential(1, 1e200), 4, 0, math.Inf(1)),
		"schedule Rate: epoch 2: value is +Inf, want a finite number from 0 to +Inf: bad configuration")
}
