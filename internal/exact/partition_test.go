package exact

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTwoRoutesToThePartitionFunction(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, _ *rand.Rand) {
		logZ, err := m.LogPartition()
		require.NoError(t, err)
		visible, errVisible := m.LogPartitionOverVisible()
		hidden, errHidden := m.LogPartitionOverHidden()
		both := m.Visible.Family == Gaussian && m.Hidden.Family == Gaussian
		if m.Visible.Family == Gaussian && !both {
			require.ErrorIs(t, errVisible, ErrNotEnumerable)
		} else {
			require.NoError(t, errVisible)
			require.InDelta(t, logZ, visible, 1e-12)
		}
		if m.Hidden.Family == Gaussian && !both {
			require.ErrorIs(t, errHidden, ErrNotEnumerable)
		} else {
			require.NoError(t, errHidden)
			require.InDelta(t, logZ, hidden, 1e-12)
		}
	})
}

// The listed probabilities, the list of pairs and log p(v) = −F(v) − log Z must tell one story.
func TestProbabilities(t *testing.T) {
	allPairs(t, func(t *testing.T, m *Harmonium, _ *rand.Rand) {
		if m.Visible.hardness() > 0 {
			t.Skip("no list of states")
		}
		logZ, err := m.LogPartition()
		require.NoError(t, err)
		states, p, err := m.Probabilities()
		require.NoError(t, err)
		var total float64
		for k, v := range states {
			f, err := m.FreeEnergy(v)
			require.NoError(t, err)
			require.InDelta(t, math.Exp(-f-logZ), p[k], 1e-13)
			total += p[k]
		}
		require.InDelta(t, 1, total, 1e-13)
		if m.Hidden.hardness() > 0 {
			return
		}
		jv, jh, jp, err := m.JointProbabilities()
		require.NoError(t, err)
		hidden, err := States(m.Hidden)
		require.NoError(t, err)
		require.Len(t, jp, len(states)*len(hidden))
		marginal := make([]float64, len(states))
		for k := range jp {
			require.Equal(t, states[k/len(hidden)], jv[k])
			require.Equal(t, hidden[k%len(hidden)], jh[k])
			require.InDelta(t, math.Exp(-m.Energy(jv[k], jh[k])-logZ), jp[k], 1e-13)
			marginal[k/len(hidden)] += jp[k]
		}
		near(t, p, marginal, 1e-13, "marginal")
	})
}
