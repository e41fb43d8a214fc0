package training

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A run that only a context ends begins at once: not every epoch of it is looked at beforehand.
func TestScheduleOfARunWithoutEnd(t *testing.T) {
	require.NoError(t, checkSchedule("Rate", Linear(1, 0.1, 1<<50), 1<<50, 0, 1))
	require.NoError(t, checkSchedule("Rate", Steps(map[int]float64{0: 1, 1 << 40: 0.5}), 1<<50, 0, 1))
	require.ErrorContains(t, checkSchedule("Rate", Linear(2, 0.1, 1<<50), 1<<50, 0, 1), "epoch 0")
}
