package experiment

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
)

func TestFlippedStates(t *testing.T) {
	pattern := []float64{1, -1, 1, 1, -1, -1}
	states := flipped(pattern)
	require.Len(t, states, 4*4*6)
	require.Equal(t, pattern, states[:6])
	require.Equal(t, []float64{-1, 1, 1, -1, -1, -1}, states[(2*4+1)*6:][:6], "two of the first half and one of the second")
	require.True(t, negatives(pattern, states[15*6:]))
}

// Each state of the picture, recalled by itself.
func TestTwoGroupsOneByOne(t *testing.T) {
	c := TwoGroupConfig{Units: 20, Stored: []int{1, 4}, Sets: 3, Seed: 5}
	got, err := TwoGroups(t.Context(), c)
	require.NoError(t, err)
	drawn, orders := newSets(5, "patterns", 20, false), newRecaller(5, 20, 0, associative.Keep, 1).orders
	areas := make([]float64, 3)
	for k, m := range c.Stored {
		shares := square[float64](11)
		for s := range 3 {
			areas[s] = 0
			patterns := drawn.draw(s, m)
			h, err := learn(t.Context(), associative.Hebb{}, associative.Keep, patterns, 20)
			require.NoError(t, err)
			states := flipped(patterns[:20])
			for p := range 121 {
				one, err := h.Recall(rows(states[p*20:(p+1)*20], 20), associative.Asynchronous{Seed: orders.Uint64(uint64(s))})
				require.NoError(t, err)
				end, pattern := endOf(one.States.Float64s(), one.Cycle[0], patterns)
				own := end == EndStored && pattern == 0
				if own {
					shares[p/11][p%11]++
					areas[s]++
				}
				if s == 0 {
					require.Equal(t, end, got.Ends[k][p/11][p%11])
					require.Equal(t, own, got.Own[k][p/11][p%11])
				}
			}
		}
		for p := range 121 {
			shares[p/11][p%11] /= 3
		}
		for s := range areas {
			areas[s] /= 121
		}
		require.Equal(t, shares, got.Shares[k])
		require.Equal(t, shareOf(areas), got.Areas[k])
	}
	// One pattern: a state that agrees in more than half of its units ends there, its mirror image in the negative.
	for i := range 11 {
		for j := range 11 {
			switch {
			case i+j < 9:
				require.Equal(t, 1.0, got.Shares[0][i][j])
			case i+j > 11:
				require.Equal(t, EndGhost, got.Ends[0][i][j])
			}
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := TwoGroups(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, got, again)
}

func TestTwoGroupsRefuse(t *testing.T) {
	for _, c := range []TwoGroupConfig{{Units: 7}, {Units: 2}, {Units: 2048}, {Stored: []int{}}, {Sets: 1}, {Ties: 3}} {
		_, err := TwoGroups(t.Context(), c)
		require.ErrorIs(t, err, energy.ErrConfig, "%+v", c)
		require.ErrorContains(t, err, "experiment: TwoGroups: ")
	}
}
