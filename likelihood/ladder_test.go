package likelihood

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLadderGoesFromZeroToOne(t *testing.T) {
	uneven := ladder{[]float64{0, 0.1, 0.7, 1}, []float64{0.6, 0.1, 0.3}}
	for _, l := range []ladder{even(), uneven} {
		for _, n := range []int{1, 2, 3, 10, 500} {
			require.NoError(t, checkBetas(l.betas(n)), "%d", n)
			require.Len(t, l.betas(n), n+1)
		}
	}
	require.Equal(t, []float64{0, 0.25, 0.5, 0.75, 1}, even().betas(4))
	betas := uneven.betas(10)
	require.InDelta(t, 0.1, betas[6], 1e-12) // six tenths lie in the first part
	require.InDelta(t, 0.7, betas[7], 1e-12)
	require.InDelta(t, 0.05, betas[3], 1e-12)
	for k, b := range uneven.betas(20) { // twice as many go between the others
		if k%2 == 0 {
			require.InDelta(t, betas[k/2], b, 1e-12)
		}
	}
}

// Two chains whose log-weights differ by 1 after the first half of the steps and by 4 after the second: deviations 1/√2 and 3/√2, so
// the second part gets three times what the first gets, but for what stays where it was.
func TestLadderAdaptsToDeviation(t *testing.T) {
	l := even().adapted([]mark{{50, 0.5, []float64{0, 1}}, {100, 1, []float64{0, 4}}})
	require.Equal(t, []float64{0, 0.5, 1}, l.edges)
	require.InDelta(t, (1-keptShare)*0.25+keptShare*0.5, l.shares[0], 1e-12)
	require.InDelta(t, (1-keptShare)*0.75+keptShare*0.5, l.shares[1], 1e-12)

	require.Equal(t, even(), even().adapted(nil))
	require.Equal(t, even(), even().adapted([]mark{{1, 1, []float64{3}}}))
	require.Equal(t, even(), even().adapted([]mark{{1, 0.5, []float64{2, 2}}, {2, 1, []float64{5, 5}}}), "no deviation tells nothing")
}
