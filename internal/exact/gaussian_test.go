package exact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
)

// integrate visits every point of a side with the weight of a quadrature rule: the states of a discrete side, the trapezoid rule
// for Gaussian units. ReLU units get 120 points of Gauss and Legendre on 0 to 16, Poisson units 60 counts. On a function that decays like exp(−x²/2) the rule with step 0.25 on ±15 is exact to the last digits.
func integrate(s Side, visit func(x []float64, weight float64)) {
	if s.hardness() == 0 {
		for x := range s.each() {
			visit(x, 1)
		}
		return
	}
	const step, reach = 0.25, 15.
	x := make([]float64, s.Units)
	var sweep func(i int)
	nodes, weights := make([]float64, 120), make([]float64, 120)
	quad.Legendre{}.FixedLocations(nodes, weights, 0, 16)
	var sweepEndless func(i int, weight float64)
	sweepEndless = func(i int, weight float64) {
		if i == s.Units {
			visit(x, weight)
			return
		}
		if s.Family == Poisson {
			for x[i] = 0; x[i] < 60; x[i]++ {
				sweepEndless(i+1, weight)
			}
			return
		}
		for k := range nodes {
			x[i] = nodes[k]
			sweepEndless(i+1, weight*weights[k])
		}
	}
	if s.endless() {
		sweepEndless(0, 1)
		return
	}
	sweep = func(i int) {
		if i == s.Units {
			visit(x, math.Pow(step, float64(s.Units)))
			return
		}
		for x[i] = -reach; x[i] <= reach; x[i] += step {
			sweep(i + 1)
		}
	}
	sweep(0)
}

func quadrature(m *Harmonium) (logZ float64, moments *Moments) {
	var z float64
	moments = newMoments(m.Visible.Units, m.Hidden.Units)
	square := make([]float64, m.Hidden.Units)
	integrate(m.Visible, func(v []float64, wv float64) {
		integrate(m.Hidden, func(h []float64, wh float64) {
			w := wv * wh * math.Exp(-m.Energy(v, h))
			for j, hj := range h {
				square[j] = hj * hj
			}
			z += w
			moments.add(w, v, h, square)
		})
	})
	for _, part := range [][]float64{moments.V, moments.H, moments.VH, moments.VV, moments.HH} {
		for i := range part {
			part[i] /= z
		}
	}
	return math.Log(z), moments
}

func TestAgainstQuadrature(t *testing.T) {
	gaussian := func(logVariance ...float64) Side {
		return Side{Family: Gaussian, Units: len(logVariance), LogVariance: logVariance}
	}
	relu := func(n int) Side { return Side{Family: ReLU, Units: n} }
	poisson := func(n int) Side { return Side{Family: Poisson, Units: n} }
	for _, c := range []struct{ visible, hidden Side }{
		{gaussian(0.3), Side{Family: Bernoulli, Units: 3}},
		{gaussian(0.3, -0.5), Side{Family: Spin, Units: 2}},
		{gaussian(-0.2, 0.4), Side{Family: OneHot, Units: 4, States: 2}},
		{Side{Family: Bernoulli, Units: 3}, gaussian(0.2, -0.4)},
		{Side{Family: Spin, Units: 2}, gaussian(0.5)},
		{Side{Family: OneHot, Units: 3, States: 3}, gaussian(0, -0.3)},
		{gaussian(0.3), gaussian(-0.4)},
		{gaussian(0.3), gaussian(-0.4, 0.2)},
		{gaussian(0.1, -0.1), gaussian(0.2)},
		{Side{Family: Gaussian, Units: 1}, Side{Family: Gaussian, Units: 1}},
		{relu(1), Side{Family: Bernoulli, Units: 3}},
		{relu(2), Side{Family: Spin, Units: 1}},
		{Side{Family: OneHot, Units: 3, States: 3}, relu(2)},
		{relu(1), relu(1)},
		{relu(1), gaussian(0.4)},
		{gaussian(-0.3, 0.3), relu(1)},
		{poisson(2), Side{Family: Bernoulli, Units: 2}},
		{Side{Family: Spin, Units: 2}, poisson(2)},
		{poisson(1), poisson(1)},
		{poisson(1), relu(1)},
		{relu(1), poisson(2)},
		{Side{Family: Binomial, Units: 2, Trials: 4}, relu(1)},
		{poisson(1), Side{Family: Binomial, Units: 2, Trials: 2}},
		{Side{Family: Binomial, Units: 2, Trials: 4}, gaussian(0.2)},
	} {
		t.Run(fmt.Sprintf("%d%v×%d%v", c.visible.Units, c.visible.Family, c.hidden.Units, c.hidden.Family), func(t *testing.T) {
			m := sample(c.visible, c.hidden, rand.New(rand.NewPCG(3, 5)))
			wantLogZ, wantMoments := quadrature(m)
			logZ, err := m.LogPartition()
			require.NoError(t, err)
			require.InDelta(t, wantLogZ, logZ, 1e-11)
			moments, err := m.Moments()
			require.NoError(t, err)
			nearMoments(t, wantMoments, moments, 1e-11)

			v := rows(m, 1, rand.New(rand.NewPCG(2, 2)))[0]
			var z float64
			mean := make([]float64, m.Hidden.Units)
			integrate(m.Hidden, func(h []float64, w float64) {
				w *= math.Exp(-m.Energy(v, h))
				z += w
				for j, hj := range h {
					mean[j] += w * hj
				}
			})
			for j := range mean {
				mean[j] /= z
			}
			f, err := m.FreeEnergy(v)
			require.NoError(t, err)
			require.InDelta(t, -math.Log(z), f, 1e-11)
			got, err := m.MeanHidden(v)
			require.NoError(t, err)
			near(t, mean, got, 1e-11, "mean")
		})
	}
}

// Z of two Gaussian sides is finite just until the largest singular value of diag(σ_v) W diag(σ_h) reaches 1.
func TestNormalisability(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	m := sample(side(Gaussian, r), Side{Family: Gaussian, Units: 2, LogVariance: normals(2, 0.5, r)}, r)
	a := mat.NewDense(3, 2, nil)
	for i := range 3 {
		for j := range 2 {
			a.Set(i, j, math.Sqrt(m.Visible.variance(i))*m.W[i*2+j]*math.Sqrt(m.Hidden.variance(j)))
		}
	}
	var svd mat.SVD
	require.True(t, svd.Factorize(a, mat.SVDNone))
	largest := svd.Values(nil)[0]
	scaled := func(to float64) *Harmonium {
		out := *m
		out.W = make([]float64, len(m.W))
		for i, w := range m.W {
			out.W[i] = w * to / largest
		}
		return &out
	}
	_, err := scaled(0.9999).LogPartition()
	require.NoError(t, err)
	for _, to := range []float64{1.0001, 2, -1.0001} {
		_, err = scaled(to).LogPartition()
		require.ErrorIs(t, err, ErrNotNormalisable)
		_, err = scaled(to).Moments()
		require.ErrorIs(t, err, ErrNotNormalisable)
		_, err = scaled(to).Gradient(rows(m, 1, r), nil)
		require.ErrorIs(t, err, ErrNotNormalisable)
	}
}
