package likelihood

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// The tempered chains come to both modes of a machine whose data and base know one only, in the right proportion: the other has 99 %.
func TestTemperedChainsFindTheOtherMode(t *testing.T) {
	m, _, _, _ := twoModes(16, 5, 0.01, tensor.Float32)
	for seed := range uint64(3) {
		tempered := must(newTempered[float32](context.Background(), m, seed))
		rows := must(tempered.rows(context.Background(), 100, 1000))
		require.Len(t, rows, 1600)
		on := 0
		for i := range 100 {
			if sum := mean(wide(rows[16*i : 16*i+16])); sum > 0.5 {
				on++
			}
		}
		require.Greater(t, on, 90)
	}
}

// Looks are taken from all chains in turn, and cut where fewer rows are wanted.
func TestTemperedChainsGiveAsManyRowsAsWanted(t *testing.T) {
	m := newMachine(bernoulli(6), bernoulli(4), tensor.Float64, 1, 0.3, 0.3, false)
	tempered := must(newTempered[float64](context.Background(), m, 1))
	for _, count := range []int{20, 23, 101} {
		require.Len(t, must(tempered.rows(context.Background(), count, 40)), 6*count)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := tempered.rows(ended, 20, 40)
	require.ErrorIs(t, err, context.Canceled)
	_, err = newTempered[float64](ended, m, 1)
	require.ErrorIs(t, err, context.Canceled)
}

// The probe ends where a hidden unit of strong weights leads, for each family of hidden units.
func TestProbeFindsTheDeepestMode(t *testing.T) {
	m := needle(20, tensor.Float64)
	p := must(newProbe[float64](m, 1))
	base := must(p.deepest(context.Background(), 100))
	for i, a := range base {
		if i%3 == 0 {
			require.Less(t, a, -3.0)
		} else {
			require.Greater(t, a, 3.0)
		}
	}
	for _, pair := range pairs { // it starts from states that the units have
		m := newMachine(pair[0], pair[1], tensor.Float64, 2, 0.4, 0.4, false)
		base, err := must(newProbe[float64](m, 1)).deepest(context.Background(), 4)
		require.NoError(t, err)
		require.Len(t, base, pair[0].units.Len())
	}
}
