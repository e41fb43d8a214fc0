package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// storedDraw is a network, one of its patterns, and what the library says of the pattern.
type storedDraw struct {
	network
	i          int
	separation float64
	stored     bool
	radius     float64 // 1/(βNM) of lemma A7
}

// drawStored draws some networks that store their patterns and some that do not. Two opposite patterns come near to the bounds.
func drawStored(t *testing.T, r *rand.Rand) storedDraw {
	s := storedDraw{network: drawNetwork(r, 2, 5, 2, 12, 1, 60)}
	if r.IntN(4) == 0 {
		s.x = [][]float64{s.x[0], along(make([]float64, s.dim()), -uniform(r, 0.9, 1.1), s.x[0])}
	}
	s.i = r.IntN(s.size())
	all, err := Separation(s.tensor())
	require.NoError(t, err)
	require.InDelta(t, s.network.separation(s.i), all[s.i], 1e-12)
	s.separation = all[s.i]
	stored, err := Storable(s.tensor(), s.beta)
	require.NoError(t, err)
	s.stored = stored[s.i]
	s.radius = 1 / (s.beta * float64(s.size()) * s.largest())
	return s
}

// near is a state in the ball of that radius around the pattern.
func (s storedDraw) near(r *rand.Rand, radius float64) []float64 {
	return along(s.x[s.i], radius*r.Float64(), direction(r, s.dim()))
}

// T6: |x_i − f(ξ)| ≤ 2(N−1) exp(−βc) M for c = ξ·x_i − max ξ·x_j (lemma A4), and for a storable pattern the ball of radius 1/(βNM)
// is mapped into itself, is contracted, and holds one fixed point (lemmas A5 to A7).
func TestStorablePatternsAreStored(t *testing.T) {
	names := []string{
		"T6: |x_i − f(ξ)| ≤ 2(N−1) exp(−βc) M, twin 1.2",
		"T6: Δ_i = ½ min |x_i − x_j|² for equal norms, twin without the ½",
		"T6: a storable pattern's ball is mapped into itself, twin half of the separation",
		"T6: a storable pattern's ball is contracted, twin a twentieth of the separation",
		"T6: a storable pattern's ball has one fixed point, twin a twentieth of the separation",
	}
	eachSeed(t, names, 300, func(r *rand.Rand, claims []*claim) {
		s := drawStored(t, r)
		m := s.largest()

		xi := s.near(r, m)
		nearest, bounds, err := UpdateBound(s.tensor(), denseRows([][]float64{xi}), s.beta)
		require.NoError(t, err)
		c := math.Inf(1)
		for j, x := range s.x {
			if j != nearest[0] {
				c = min(c, dot(xi, s.x[nearest[0]])-dot(xi, x))
			}
		}
		require.GreaterOrEqual(t, c, 0.0, "the nearest pattern")
		bound := 2 * float64(s.size()-1) * math.Exp(-s.beta*c) * m
		require.InEpsilon(t, min(bound, 2*m), bounds[0], 1e-9)
		claims[0].bound(true, distance(s.x[nearest[0]], s.update(xi)), bounds[0], 2*m, bounds[0]/2*1.2)

		least := math.Inf(1)
		equal := true
		for j, x := range s.x {
			equal = equal && math.Abs(dot(x, x)-1) < 1e-12
			if j != s.i {
				least = min(least, math.Pow(distance(x, s.x[s.i]), 2))
			}
		}
		claims[1].holds(equal, math.Abs(s.separation-least/2) < 1e-12, math.Abs(s.separation-least) < 1e-12)

		// The twins take what is far from storable for stored.
		half, twentieth := s.stored, s.stored
		if !s.stored {
			need := (&patterns{n: s.size(), d: s.dim(), largest: m}).storableSeparation(s.beta)
			half, twentieth = s.separation >= need/2, s.separation >= need/20
		}
		a, b := s.near(r, s.radius), s.near(r, s.radius)
		inside := distance(s.update(a), s.x[s.i]) <= s.radius
		contracted := distance(s.update(a), s.update(b)) < distance(a, b)
		one := false
		if twentieth {
			end := s.settle(a)
			one = distance(end, s.settle(b)) < 1e-9 && distance(end, s.x[s.i]) <= s.radius
		}
		claims[2].twoPremises(s.stored, half, inside)
		claims[3].twoPremises(s.stored, twentieth, contracted)
		claims[4].twoPremises(s.stored, twentieth, one)
	})
}

// T7 and T8 speak of a storable pattern and its fixed point x_i*: the error after an update is at most that before it times
// 2βNM²(N−1) exp(−β(Δ_i − 2 max(|ξ − x_i|, |x_i* − x_i|) M)) (theorem 4), the retrieval error |f(ξ) − x_i| is at most
// 2(N−1) exp(−β(Δ_i − 2|ξ − x_i|M)) M, and x_i* itself is within 2e(N−1) M exp(−βΔ_i) of x_i (theorem 5).
func TestRetrievalErrorIsBounded(t *testing.T) {
	names := []string{
		"T7: |f(ξ) − x_i*| ≤ |Jᵐ| |ξ − x_i*|, twin 0.7",
		"T8: |f(ξ) − x_i| ≤ 2(N−1) exp(−β(Δ_i − 2|ξ − x_i|M)) M, twin 1.2",
		"T8: |x_i − x_i*| ≤ 2e(N−1) M exp(−βΔ_i), twin 1.2",
		"T8: BetaFor's β keeps the error, twin β/2",
	}
	eachSeed(t, names, 300, func(r *rand.Rand, claims []*claim) {
		s := drawStored(t, r)
		m, n := s.largest(), float64(s.size())

		xi := s.near(r, s.radius*decades(r, 1e-3, 1))
		if s.stored {
			fixed := s.settle(s.x[s.i])
			away := max(distance(xi, s.x[s.i]), distance(fixed, s.x[s.i]))
			k := 2 * s.beta * n * m * m * (n - 1) * math.Exp(-s.beta*(s.separation-2*away*m))
			before := distance(xi, fixed)
			claims[0].bound(true, distance(s.update(xi), fixed), k*before, before, 0.7*k*before)
		} else {
			claims[0].bound(false, 0, 0, 0, 0)
		}

		bounds, err := RetrievalBound(s.tensor(), s.beta, distance(xi, s.x[s.i]))
		require.NoError(t, err)
		bound := 2 * (n - 1) * math.Exp(-s.beta*(s.separation-2*distance(xi, s.x[s.i])*m)) * m
		require.InEpsilon(t, min(bound, 2*m), bounds[s.i], 1e-9)
		claims[1].bound(true, distance(s.update(xi), s.x[s.i]), bounds[s.i], 2*m, 0.6*bounds[s.i])

		fixedBounds, err := FixedPointBound(s.tensor(), s.beta)
		require.NoError(t, err)
		if b := fixedBounds[s.i]; !math.IsInf(b, 0) {
			require.InEpsilon(t, 2*math.E*(n-1)*m*math.Exp(-s.beta*s.separation), b, 1e-9)
			require.LessOrEqual(t, b, 1/(2*s.beta*m)*(1+1e-12))
			claims[2].bound(true, distance(s.x[s.i], s.settle(s.x[s.i])), b, 2*m, 0.6*b/math.E)
		} else {
			claims[2].bound(false, 0, 0, 0, 0)
		}

		wanted := decades(r, 1e-6, 1) * m
		beta, err := BetaFor(s.tensor(), wanted, 0)
		if err != nil {
			claims[3].bound(false, 0, 0, 0, 0)
			return
		}
		worst := func(beta float64) (worst float64) {
			for _, x := range s.x {
				worst = max(worst, distance(network{s.x, beta}.update(x), x))
			}
			return worst
		}
		claims[3].bound(true, worst(beta), wanted, 2*m, wanted)
		if above(worst(beta/2), wanted) {
			claims[3].beaten++
		}
		// It is the smallest: the bound is met with equality for the worst pattern.
		at, err := RetrievalBound(s.tensor(), beta, 0)
		require.NoError(t, err)
		var largest float64
		for _, b := range at {
			largest = max(largest, b)
		}
		require.InEpsilon(t, wanted, largest, 1e-9)
	})
}
