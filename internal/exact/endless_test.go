package exact

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// One unit alone: the Poisson and the half-normal distribution as textbooks have them.
func TestOneEndlessUnit(t *testing.T) {
	logZ, mean, second := Side{Family: Poisson, Units: 1}.unit(math.Log(3))
	require.InDelta(t, 3, logZ, 1e-13)
	require.InDelta(t, 3, mean, 1e-13)
	require.InDelta(t, 12, second, 1e-12)
	logZ, mean, second = Side{Family: ReLU, Units: 1}.unit(0)
	require.InDelta(t, math.Log(math.Pi/2)/2, logZ, 1e-14)
	require.InDelta(t, math.Sqrt(2/math.Pi), mean, 1e-14)
	require.InDelta(t, 1, second, 1e-14)
	for _, field := range []float64{-30, -2, 1, 20} { // E[x²] = 1 + field·E[x], by parts
		logZ, mean, second = Side{Family: ReLU, Units: 1}.unit(field)
		require.InEpsilon(t, math.Log(math.Sqrt(math.Pi/2)*math.Erfc(-field/math.Sqrt2))+field*field/2, logZ, 1e-12)
		require.InDelta(t, 1+field*mean, second, 1e-12*second+1e-12)
	}
}

// A Binomial unit is as many Bernoulli units of the same couplings.
func TestBinomialIsManyBernoulli(t *testing.T) {
	one := &Harmonium{Visible: Side{Family: Binomial, Units: 1, Trials: 3}, Hidden: Side{Family: Spin, Units: 2}, W: []float64{0.4, -0.7}, B: []float64{0.3}, C: []float64{0.1, 0.2}}
	many := &Harmonium{Visible: Side{Units: 3}, Hidden: one.Hidden, W: []float64{0.4, -0.7, 0.4, -0.7, 0.4, -0.7}, B: []float64{0.3, 0.3, 0.3}, C: one.C}
	a, err := one.LogPartition()
	require.NoError(t, err)
	b, err := many.LogPartition()
	require.NoError(t, err)
	require.InDelta(t, b, a, 1e-13)
}

func TestEndlessRefusals(t *testing.T) {
	one := func(f Family) Side { return Side{Family: f, Units: 1} }
	for _, c := range []struct {
		visible, hidden Family
		w, b            float64
		want            error
	}{
		{Poisson, Poisson, -3, 1, nil},
		{Poisson, Poisson, 1e-9, 1, ErrNotNormalisable},
		{Poisson, ReLU, -3, 1, nil},
		{ReLU, Poisson, 0.1, 1, ErrNotNormalisable},
		{Poisson, Gaussian, 0, 1, nil},
		{Gaussian, Poisson, -0.1, 1, ErrNotNormalisable},
		{Poisson, Bernoulli, 1, 1, nil},
		{Poisson, Poisson, -1, 3, ErrNotEnumerable},
		{ReLU, ReLU, 0.4, 1, nil},
		{ReLU, ReLU, 0.99, 1, ErrNotEnumerable},
		{ReLU, Gaussian, -0.99, 1, ErrNotEnumerable},
	} {
		m := &Harmonium{Visible: one(c.visible), Hidden: one(c.hidden), W: []float64{c.w}, B: []float64{c.b}, C: []float64{0}}
		for _, call := range []func() (float64, error){m.LogPartition, m.LogPartitionOverVisible} {
			if c.visible == Gaussian || c.visible == Poisson && c.hidden == Bernoulli {
				call = m.LogPartition
			}
			_, err := call()
			require.ErrorIs(t, err, c.want, "%v×%v %g", c.visible, c.hidden, c.w)
		}
	}
}
