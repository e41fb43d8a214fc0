package training

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// The look-ahead form must be Sutskever's eq. 3 and 4 seen from the point θ + μ v.
func TestNesterovIsSutskeversSeenFromTheLookAheadPoint(t *testing.T) {
	const rate, mu = 0.05, 0.9
	gradient := func(w float64) float64 { return math.Sinh(w) - 0.3 }
	run := func(nesterov bool) (worst float64) {
		s := start(t, SGD{Rate: rate, Momentum: mu, Nesterov: nesterov})
		theta, v := 2.0, 0.0
		p := vector(tensor.Float64, theta)
		for range 50 {
			require.NoError(t, s.Update([]*tensor.Dense{p}, []*tensor.Dense{vector(tensor.Float64, gradient(p.Float64s()[0]))}))
			v = mu*v - rate*gradient(theta+mu*v)
			theta += v
			worst = max(worst, math.Abs(p.Float64s()[0]-(theta+mu*v)))
		}
		return worst
	}
	require.Less(t, run(true), 1e-13)
	require.Greater(t, run(false), 1e-3, "classical momentum is another method")
}

func TestVelocityIsTheState(t *testing.T) {
	p, r := []*tensor.Dense{vector(tensor.Float64, 0, 0)}, rand.New(rand.NewPCG(1, 1))
	s := start(t, SGD{Rate: 1, Momentum: 0.5})
	require.NoError(t, s.Update(p, []*tensor.Dense{vector(tensor.Float64, random(r, 2)...)}))
	_, arrays := s.State()
	require.Len(t, arrays, 1)
	require.Equal(t, numbers(p[0]), numbers(arrays[0]), "after one step from 0 the weight is the velocity")

	s = start(t, SGD{Rate: 1})
	require.NoError(t, s.Update(p, []*tensor.Dense{vector(tensor.Float64, 1, 1)}))
	step, arrays := s.State()
	require.Equal(t, uint64(1), step)
	require.Empty(t, arrays)
}

func TestSGDRefusesWrongSettings(t *testing.T) {
	for _, c := range []struct {
		c    SGD
		want string
	}{
		{SGD{}, "training: SGD: Rate is 0, want a finite positive number"},
		{SGD{Rate: -1}, "training: SGD: Rate is -1, want a finite positive number"},
		{SGD{Rate: math.NaN()}, "training: SGD: Rate is NaN, want a finite positive number"},
		{SGD{Rate: math.Inf(1)}, "training: SGD: Rate is +Inf, want a finite positive number"},
		{SGD{Rate: 1, Momentum: 1}, "training: SGD: Momentum is 1, want 0 ≤ Momentum < 1"},
		{SGD{Rate: 1, Momentum: math.NaN()}, "training: SGD: Momentum is NaN, want 0 ≤ Momentum < 1"},
		{SGD{Rate: 1, Nesterov: true}, "training: SGD: Nesterov is set with Momentum 0, where it has no effect: want Momentum > 0"},
	} {
		_, err := c.c.New()
		require.EqualError(t, err, c.want+": bad configuration")
		require.ErrorIs(t, err, energy.ErrConfig)
	}
}
