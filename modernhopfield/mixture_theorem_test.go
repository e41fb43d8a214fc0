package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// logMixture is log w_i N(ξ; x_i, I/β) for each pattern, with w_i ∝ exp(power·β|x_i|²/2); theorem T13 has power 1.
func (n network) logMixture(power float64, xi []float64) []float64 {
	logs, weights := make([]float64, n.size()), n.logLengths(power)
	for i, x := range n.x {
		gap := along(xi, -1, x)
		logs[i] = weights[i] - logSum(weights) + float64(n.dim())/2*math.Log(n.beta/(2*math.Pi)) - n.beta/2*dot(gap, gap)
	}
	return logs
}

// logLengths is power·β|x_i|²/2.
func (n network) logLengths(power float64) []float64 {
	logs := make([]float64, n.size())
	for i, x := range n.x {
		logs[i] = power * n.beta * dot(x, x) / 2
	}
	return logs
}

// logPartition is (d/2) log(2π/β) + log Σ_i exp(power·β|x_i|²/2) − log N − βM²/2.
func (n network) logPartition(power float64) float64 {
	m := n.largest()
	return float64(n.dim())/2*math.Log(2*math.Pi/n.beta) + logSum(n.logLengths(power)) - math.Log(float64(n.size())) - n.beta*m*m/2
}

func logSum(logs []float64) float64 {
	largest, sum := math.Inf(-1), 0.0
	for _, l := range logs {
		largest = max(largest, l)
	}
	for _, l := range logs {
		sum += math.Exp(l - largest)
	}
	return largest + math.Log(sum)
}

// posterior is the mean of x_i given a state drawn around it, by Bayes' rule.
func (n network) posterior(power float64, xi []float64) []float64 {
	logs := n.logMixture(power, xi)
	p := make([]float64, len(logs))
	for i, l := range logs {
		p[i] = math.Exp(l - logSum(logs))
	}
	return combine(p, n.x)
}

// T13: exp(−βE) is Z times the mixture Σ_i w_i N(ξ; x_i, I/β) with w_i ∝ exp(β|x_i|²/2), Z is known, one update is the mean of x_i
// given ξ, and the score is β(f(ξ) − ξ). These are identities without a premise. The first three twins say that the lengths of the
// patterns do not matter, which is wrong wherever these differ, in half of the networks.
func TestTheEnergyIsAMixture(t *testing.T) {
	names := []string{
		"T13: log p = −βE − log Z is that of the mixture, twin w_i = 1/N",
		"T13: log Z, twin without |x_i|²",
		"T13: f(ξ) = E[x_i|ξ], twin w_i = 1/N",
		"T13: ∇log p = β(f(ξ) − ξ), twin without β",
	}
	eachSeed(t, names, 100, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 8, 1, 6, 0.1, 20)
		m, err := NewMixture(net.tensor(), net.beta)
		require.NoError(t, err)
		xi := along(net.inHull(r), 0.3*net.largest(), normalVector(r, net.dim()))
		state := rows64(xi, 1, net.dim())
		density, err := m.LogDensity(state)
		require.NoError(t, err)
		update, err := m.PosteriorMean(state)
		require.NoError(t, err)
		score, err := m.Score(state)
		require.NoError(t, err)

		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-11*max(1, math.Abs(a), net.beta) }
		logZ := net.logPartition(1)
		claims[0].holds(true,
			near(logSum(net.logMixture(1, xi)), density[0]) && near(-net.beta*net.energy(xi)-logZ, density[0]),
			near(logSum(net.logMixture(0, xi)), density[0]))
		claims[1].holds(true, near(logZ, m.LogPartition()), near(net.logPartition(0), m.LogPartition()))
		same := func(a, b []float64) bool { return distance(a, b) <= 1e-10*net.largest() }
		claims[2].holds(true,
			same(net.posterior(1, xi), update.Float64s()) && same(net.update(xi), update.Float64s()),
			same(net.posterior(0, xi), update.Float64s()))

		slope := make([]float64, net.dim())
		for j := range slope {
			const h = 1e-5
			e := make([]float64, net.dim())
			e[j] = h / math.Sqrt(net.beta)
			up, down := net.logMixture(1, along(xi, 1, e)), net.logMixture(1, along(xi, -1, e))
			slope[j] = (logSum(up) - logSum(down)) / (2 * e[j])
		}
		gap := 1e-6 * math.Sqrt(net.beta) * (1 + net.beta*net.largest()*net.largest())
		claims[3].holds(true, distance(slope, score.Float64s()) <= gap,
			distance(slope, along(update.Float64s(), -1, xi)) <= gap)
	})
}
