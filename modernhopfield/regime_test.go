package modernhopfield

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// T10: l similar patterns with the mean m and the spread m_max. An update of ξ comes within m_max + 2(N−l) exp(−βc) M of m, with
// c = ξ·m − max_{j>l} ξ·x_j (lemma A9), and where MetastableState says so it maps the ball of radius 1/(β m_max) around m into
// itself, so that there is a fixed point in it (lemma A12).
func TestSimilarPatternsMakeAMetastableState(t *testing.T) {
	names := []string{
		"T10: |m − f(ξ)| ≤ m_max + 2(N−l) exp(−βc) M, twin 0.7 m_max",
		"T10: the ball of a metastable state is mapped into itself, twin a radius of 0.1/(β m_max)",
		"T10: a fixed point is in the ball, twin in 0.1 of the ball",
	}
	eachSeed(t, names, 200, func(r *rand.Rand, claims []*claim) {
		d, l, others := integer(r, 6, 24), integer(r, 2, 5), integer(r, 1, 10)
		spreadOf := decades(r, 0.01, 0.1)
		center := direction(r, d)
		var net network
		var members []int
		for i := range l {
			net.x = append(net.x, along(center, spreadOf, direction(r, d)))
			members = append(members, i)
		}
		for range others {
			net.x = append(net.x, direction(r, d))
		}
		var spread float64
		mean := network{x: net.x[:l]}.mean()
		for _, x := range net.x[:l] {
			spread = max(spread, distance(x, mean))
		}
		net.beta = uniform(r, 0.3, 1.3) / (spread * spread)
		s, err := MetastableState(net.tensor(), members, net.beta)
		require.NoError(t, err)
		require.InDeltaSlice(t, mean, s.Center, 1e-14)
		require.InEpsilon(t, spread, s.Spread, 1e-12)
		require.InEpsilon(t, 1/(net.beta*spread), s.Radius, 1e-12)
		outside := math.Inf(1)
		for _, x := range net.x[l:] {
			outside = min(outside, dot(mean, mean)-dot(mean, x))
		}
		require.InDelta(t, outside, s.Separation, 1e-12)

		m := net.largest()
		shrink := net.beta * spread * spread
		need := 2*m/(net.beta*spread) - math.Log((1-shrink)/(2*net.beta*float64(others)*m*max(spread, 2*m)))/net.beta
		require.Equal(t, shrink <= 1 && outside >= need, s.Proved)
		xi := along(mean, s.Radius*r.Float64(), direction(r, d))
		c := math.Inf(1)
		for _, x := range net.x[l:] {
			c = min(c, dot(xi, mean)-dot(xi, x))
		}
		from := 2 * float64(others) * math.Exp(-net.beta*c) * m
		away := distance(mean, net.update(xi))
		claims[0].bound(true, away, spread+from, 2*m, 0.7*spread+from)
		claims[1].bound(s.Proved, away, s.Radius, 2*m, 0.1*s.Radius)
		if s.Proved {
			claims[2].bound(true, distance(mean, net.settle(mean)), s.Radius, 2*m, 0.1*s.Radius)
		} else {
			claims[2].bound(false, 0, 0, 0, 0)
		}
	})
}

// T11: K is the least number of weights that hold 0.90; with small β it is near N, since no weight exceeds
// exp(2β m_max (m_max + |mean|))/N, with large β it is 1, since 1 − p_i ≤ (N−1) exp(−βc); and M ≤ 1/√(2β) keeps |J| < 1 at equal
// weights.
func TestRegimeFollowsBeta(t *testing.T) {
	names := []string{
		"T11: K weights hold 0.90 and no K−1 do, twin 0.95",
		"T11: K ≥ 0.9 N exp(−2β m_max (m_max + |mean|)), twin without 0.9",
		"T11: (N−1) exp(−βc) ≤ 0.1 makes K = 1, twin ≤ 0.3",
		"T11: |J| < 1 at equal weights for M ≤ 1/√(2β), twin M ≤ 2/√(2β)",
	}
	eachSeed(t, names, 200, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 10, 1, 6, 0.01, 200)
		m := net.memory(MemoryConfig{})
		xi := net.inHull(r)
		regimes, err := m.Regimes(denseRows([][]float64{xi}))
		require.NoError(t, err)
		k := regimes[0].K
		require.Equal(t, net.size(), regimes[0].N)

		p := net.plainWeights(xi)
		least := func(share float64) int { // over all subsets
			best := len(p)
			for subset := range 1 << len(p) {
				sum, count := 0.0, 0
				for j, w := range p {
					if subset>>j&1 == 1 {
						sum += w
						count++
					}
				}
				if sum >= share {
					best = min(best, count)
				}
			}
			return best
		}
		claims[0].holds(true, k == least(0.90-1e-6), k == least(0.95))

		mean, spread := net.mean(), 0.0
		for _, x := range net.x {
			spread = max(spread, distance(x, mean))
		}
		exponent := net.beta * spread * (spread + math.Sqrt(dot(mean, mean)))
		claims[1].bound(true, -float64(k), -0.9*(1-2e-6)*float64(net.size())*math.Exp(-2*exponent), -1, -float64(net.size())*math.Exp(-2*exponent))

		i := 0
		for j := range net.x {
			if dot(net.x[j], xi) > dot(net.x[i], xi) {
				i = j
			}
		}
		c := math.Inf(1)
		for j, x := range net.x {
			if j != i {
				c = min(c, dot(xi, net.x[i])-dot(xi, x))
			}
		}
		others := float64(net.size()-1) * math.Exp(-net.beta*c)
		claims[2].twoPremises(others <= 0.1, others <= 0.3, regimes[0].Single())

		size := uniform(r, 0.5, 2)
		net.beta = size * size / 2 / math.Pow(net.largest(), 2) // M = size/√(2β)
		norm, _ := spectral(t, net.jacobian(make([]float64, net.dim())))
		claims[3].twoPremises(size <= 1, true, norm < 1)
	})
}

func TestRegimeClasses(t *testing.T) {
	for _, c := range []struct {
		k, n, class int
		text        string
	}{
		{1, 1, 1, "single pattern (k = 1 of 1)"}, {1, 1000, 4, "single pattern (k = 1 of 1000)"},
		{2, 64, 4, "metastable state (k = 2 of 64, class IV)"}, {3, 64, 3, "metastable state (k = 3 of 64, class III)"},
		{8, 64, 3, "metastable state (k = 8 of 64, class III)"}, {9, 64, 2, "metastable state (k = 9 of 64, class II)"},
		{32, 64, 2, "metastable state (k = 32 of 64, class II)"}, {33, 64, 1, "global average (k = 33 of 64)"}, {0, 8, 4, "nothing (k = 0 of 8)"},
	} {
		r := Regime{c.k, c.n}
		require.Equal(t, c.class, r.Class(), "%v", r)
		require.Equal(t, c.text, r.String())
		kinds := 0
		for _, is := range []bool{r.Single(), r.Metastable(), r.Global()} {
			if is {
				kinds++
			}
		}
		require.Equal(t, min(1, c.k), kinds)
	}
	require.Equal(t, Regime{}, MedianRegime(nil))
	regimes := []Regime{{9, 10}, {1, 10}, {4, 10}, {2, 10}}
	require.Equal(t, Regime{2, 10}, MedianRegime(regimes))
	require.Equal(t, Regime{9, 10}, regimes[0], "what was given is not sorted")
}

func TestRegimesOfAssociations(t *testing.T) {
	// Nine equal weights of ten hold 0.90, rounded or not; weights need not sum to 1; a masked row has none.
	for _, n := range []int{10, 1000} {
		equal := slices.Repeat([]float32{1 / float32(n)}, n)
		got, err := Regimes(tensor.New(tensor.WithShape(1, n), tensor.WithBacking(equal)))
		require.NoError(t, err)
		require.Equal(t, []Regime{{n * 9 / 10, n}}, got)
	}
	rows := tensor.New(tensor.WithShape(2, 2, 4), tensor.WithBacking([]float64{0, 0, 5, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0.05, 0.9, 0.02, 0.03}))
	got, err := Regimes(rows)
	require.NoError(t, err)
	require.Equal(t, []Regime{{1, 4}, {2, 4}, {0, 4}, {1, 4}}, got)
	got, err = Regimes(tensor.New(tensor.WithBacking([]float64{0.5, 0.3, 0.2})))
	require.NoError(t, err)
	require.Equal(t, []Regime{{3, 3}}, got)

	_, err = Regimes(nil)
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = Regimes(tensor.New(tensor.FromScalar(1.0)))
	require.ErrorIs(t, err, energy.ErrShape)
	_, err = Regimes(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]int{1, 2})))
	require.ErrorIs(t, err, energy.ErrDtype)
	for _, bad := range []float64{-0.1, math.NaN(), math.Inf(1)} {
		_, err = Regimes(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 0, 1, bad})))
		require.ErrorIs(t, err, energy.ErrRange)
		require.ErrorContains(t, err, "row 1, weight 1")
	}
	view, err := rows.Slice(nil, nil, tensor.S(0, 2))
	require.NoError(t, err)
	_, err = Regimes(view.(*tensor.Dense))
	require.ErrorIs(t, err, energy.ErrShape)
}

func TestHeadRegimes(t *testing.T) {
	// Two bags, two heads, three states, four patterns: head 0 retrieves one pattern, head 1 averages over all, but for a state each.
	one, all := []float64{0, 1, 0, 0}, []float64{.25, .25, .25, .25}
	weights := slices.Concat(one, one, all, all, all, one, one, one, all, all, one, all)
	got, err := HeadRegimes(tensor.New(tensor.WithShape(4, 3, 4), tensor.WithBacking(weights)), 2)
	require.NoError(t, err)
	require.Equal(t, []Regime{{K: 1, N: 4}, {K: 4, N: 4}}, got)
	for _, shape := range [][]int{{12, 4}, {3, 4, 4}} {
		_, err = HeadRegimes(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(weights)), 2)
		require.ErrorIs(t, err, energy.ErrShape)
	}
}
