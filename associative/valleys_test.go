package associative

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// stableShare is the share of states that no unit wants to leave.
func stableShare(t *testing.T, h *Hopfield, states *tensor.Dense) float64 {
	return float64(stableCount(t, h, states)) / float64(states.Shape()[0])
}

// oracle is the network as the enumeration sees it.
func oracle(h *Hopfield) *exact.Quadratic {
	q := &exact.Quadratic{Units: exact.Side{Family: exact.Spin, Units: h.n}, W: h.Couplings().Float64s(), B: make([]float64, h.n)}
	copy(q.B, h.config.Bias)
	return q
}

// likelihood is the mean of log p(x) at a temperature, by enumeration.
func likelihood(t *testing.T, q *exact.Quadratic, rows, weights []float64, temperature float64) float64 {
	logZ, err := q.LogPartition(temperature)
	require.NoError(t, err)
	n, sum, total := len(q.B), 0.0, 0.0
	for k, a := range weights {
		sum += a * (-q.Energy(rows[k*n:(k+1)*n])/temperature - logZ)
		total += a
	}
	return sum / total
}

// withoutDiagonal is a copy of a matrix with zeros there.
func withoutDiagonal(m []float64, n int) []float64 {
	m = slices.Clone(m)
	clearDiagonal(m, n)
	return m
}

// smallNetwork has couplings and biases of size 1.
func smallNetwork(t *testing.T, r *rand.Rand, n int) *Hopfield {
	w, b := make([]float64, n*n), make([]float64, n)
	for i := range n {
		b[i] = r.NormFloat64() / 2
		for j := range i {
			w[i*n+j] = r.NormFloat64() / math.Sqrt(float64(n))
			w[j*n+i] = w[i*n+j]
		}
	}
	h, err := newHopfield(w, n, 1, HopfieldConfig{Bias: b})
	require.NoError(t, err)
	return h
}

func TestMomentsOfAllStatesAreThoseOfTheEnumeration(t *testing.T) {
	for _, n := range []int{1, 2, 5, 13} { // 13 units are more than one block
		for _, temperature := range []float64{0.3, 1, 4} {
			h := smallNetwork(t, rand.New(rand.NewPCG(uint64(n), 1)), n)
			second, first := modelMoments(h, temperature)
			mean, pairs, err := oracle(h).Moments(temperature)
			require.NoError(t, err)
			require.InDeltaSlice(t, mean, first, 1e-10)
			require.InDeltaSlice(t, withoutDiagonal(pairs, n), second, 1e-10)
		}
	}
}

// The step of AllStates, divided by η·T, is the gradient of the mean log-likelihood, taken by differences of the enumerated one.
func TestAllStatesAscendTheLikelihood(t *testing.T) {
	const n, p, h = 5, 7, 1e-5
	for _, temperature := range []float64{1, 2.5} {
		r := rand.New(rand.NewPCG(3, 1))
		x, importance := spins(r, p, n), make([]float64, p)
		for k := range importance {
			importance[k] = r.Float64()
		}
		rule := Valleys{From: AllStates, Rate: 0.2, Epochs: 4, Bias: true, Importance: importance, Temperature: temperature}
		before := learn(t, rule, x)
		rule.Epochs++
		after := learn(t, rule, x)
		q := oracle(before)
		slope := func(move func(by float64)) float64 {
			move(h)
			up := likelihood(t, q, x.Float64s(), importance, temperature)
			move(-2 * h)
			down := likelihood(t, q, x.Float64s(), importance, temperature)
			move(h)
			return (up - down) / (2 * h)
		}
		scale := rule.Rate * temperature
		for i := range n {
			got := (after.bias(i) - before.bias(i)) / scale
			require.InDelta(t, slope(func(by float64) { q.B[i] += by }), got, 1e-8)
			for j := range i {
				got := (after.m[i*n+j] - before.m[i*n+j]) / scale
				require.InDelta(t, slope(func(by float64) { q.W[i*n+j] += by; q.W[j*n+i] += by }), got, 1e-8)
			}
		}
	}
}

// Each step is that of the enumeration, which owes nothing to this package.
func TestAllStatesFollowExactLikelihood(t *testing.T) {
	const n, p, epochs = 6, 9, 30
	for _, seed := range stattest.Seeds {
		x := spins(rand.New(rand.NewPCG(seed, 1)), p, n)
		q := &exact.Quadratic{Units: exact.Side{Family: exact.Spin, Units: n}, W: make([]float64, n*n), B: make([]float64, n)}
		for range epochs {
			mean, pairs, err := q.Moments(1)
			require.NoError(t, err)
			for i := range n {
				for k := range p {
					q.B[i] += 0.3 * (x.Float64s()[k*n+i] - mean[i]) / p
				}
				for j := range n {
					for k := 0; k < p && j != i; k++ {
						q.W[i*n+j] += 0.3 * (x.Float64s()[k*n+i]*x.Float64s()[k*n+j] - pairs[i*n+j]) / p
					}
				}
			}
		}
		got := learn(t, Valleys{From: AllStates, Rate: 0.3, Epochs: epochs, Bias: true}, x)
		require.InDeltaSlice(t, q.W, got.m, 1e-10)
		require.InDeltaSlice(t, q.B, got.config.Bias, 1e-10)
	}
}

// Patterns that are all states, as often as a network has them, give back that network, and so its means and correlations.
func TestAllStatesFindTheNetworkThatDataAreFrom(t *testing.T) {
	const n = 5
	for _, temperature := range []float64{1, 2} {
		truth := smallNetwork(t, rand.New(rand.NewPCG(8, 1)), n)
		states, p, err := oracle(truth).Probabilities(temperature)
		require.NoError(t, err)
		x := tensorOf(states...)
		rule := Valleys{From: AllStates, Rate: 0.4, Epochs: 100_000, Tolerance: 1e-11, Bias: true, Importance: p, Temperature: temperature}
		got := learn(t, rule, x)
		require.InDeltaSlice(t, truth.m, got.m, 1e-7)
		require.InDeltaSlice(t, truth.config.Bias, got.config.Bias, 1e-7)
		rule.Temperature = 1.5 // the twin: another temperature is another network
		require.Greater(t, math.Abs(learn(t, rule, x).m[1]-truth.m[1]), 1e-3)

		// Without biases it is the network whose correlations are those of the patterns.
		rule = Valleys{From: AllStates, Rate: 0.4, Epochs: 100_000, Tolerance: 1e-11, Importance: p}
		free := learn(t, rule, x)
		require.Nil(t, free.config.Bias)
		_, pairs, err := oracle(free).Moments(1)
		require.NoError(t, err)
		_, want, err := oracle(truth).Moments(temperature)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, pairs, 1e-10)
	}
}

// What lies beyond Hebb: loads at which it stores next to nothing are stored without a wrong bit.
func TestValleysStoreBeyondHebb(t *testing.T) {
	const n = 60
	for _, c := range []struct {
		rule Valleys
		p    int
	}{
		{Valleys{From: RandomStates}, 24},
		{Valleys{From: RandomStates, Starts: 40, Bias: true}, 24},
		{Valleys{From: Targets}, 48},
		{Valleys{From: NearTargets}, 60},
		{Valleys{From: NearTargets, Steps: 2, Bias: true}, 60},
		{Valleys{From: NearTargets, Steps: 4}, 54},
	} {
		for _, seed := range stattest.Seeds {
			x := spins(rand.New(rand.NewPCG(seed, 1)), c.p, n)
			c.rule.Seed = seed
			h := learn(t, c.rule, x)
			require.Equal(t, 1.0, stableShare(t, h, x), "%v, seed %d", c.rule, seed)
			require.Less(t, stableShare(t, learn(t, Hebb{}, x), x), 0.3)
			require.Equal(t, c.rule.Bias, h.config.Bias != nil)
		}
	}
}

// Learning ends as soon as there is nothing to learn.
func TestValleysLeaveStablePatternsAlone(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(5, 1)), 2, 50)
	hebb := learn(t, Hebb{}, x)
	require.Equal(t, 1.0, stableShare(t, hebb, x))
	for _, from := range []ValleysFrom{RandomStates, Targets, NearTargets} {
		h := learn(t, Valleys{From: from, Seed: 3}, x)
		for k, v := range h.m {
			require.InDelta(t, hebb.weights()[k]/2, v, 1e-15) // Hebb counts patterns, here they have shares
		}
	}
}

// A pattern of no weight is not looked at; one of weight 2 is two.
func TestImportanceIsRepetition(t *testing.T) {
	const n = 8
	x := spins(rand.New(rand.NewPCG(6, 1)), 4, n)
	rows := x.Float64s()
	row := func(k int) []float64 { return rows[k*n : (k+1)*n] }
	twice := tensorOf(row(0), row(0), row(1), row(3), row(3), row(3))
	for _, bias := range []bool{false, true} {
		weighted := learn(t, Valleys{From: AllStates, Epochs: 50, Bias: bias, Importance: []float64{2, 1, 0, 3}}, x)
		repeated := learn(t, Valleys{From: AllStates, Epochs: 50, Bias: bias}, twice)
		require.InDeltaSlice(t, repeated.m, weighted.m, 1e-12)
		require.Greater(t, math.Abs(learn(t, Valleys{From: AllStates, Epochs: 50, Bias: bias}, x).m[1]-weighted.m[1]), 1e-3)
	}
	many := spins(rand.New(rand.NewPCG(7, 1)), 30, 40)
	importance := slices.Repeat([]float64{1}, 30)
	importance[7] = 0
	without := slices.Delete(slices.Clone(many.Float64s()), 7*40, 8*40)
	a := learn(t, Valleys{From: Targets, Importance: importance}, many)
	b := learn(t, Valleys{From: Targets}, matrix.Tensor(tensor.Float64, without, 29, 40))
	require.InDeltaSlice(t, b.m, a.m, 1e-12)
}

// The states near the targets are so many flips down, each of which lowers the energy; valleys are at rest.
func TestStepsDownFromTheTargets(t *testing.T) {
	const n, p = 40, 40
	x := spins(rand.New(rand.NewPCG(9, 1)), p, n)
	rule := Valleys{From: NearTargets}
	shares, err := sharesOf(nil, p)
	require.NoError(t, err)
	fewer := 0
	for _, steps := range []int{1, 2, 3, 4, 1000} {
		rule.Steps = steps
		a := &ascent{Valleys: rule.withDefaults(p), x: x.Float64s(), n: n, shares: shares}
		require.NoError(t, a.start())
		from, weights := a.unstable()
		require.Greater(t, len(weights), p/2)
		to := slices.Clone(from)
		a.descend(0, to)
		settled := slices.Clone(from)
		a.settle(0, settled)
		require.Equal(t, 1.0, stableShare(t, a.h, matrix.Tensor(tensor.Float64, settled, len(weights), n)))
		for k := range weights {
			before, after := from[k*n:(k+1)*n], to[k*n:(k+1)*n]
			flips := 0
			for i := range before {
				if before[i] != after[i] {
					flips++
				}
			}
			require.Positive(t, flips)
			require.LessOrEqual(t, flips, steps)
			if flips < min(steps, n) {
				fewer++
			}
			require.Less(t, plainEnergy(a.h, after), plainEnergy(a.h, before))
		}
		if steps == 1000 {
			require.Equal(t, 1.0, stableShare(t, a.h, matrix.Tensor(tensor.Float64, to, len(weights), n)))
		}
	}
	require.Positive(t, fewer) // some valleys are nearer than a thousand flips
}

// Rules that look at energies alone do not know how units are numbered, or which of a unit's two values is called 1.
func TestDescentIsInvariant(t *testing.T) {
	const n = 7
	for _, c := range []struct {
		rule      Rule
		tolerance float64
	}{{Valleys{From: AllStates, Epochs: 30, Bias: true}, 1e-13}, {MPF{Decay: 0.1, Tolerance: 1e-10}, 1e-8}} {
		for _, seed := range stattest.Seeds {
			r := rand.New(rand.NewPCG(seed, 5))
			x, order, signs := spins(r, 4, n), r.Perm(n), spins(r, 1, n).Float64s()
			h, moved, gauged := learn(t, c.rule, x), learn(t, c.rule, permuted(x, order)), learn(t, c.rule, turned(x, signs))
			for i := range n {
				require.InDelta(t, h.bias(order[i]), moved.bias(i), c.tolerance)
				require.InDelta(t, h.bias(i)*signs[i], gauged.bias(i), c.tolerance)
				for j := range n {
					require.InDelta(t, h.m[order[i]*n+order[j]], moved.m[i*n+j], c.tolerance)
					require.InDelta(t, h.m[i*n+j]*signs[i]*signs[j], gauged.m[i*n+j], c.tolerance)
				}
			}
		}
	}
}

func TestValleysDependOnTheSeedAlone(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(10, 1)), 25, 50)
	for _, from := range []ValleysFrom{RandomStates, Targets, NearTargets} {
		rule := Valleys{From: from, Seed: 1}
		a := learn(t, rule, x)
		before := runtime.GOMAXPROCS(1)
		b := learn(t, rule, x)
		runtime.GOMAXPROCS(before)
		require.Equal(t, a.m, b.m)
		rule.Seed = 2
		require.NotEqual(t, a.m, learn(t, rule, x).m)
		single := tensor.New(tensor.WithShape(25, 50), tensor.WithBacking(make([]float32, 25*50)))
		for k, v := range x.Float64s() {
			single.Float32s()[k] = float32(v)
		}
		rule.Seed = 1
		require.Equal(t, a.m, learn(t, rule, single).m)
	}
}

func TestValleysRefuse(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(11, 1)), 3, 4)
	for _, c := range []struct {
		name string
		rule Valleys
		x    *tensor.Dense
		err  error
		text string
	}{
		{"unknown source", Valleys{From: 4}, x, energy.ErrConfig, "associative: valleys from ValleysFrom(4): Learn: From is ValleysFrom(4)"},
		{"negative rate", Valleys{From: AllStates, Rate: -1}, x, energy.ErrConfig, "Rate is -1"},
		{"no rate", Valleys{From: AllStates, Rate: math.NaN()}, x, energy.ErrConfig, "Rate is NaN"},
		{"negative epochs", Valleys{From: AllStates, Epochs: -1}, x, energy.ErrConfig, "Epochs is -1"},
		{"negative steps", Valleys{From: NearTargets, Steps: -1}, x, energy.ErrConfig, "Steps is -1"},
		{"negative starts", Valleys{From: RandomStates, Starts: -1}, x, energy.ErrConfig, "Starts is -1"},
		{"negative temperature", Valleys{From: AllStates, Temperature: -1}, x, energy.ErrConfig, "Temperature is -1"},
		{"infinite tolerance", Valleys{From: AllStates, Tolerance: math.Inf(1)}, x, energy.ErrConfig, "Tolerance is +Inf"},
		{"temperature of valleys", Valleys{From: Targets, Temperature: 1}, x, energy.ErrConfig, "Temperature is given"},
		{"tolerance of valleys", Valleys{From: RandomStates, Tolerance: 1}, x, energy.ErrConfig, "Tolerance is given"},
		{"starts of targets", Valleys{From: Targets, Starts: 1}, x, energy.ErrConfig, "Starts is given"},
		{"steps of targets", Valleys{From: Targets, Steps: 1}, x, energy.ErrConfig, "Steps is given"},
		{"seed of all", Valleys{From: AllStates, Seed: 1}, x, energy.ErrConfig, "Seed is given"},
		{"too many units", Valleys{From: AllStates}, spins(rand.New(rand.NewPCG(1, 1)), 2, 23), energy.ErrConfig, "23 units, want at most 22"},
		{"importance of others", Valleys{From: AllStates, Importance: []float64{1}}, x, energy.ErrShape, "Importance has 1 numbers for 3 patterns"},
		{"negative importance", Valleys{From: AllStates, Importance: []float64{1, -1, 1}}, x, energy.ErrRange, "Importance 1 is -1"},
		{"importance not finite", Valleys{From: AllStates, Importance: []float64{1, 1, math.NaN()}}, x, energy.ErrNotFinite, "Importance 2 is NaN"},
		{"no importance at all", Valleys{From: AllStates, Importance: []float64{0, 0, 0}}, x, energy.ErrRange, "adds up to 0"},
		{"too fast", Valleys{From: AllStates, Rate: 1e308}, x, energy.ErrNotFinite, "couplings overflow"},
		{"no patterns", Valleys{From: AllStates}, nil, energy.ErrShape, "patterns: no tensor given"},
		{"bits", Valleys{From: AllStates}, tensorOf([]float64{0, 1}), energy.ErrRange, "patterns: row 0, column 0 is 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := c.rule.Learn(context.Background(), c.x)
			require.Nil(t, h)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.text)
			require.ErrorContains(t, err, "associative: valleys from ")
		})
	}
}

func TestValleysEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Valleys{From: AllStates}.Learn(ctx, spins(rand.New(rand.NewPCG(1, 1)), 3, 4))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "associative: valleys from AllStates: Learn: after 0 epochs")
}

// One unit has no couplings; a pattern that is there twice, or with its negative, is a pattern; and rules say no more than that.
func TestDescentOnTheSmallest(t *testing.T) {
	for _, rule := range []Rule{
		Valleys{From: AllStates, Epochs: 20}, Valleys{From: RandomStates, Epochs: 20}, Valleys{From: Targets}, Valleys{From: NearTargets, Bias: true}, MPF{}, MPF{Bias: true},
		Unrolled{Epochs: 2, Copies: 2}, Padded{Rule: Hebb{}, Hidden: 2, Paddings: Decorrelated}, Padded{Rule: MPF{}, Hidden: 1, Copies: 2, Paddings: Relaxed},
	} {
		for _, x := range []*tensor.Dense{
			tensorOf([]float64{1}), tensorOf([]float64{1}, []float64{-1}), tensorOf([]float64{1, 1}, []float64{1, 1}, []float64{-1, -1}),
			tensorOf([]float64{1, 1}, []float64{1, -1}, []float64{-1, 1}, []float64{-1, -1}),
		} {
			h := learn(t, rule, x)
			for _, w := range h.Couplings().Float64s() {
				require.False(t, math.IsNaN(w))
			}
		}
	}
	require.Equal(t, []float64{0, 0, 0, 0}, learn(t, MPF{}, tensorOf([]float64{1, 1}, []float64{1, -1})).Couplings().Float64s())
}
