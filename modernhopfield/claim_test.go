package modernhopfield

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/stattest"
)

// claim is a theorem under test: over random draws it counts how often its premise held, how often its bound said something that was
// not true anyway, and how often a claim strengthened beyond the theorem, its twin, was violated. A theorem whose premise hardly
// ever holds, or whose twin nothing violates, has not been tested.
type claim struct {
	t                                   *testing.T
	name                                string
	draws, premise, informative, beaten int
}

// above compares with a bound, beyond the rounding of numbers of the size 1.
func above(actual, bound float64) bool { return !(actual <= bound+1e-9*math.Abs(bound)+1e-12) }

// bound is one draw of the claim actual ≤ bound if premise. It says something if it is below trivial; twin is the bound of the
// strengthened claim.
func (c *claim) bound(premise bool, actual, bound, trivial, twin float64) {
	c.t.Helper()
	c.draws++
	if !premise {
		return
	}
	c.premise++
	if above(actual, bound) {
		c.t.Errorf("%s: %g is above the bound %g", c.name, actual, bound)
	}
	if bound < trivial {
		c.informative++
	}
	if above(actual, twin) {
		c.beaten++
	}
}

// holds is one draw of a claim that is no inequality.
func (c *claim) holds(premise, claim, twin bool) {
	c.t.Helper()
	c.draws++
	if !premise {
		return
	}
	c.premise++
	c.informative++
	if !claim {
		c.t.Errorf("%s: violated", c.name)
	}
	if !twin {
		c.beaten++
	}
}

// twoPremises is one draw of a claim whose twin has a weaker premise.
func (c *claim) twoPremises(premise, weaker, claim bool) {
	c.t.Helper()
	if !premise && weaker && !claim {
		c.beaten++
	}
	c.holds(premise, claim, true)
}

// done reports the counts.
func (c *claim) done() {
	c.t.Helper()
	share := func(n int) float64 { return 100 * float64(n) / float64(c.draws) }
	c.t.Logf("%s: %d draws, premise held in %.0f %%, bound said something in %.0f %%, twin violated in %.1f %%",
		c.name, c.draws, share(c.premise), share(c.informative), share(c.beaten))
	require.GreaterOrEqual(c.t, share(c.premise), 20.0, c.name)
	require.GreaterOrEqual(c.t, share(c.informative), 20.0, c.name)
	require.Positive(c.t, c.beaten, "%s: the strengthened claim holds too: the test says nothing", c.name)
}

// eachSeed runs a test of claims over fixed seeds, and reports the claims over all of them.
func eachSeed(t *testing.T, names []string, draws int, draw func(r *rand.Rand, claims []*claim)) {
	claims := make([]*claim, len(names))
	for i, name := range names {
		claims[i] = &claim{t: t, name: name}
	}
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 4))
		for range draws {
			draw(r, claims)
		}
	}
	for _, c := range claims {
		c.done()
	}
}

// network is a memory of few patterns with softmax, with what the bounds are held against in plain loops.
type network struct {
	x    [][]float64
	beta float64
}

func (n network) size() int { return len(n.x) }
func (n network) dim() int  { return len(n.x[0]) }

func (n network) tensor() *tensor.Dense { return denseRows(n.x) }

func denseRows(x [][]float64) *tensor.Dense {
	var all []float64
	for _, row := range x {
		all = append(all, row...)
	}
	return tensor.New(tensor.WithShape(len(x), len(x[0])), tensor.WithBacking(all))
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// combine is Σ_j p_j x_j.
func combine(p []float64, x [][]float64) []float64 {
	out := make([]float64, len(x[0]))
	for j, row := range x {
		for i, v := range row {
			out[i] += p[j] * v
		}
	}
	return out
}

// memory is the network as the library has it.
func (n network) memory(config MemoryConfig) *Memory {
	config.Beta = n.beta
	m, err := NewMemory(n.tensor(), config)
	if err != nil {
		panic(err)
	}
	return m
}

func (n network) update(xi []float64) []float64 {
	r, err := n.memory(MemoryConfig{Steps: 1}).Retrieve(denseRows([][]float64{xi}))
	if err != nil {
		panic(err)
	}
	return r.States.Float64s()
}

func (n network) weights(xi []float64) []float64 {
	p, err := n.memory(MemoryConfig{}).Association(denseRows([][]float64{xi}))
	if err != nil {
		panic(err)
	}
	return p.Float64s()
}

func (n network) energy(xi []float64) float64 {
	e, err := n.memory(MemoryConfig{}).Energy(denseRows([][]float64{xi}))
	if err != nil {
		panic(err)
	}
	return e[0]
}

// plainWeights, plainUpdate and plainEnergy are the formulas of the paper in plain loops.
func (n network) plainWeights(xi []float64) []float64 {
	p, largest, sum := make([]float64, n.size()), math.Inf(-1), 0.0
	for j, x := range n.x {
		p[j] = n.beta * dot(x, xi)
		largest = max(largest, p[j])
	}
	for j := range p {
		p[j] = math.Exp(p[j] - largest)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return p
}

func (n network) plainUpdate(xi []float64) []float64 { return combine(n.plainWeights(xi), n.x) }

func (n network) plainEnergy(xi []float64) float64 {
	largest, sum := math.Inf(-1), 0.0
	for _, x := range n.x {
		largest = max(largest, n.beta*dot(x, xi))
	}
	for _, x := range n.x {
		sum += math.Exp(n.beta*dot(x, xi) - largest)
	}
	m := n.largest()
	return -(largest+math.Log(sum))/n.beta + dot(xi, xi)/2 + math.Log(float64(n.size()))/n.beta + m*m/2
}

func (n network) largest() (m float64) {
	for _, x := range n.x {
		m = max(m, math.Sqrt(dot(x, x)))
	}
	return m
}

func (n network) mean() []float64 {
	p := make([]float64, n.size())
	for i := range p {
		p[i] = 1 / float64(len(p))
	}
	return combine(p, n.x)
}

func (n network) separation(i int) float64 {
	delta := math.Inf(1)
	for j, x := range n.x {
		if j != i {
			delta = min(delta, dot(n.x[i], n.x[i])-dot(n.x[i], x))
		}
	}
	return delta
}

// settle updates a state in plain loops until it rests.
func (n network) settle(xi []float64) []float64 {
	for range 100_000 {
		next := n.plainUpdate(xi)
		if distance(next, xi) < 1e-13 {
			return next
		}
		xi = next
	}
	panic(fmt.Sprintf("a state of %d patterns did not settle at β = %g", n.size(), n.beta))
}

// along is x + step·direction.
func along(x []float64, step float64, direction []float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i] + step*direction[i]
	}
	return out
}

// normals is a standard normal vector, direction one on the unit sphere.
func normalVector(r *rand.Rand, d int) []float64 {
	x := make([]float64, d)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func direction(r *rand.Rand, d int) []float64 {
	x := normalVector(r, d)
	return along(make([]float64, d), 1/math.Sqrt(dot(x, x)), x)
}

// between draws a number from [lo, hi], decades one whose logarithm is uniform there.
func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
func decades(r *rand.Rand, lo, hi float64) float64 {
	return math.Exp(uniform(r, math.Log(lo), math.Log(hi)))
}
func integer(r *rand.Rand, lo, hi int) int { return lo + r.IntN(hi-lo+1) }

// drawNetwork draws patterns of different norms, or in half of the draws of norm 1, and β from [lo, hi]/M².
func drawNetwork(r *rand.Rand, minN, maxN, minD, maxD int, lo, hi float64) network {
	n, d := integer(r, minN, maxN), integer(r, minD, maxD)
	var net network
	sphere := r.IntN(2) == 0
	for range n {
		x := direction(r, d)
		if !sphere {
			x = normalVector(r, d)
		}
		net.x = append(net.x, x)
	}
	m := net.largest()
	net.beta = decades(r, lo, hi) / (m * m)
	return net
}

// inHull draws a state in the convex hull of the patterns, now and then a pattern.
func (n network) inHull(r *rand.Rand) []float64 {
	p, sum := make([]float64, n.size()), 0.0
	for i := range p {
		p[i] = math.Pow(r.ExpFloat64(), 3)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	if r.IntN(3) == 0 {
		clear(p)
		p[r.IntN(len(p))] = 1
	}
	return combine(p, n.x)
}
