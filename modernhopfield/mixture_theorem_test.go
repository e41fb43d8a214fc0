package modernhopfield

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// theoremMixture is a random network in plain numbers.
type theoremMixture struct {
	d, n     int
	beta     float64
	patterns []float64
	state    []float64
}

func randomTheoremMixture(r *rand.Rand) theoremMixture {
	x := theoremMixture{d: 1 + r.IntN(6), n: 2 + r.IntN(7), beta: math.Exp(r.NormFloat64())}
	scale := math.Exp(0.5 * r.NormFloat64())
	x.patterns = normalRows(r, x.n, x.d, scale)
	x.state = normalRows(r, 1, x.d, scale)
	return x
}

func (x theoremMixture) pattern(i int) []float64 { return x.patterns[i*x.d : (i+1)*x.d] }

// logJoint is log w_i N(ξ; x_i, I/β) with w_i ∝ exp(power·β|x_i|²/2): the theorem has power 1.
func (x theoremMixture) logJoint(power float64, state []float64) []float64 {
	logs := make([]float64, x.n)
	total := math.Inf(-1)
	for i := range logs {
		for _, v := range x.pattern(i) {
			logs[i] += power * x.beta * v * v / 2
		}
		total = logAdd(total, logs[i])
	}
	for i := range logs {
		logs[i] += float64(x.d)/2*math.Log(x.beta/(2*math.Pi)) - total
		for j, v := range x.pattern(i) {
			logs[i] -= x.beta / 2 * (state[j] - v) * (state[j] - v)
		}
	}
	return logs
}

func logAdd(a, b float64) float64 {
	return max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
}

func logTotal(logs []float64) float64 {
	total := logs[0]
	for _, l := range logs[1:] {
		total = logAdd(total, l)
	}
	return total
}

// logPartition is (d/2) log(2π/β) + log Σ exp(power·β|x_i|²/2) − log N − βM²/2.
func (x theoremMixture) logPartition(power float64) float64 {
	logs, largest := make([]float64, x.n), 0.0
	for i := range logs {
		square := 0.0
		for _, v := range x.pattern(i) {
			square += v * v
		}
		logs[i] = power * x.beta * square / 2
		largest = max(largest, square)
	}
	return float64(x.d)/2*math.Log(2*math.Pi/x.beta) + logTotal(logs) - math.Log(float64(x.n)) - x.beta*largest/2
}

// T13: exp(−βE) is, up to Z, the mixture Σ_i w_i N(ξ; x_i, I/β) with w_i ∝ exp(β|x_i|²/2); Z is known; one update is the mean of
// x_i given ξ; the score is β(f(ξ) − ξ). It is an identity and has no premise, so it must hold for every network. The twins claim
// more than it does, that the weights are equal whatever the lengths of the patterns (so also that Z does not know them).
func TestTheoremThatTheEnergyIsAMixture(t *testing.T) {
	const trials = 400
	r := rand.New(rand.NewPCG(13, 1))
	held, equalWeights, equalPartition := 0, 0, 0
	for range trials {
		x := randomTheoremMixture(r)
		m, err := NewMixture(rows64(x.patterns, x.n, x.d), x.beta)
		require.NoError(t, err)
		held++
		energy := x.beta * plainEnergy(x.patterns, x.d, x.beta, x.state)
		tolerance := 1e-12 * max(1, math.Abs(energy), math.Abs(x.logPartition(1)))

		logs := x.logJoint(1, x.state)
		density := logTotal(logs)
		require.InDelta(t, density, -energy-x.logPartition(1), 10*tolerance)
		require.InDelta(t, x.logPartition(1), m.LogPartition(), tolerance)
		got, err := m.LogDensity(rows64(x.state, 1, x.d))
		require.NoError(t, err)
		require.InDelta(t, density, got[0], 10*tolerance)

		mean := make([]float64, x.d) // of the pattern given the state, by Bayes' rule
		for i, l := range logs {
			for j, v := range x.pattern(i) {
				mean[j] += math.Exp(l-density) * v
			}
		}
		update, err := m.PosteriorMean(rows64(x.state, 1, x.d))
		require.NoError(t, err)
		require.InDeltaSlice(t, mean, update.Float64s(), 1e-10)

		score, err := m.Score(rows64(x.state, 1, x.d))
		require.NoError(t, err)
		for j := range x.d {
			const step = 1e-5
			up, down := append([]float64(nil), x.state...), append([]float64(nil), x.state...)
			up[j], down[j] = up[j]+step, down[j]-step
			slope := (logTotal(x.logJoint(1, up)) - logTotal(x.logJoint(1, down))) / (2 * step)
			require.InDelta(t, slope, score.Float64s()[j], 1e-6*max(1, math.Abs(slope), x.beta*x.beta))
		}

		if math.Abs(logTotal(x.logJoint(0, x.state))-got[0]) > 0.01 {
			equalWeights++
		}
		if math.Abs(x.logPartition(0)-m.LogPartition()) > 0.01 {
			equalPartition++
		}
	}
	t.Logf("T13: no premise, held for %d of %d networks; equal weights violated by %d, Z without lengths by %d", held, trials, equalWeights, equalPartition)
	require.Equal(t, trials, held)
	require.Greater(t, equalWeights, trials/2)
	require.Greater(t, equalPartition, trials/2)
}
