package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"
)

// T1: 0 ≤ E, and within the hull of the patterns E ≤ ln N/β + M²/2 and E ≤ 2M² (lemma A1). Stronger than the first,
// E ≥ ½|ξ − x_k|² for the best matching pattern.
func TestEnergyIsBounded(t *testing.T) {
	names := []string{"T1: ½|ξ − x_k|² ≤ E, twin without the ½", "T1: E ≤ ln N/β + M²/2, twin without ln N", "T1: E ≤ 2M², twin M²"}
	eachSeed(t, names, 500, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 8, 1, 4, 0.1, 50)
		m := net.largest()

		xi := along(make([]float64, net.dim()), 2*m, normalVector(r, net.dim()))
		best := 0
		for j := range net.x {
			if dot(net.x[j], xi) > dot(net.x[best], xi) {
				best = j
			}
		}
		square := math.Pow(distance(xi, net.x[best]), 2)
		// The bound from below, as one from above on −E; it says more than E ≥ 0 wherever the state is no pattern.
		claims[0].bound(true, -net.energy(xi), -square/2, 0, -square)

		e := net.energy(net.inHull(r))
		claims[1].bound(true, e, math.Log(float64(net.size()))/net.beta+m*m/2, 2*m*m, m*m/2)
		claims[2].bound(true, e, 2*m*m, math.Log(float64(net.size()))/net.beta+m*m/2, m*m)
	})
}

// T2: an update lowers the energy by at least half the square of the move, so the moves go to 0 (theorems 1 and 2).
func TestUpdatesDescend(t *testing.T) {
	names := []string{
		"T2: ½|f(ξ) − ξ|² ≤ E(ξ) − E(f(ξ)), twin without the ½",
		"T2: an update lowers E, twin 2.5 updates in one step",
		"T2: the least move of n updates ≤ √(2E/n), twin a thirtieth of it",
	}
	eachSeed(t, names, 300, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 8, 1, 6, 0.1, 50)
		m := net.largest()
		xi := along(make([]float64, net.dim()), m, normalVector(r, net.dim()))
		next := net.update(xi)
		move, e := distance(next, xi), net.energy(xi)
		claims[0].bound(true, net.energy(next)-e, -move*move/2, 0, -move*move)
		over := along(xi, 2.5, along(next, -1, xi))
		claims[1].holds(move > 1e-6*m, net.energy(next) < e, net.energy(over) < e)

		const updates = 10
		least := math.Inf(1)
		for range updates {
			next := net.update(xi)
			least = min(least, distance(next, xi))
			xi = next
		}
		bound := math.Sqrt(2 * e / updates)
		claims[2].bound(true, least, bound, 2*m, bound/30)
	})
}

// T3: an update is a step of gradient descent of length 1, and its result lies in the hull of the patterns, so within M.
func TestUpdateIsAGradientStep(t *testing.T) {
	names := []string{
		"T3: |ξ − ∂E − f(ξ)| ≤ 1e-6, twin a step of 0.9",
		"T3: |f(ξ)| ≤ M, twin 0.9 M",
		"T3: u·f(ξ) ≤ max u·x_i, twin a tenth of the width less",
	}
	eachSeed(t, names, 200, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 8, 1, 5, 0.1, 20)
		m := net.largest()
		xi := along(make([]float64, net.dim()), m, normalVector(r, net.dim()))
		f := net.update(xi)
		descent, short := make([]float64, net.dim()), make([]float64, net.dim())
		for i := range xi {
			const h = 1e-5
			e := make([]float64, net.dim())
			e[i] = 1
			slope := (net.energy(along(xi, h, e)) - net.energy(along(xi, -h, e))) / (2 * h)
			descent[i], short[i] = xi[i]-slope, xi[i]-0.9*slope
		}
		claims[0].holds(true, distance(descent, f) < 1e-6*(1+m), distance(short, f) < 1e-6*(1+m))
		claims[1].bound(true, math.Sqrt(dot(f, f)), m, 2*m, 0.9*m)

		u := direction(r, net.dim())
		high, low := math.Inf(-1), math.Inf(1)
		for _, x := range net.x {
			high, low = max(high, dot(u, x)), min(low, dot(u, x))
		}
		claims[2].bound(true, dot(u, f), high, m, high-(high-low)/10)
	})
}
