package exact

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func quadratic(s Side, r *rand.Rand) *Quadratic {
	q := &Quadratic{Units: s, W: make([]float64, s.Units*s.Units), B: normals(s.Units, 0.5, r)}
	for i := range s.Units {
		for j := range i + 1 {
			w := 0.6 * r.NormFloat64()
			q.W[i*s.Units+j], q.W[j*s.Units+i] = w, w
		}
	}
	return q
}

func TestQuadraticEnergy(t *testing.T) {
	q := &Quadratic{Units: Side{Family: Spin, Units: 2}, W: []float64{0.4, 1.5, 1.5, 0}, B: []float64{0.25, -2}}
	// −½(0.4 + 2·1.5·1·(−1)) − (0.25 + 2)
	require.InDelta(t, -0.2+1.5-2.25, q.Energy([]float64{1, -1}), 1e-15)
}

// With W = 0 the units are independent.
func TestQuadraticWithoutCouplings(t *testing.T) {
	b := []float64{0.7, -0.2}
	q := &Quadratic{Units: Side{Family: Spin, Units: 2}, W: make([]float64, 4), B: b}
	logZ, err := q.LogPartition(0.5)
	require.NoError(t, err)
	require.InDelta(t, math.Log(2*math.Cosh(2*b[0]))+math.Log(2*math.Cosh(2*b[1])), logZ, 1e-14)
	mean, second, err := q.Moments(0.5)
	require.NoError(t, err)
	m0, m1 := math.Tanh(2*b[0]), math.Tanh(2*b[1])
	near(t, []float64{m0, m1}, mean, 1e-14, "mean")
	near(t, []float64{1, m0 * m1, m0 * m1, 1}, second, 1e-14, "second")
}

// The laws of thermodynamics: F = U − T·H with F = −T log Z, and H = −dF/dT. T log Z generates the moments.
func TestQuadraticThermodynamics(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	for _, s := range []Side{{Family: Bernoulli, Units: 5}, {Family: Spin, Units: 5}, {Family: OneHot, Units: 6, States: 3}} {
		q := quadratic(s, r)
		for _, temperature := range []float64{0.5, 1, 3} {
			free := func() float64 {
				logZ, err := q.LogPartition(temperature)
				require.NoError(t, err)
				return -temperature * logZ
			}
			u, err := q.InternalEnergy(temperature)
			require.NoError(t, err)
			h, err := q.Entropy(temperature)
			require.NoError(t, err)
			require.InDelta(t, u-temperature*h, free(), 1e-12)
			require.Greater(t, math.Abs(u+temperature*h-free()), 1e-3, "the sign of T·H must show")
			require.InDelta(t, -derivative(free, &temperature), h, 1e-10)

			mean, second, err := q.Moments(temperature)
			require.NoError(t, err)
			for i := range q.B {
				require.InDelta(t, -derivative(free, &q.B[i]), mean[i], 1e-10)
			}
			for i := range q.W { // one entry of the pair: −½ w_ij x_i x_j
				require.InDelta(t, -2*derivative(free, &q.W[i]), second[i], 1e-10)
			}
			states, p, err := q.Probabilities(temperature)
			require.NoError(t, err)
			for k, x := range states {
				require.InDelta(t, math.Exp((free()-q.Energy(x))/temperature), p[k], 1e-13)
			}
		}
	}
}

func TestQuadraticConditionalMean(t *testing.T) {
	q := quadratic(Side{Family: Spin, Units: 5}, rand.New(rand.NewPCG(6, 6)))
	mean, err := q.ConditionalMean(2, map[int]float64{0: 1, 3: -1})
	require.NoError(t, err)
	states, p, err := q.Probabilities(2)
	require.NoError(t, err)
	var total float64
	want := make([]float64, 5)
	for k, x := range states {
		if x[0] == 1 && x[3] == -1 {
			total += p[k]
			for i, xi := range x {
				want[i] += p[k] * xi
			}
		}
	}
	for i := range want {
		want[i] /= total
	}
	near(t, want, mean, 1e-13, "mean")
}

func TestQuadraticRefusals(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	q := quadratic(Side{Family: Spin, Units: 3}, r)
	for _, temperature := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err := q.LogPartition(temperature)
		require.ErrorContains(t, err, "exact: Quadratic.LogPartition: temperature")
		_, err = q.Entropy(temperature)
		require.Error(t, err)
	}
	for _, clamped := range []map[int]float64{{0: 0}, {3: 1}, {-1: 1}} {
		_, err := q.ConditionalMean(1, clamped)
		require.Error(t, err)
	}
	_, err := (&Quadratic{Units: q.Units, W: q.W, B: q.B[1:]}).InternalEnergy(1)
	require.Error(t, err)
	_, _, err = (&Quadratic{Units: q.Units, W: q.W[1:], B: q.B}).Moments(1)
	require.Error(t, err)
	_, _, err = quadratic(Side{Family: Gaussian, Units: 3}, r).Probabilities(1)
	require.ErrorIs(t, err, ErrNotEnumerable)
}
