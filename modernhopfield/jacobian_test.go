package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// jacobian is β times the covariance of the patterns under the weights of a state.
func (n network) jacobian(xi []float64) *mat.SymDense {
	p := n.weights(xi)
	centre := combine(p, n.x)
	j := mat.NewSymDense(n.dim(), nil)
	for k, x := range n.x {
		j.SymRankOne(j, n.beta*p[k], mat.NewVecDense(n.dim(), along(x, -1, centre)))
	}
	return j
}

// spectral is the largest eigenvalue of a symmetric positive semidefinite matrix, and the smallest.
func spectral(t *testing.T, a mat.Symmetric) (largest, smallest float64) {
	var e mat.EigenSym
	require.True(t, e.Factorize(a, false))
	values := e.Values(nil)
	return values[len(values)-1], values[0]
}

// square is ‖X‖₂², the largest eigenvalue of XᵀX.
func (n network) square(t *testing.T) float64 {
	a := mat.NewSymDense(n.dim(), nil)
	for _, x := range n.x {
		a.SymRankOne(a, 1, mat.NewVecDense(n.dim(), x))
	}
	largest, _ := spectral(t, a)
	return largest
}

// T4: the Jacobian is β Var_p[x], symmetric and positive semidefinite, of norm at most 2β‖X‖²m ≤ 2βNM²m with m = max p(1−p), and
// at most 2βNM²ε where one weight is at least 1−ε (lemma A2); that of the softmax is at most β/2. Whatever the weights, no
// variance of the patterns exceeds M².
func TestJacobianIsBounded(t *testing.T) {
	names := []string{
		"T4: ∂f/∂ξ = β Var_p[x], twin 0.99 β",
		"T4: β Var_p[x] ≥ 0, twin its negative",
		"T4: |J| ≤ 2β‖X‖²m, twin 1.2",
		"T4: |J| ≤ 2βNM²m, twin 1.2",
		"T4: |J| ≤ 2βNM²ε, twin 1.2",
		"T4: |J_softmax| ≤ β/2, twin 0.45 β",
	}
	eachSeed(t, names, 300, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 4, 1, 4, 0.1, 20)
		m, n := net.largest(), float64(net.size())
		xi := along(net.inHull(r), 0.1*m, normalVector(r, net.dim()))
		j := net.jacobian(xi)

		var gap, scaled float64
		for k := range net.dim() {
			const h = 1e-5
			e := make([]float64, net.dim())
			e[k] = 1
			high, low := net.update(along(xi, h, e)), net.update(along(xi, -h, e))
			for i := range high {
				slope := (high[i] - low[i]) / (2 * h)
				gap = max(gap, math.Abs(slope-j.At(i, k)))
				scaled = max(scaled, math.Abs(slope-0.99*j.At(i, k)))
			}
		}
		norm, least := spectral(t, j)
		claims[0].holds(norm > 0.01, gap < 1e-6*(1+math.Pow(net.beta, 3)), scaled < 1e-6*(1+math.Pow(net.beta, 3)))
		claims[1].holds(true, least > -1e-12*(1+norm), -norm > -1e-12*(1+norm))

		p := net.weights(xi)
		var most, spread float64
		softmax := mat.NewSymDense(net.size(), nil)
		for k, v := range p {
			most, spread = max(most, v), max(spread, v*(1-v))
			softmax.SetSym(k, k, net.beta*v)
		}
		softmax.SymRankOne(softmax, -net.beta, mat.NewVecDense(len(p), p))
		trivial := net.beta * m * m
		claims[2].bound(true, norm, 2*net.beta*net.square(t)*spread, trivial, 1.2*net.beta*net.square(t)*spread)
		claims[3].bound(true, norm, 2*net.beta*n*m*m*spread, trivial, 1.2*net.beta*n*m*m*spread)
		claims[4].bound(true, norm, 2*net.beta*n*m*m*(1-most), trivial, 1.2*net.beta*n*m*m*(1-most))
		ofSoftmax, _ := spectral(t, softmax)
		claims[5].bound(true, ofSoftmax, net.beta/2, net.beta*most, 0.45*net.beta)
	})
}

// T5: with k = β m_max² < 1 an update contracts the whole space by k, so that there is one fixed point; no weight of a state in the
// hull exceeds exp(2β m_max (m_max + |mean|))/N; the mean of centred patterns is a fixed point (lemma A3).
func TestSmallBetaHasOneFixedPoint(t *testing.T) {
	names := []string{
		"T5: |f(ξ) − f(ξ')| ≤ k |ξ − ξ'|, twin 0.9 k",
		"T5: n updates contract by kⁿ, twin (0.9 k)ⁿ",
		"T5: weights ≤ exp(2β m_max (m_max + |mean|))/N, twin 0.8 in the place of 2",
		"T5: the mean of centred patterns is a fixed point, twin the first pattern",
	}
	eachSeed(t, names, 300, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 5, 2, 5, 1, 1)
		centred := r.IntN(2) == 0
		if centred {
			mean := net.mean()
			for i := range net.x {
				net.x[i] = along(net.x[i], -1, mean)
			}
		}
		m, mean := net.largest(), net.mean()
		var spread float64
		for _, x := range net.x {
			spread = max(spread, distance(x, mean))
		}
		net.beta = uniform(r, 0.1, 1.4) / (spread * spread)
		k, err := ContractionConstant(net.tensor(), net.beta)
		require.NoError(t, err)
		require.InEpsilon(t, net.beta*spread*spread, k, 1e-12)

		size := decades(r, 0.01, 1)
		a := along(mean, size*spread, normalVector(r, net.dim()))
		b := along(mean, size*spread, normalVector(r, net.dim()))
		apart := distance(a, b)
		claims[0].bound(true, distance(net.update(a), net.update(b)), k*apart, 2*m, 0.9*k*apart)
		const updates = 3
		for range updates {
			a, b = net.update(a), net.update(b)
		}
		claims[1].bound(k < 1, distance(a, b), math.Pow(k, updates)*apart, 2*m, math.Pow(0.9*k, updates)*apart)

		var most float64
		for _, p := range net.weights(net.inHull(r)) {
			most = max(most, p)
		}
		exponent := net.beta * spread * (spread + math.Sqrt(dot(mean, mean)))
		claims[2].bound(k < 1, most, math.Exp(2*exponent)/float64(net.size()), 1, math.Exp(0.8*exponent)/float64(net.size()))

		fixed := func(x []float64) bool { return distance(net.update(x), x) < 1e-14*(1+m) }
		claims[3].holds(centred, fixed(make([]float64, net.dim())), fixed(net.x[0]))
	})
}
