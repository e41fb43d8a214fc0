package modernhopfield

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// T7, a posteriori: a state that an update has moved by little is near a fixed point, |f(ξ) − ξ*| ≤ k/(1−k)·|f(ξ) − ξ| with a
// contraction constant k that is proved on a ball that holds both. The fixed point is found by plain loops in float64.
func TestErrorBound(t *testing.T) {
	names := []string{
		"T7: settled float64 states, twin 0.6 of the bound",
		"T7: settled float32 states, twin 0.6 of the bound",
		"T7: β m_max² < 1, states on their way, twin k/(1−k)·½ of the move",
	}
	eachSeed(t, names, 150, func(r *rand.Rand, claims []*claim) {
		net := drawNetwork(r, 2, 12, 2, 12, 0.5, 50)
		m := net.largest()
		xi := along(net.x[r.IntN(net.size())], decades(r, 1e-3, 0.5)*m, direction(r, net.dim()))
		for i, dtype := range memoryDtypes {
			// A wide tolerance, so that rounding is not all of the error.
			memory := newMemory(t, rowsIn(dtype, net.x), MemoryConfig{Beta: net.beta, Tolerance: decades(r, 1e-6, 1e-1) * m})
			got := retrieve(t, memory, rowsIn(dtype, [][]float64{xi}))
			bound := got.ErrorBound[0]
			if math.IsInf(bound, 1) {
				claims[1-i].bound(false, 0, 0, 0, 0)
				continue
			}
			state := numbersOf(got.States)
			as := network{rowsOfTensor(memory.Patterns()), net.beta}
			if dtype == tensor.Float32 {
				as.beta = float64(float32(net.beta))
			}
			claims[1-i].bound(true, distance(state, as.settle(state)), bound, 2*m, 0.6*bound)
		}

		mean, spread := net.mean(), 0.0
		for _, x := range net.x {
			spread = max(spread, distance(x, mean))
		}
		net.beta = uniform(r, 0.1, 0.95) / (spread * spread)
		k := net.beta * spread * spread
		memory := net.memory(MemoryConfig{Steps: integer(r, 1, 3)})
		xi = along(mean, spread*decades(r, 0.01, 2), direction(r, net.dim()))
		got := retrieve(t, memory, denseRows([][]float64{xi}))
		state := got.States.Float64s()
		require.LessOrEqual(t, got.ErrorBound[0], k/(1-k)*got.Residual[0]*(1+1e-9)+1e-12)
		claims[2].bound(true, distance(state, net.settle(state)), k/(1-k)*got.Residual[0], 2*m, k/(1-k)*got.Residual[0]/2)
		require.False(t, above(distance(state, net.settle(state)), got.ErrorBound[0]))
	})
}

func rowsOfTensor(t *tensor.Dense) [][]float64 {
	all, d, err := matrix.Of(t, 0)
	if err != nil {
		panic(err)
	}
	x := make([][]float64, len(all)/d)
	for i := range x {
		x[i] = all[i*d : (i+1)*d]
	}
	return x
}

// The bound of a batch of more states than a chunk, against more patterns than a block, is that of the formulas.
func TestErrorBoundInBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	const n, d = 2*certifyBlock + 37, 20
	net := network{randomRows(r, n, d), 1.3}
	var states [][]float64
	for i := range 150 {
		states = append(states, along(net.x[i], 0.3, normalVector(r, d)))
	}
	memory := net.memory(MemoryConfig{Tolerance: 1e-3})
	got := retrieve(t, memory, denseRows(states))
	proved := 0
	for i := range states {
		xi := got.States.Float64s()[i*d : (i+1)*d]
		p, f := net.plainWeights(xi), net.plainUpdate(xi)
		radius, move, k := max(2*got.Residual[i], 1e-3/16), distance(f, xi), 0.0
		for j, x := range net.x {
			away := distance(x, xi)
			k += p[j] * away * away * math.Exp(net.beta*radius*away)
		}
		k *= net.beta * math.Exp(net.beta*radius*move)
		want := math.Inf(1)
		if k < 1 && move <= (1-k)*radius {
			want = move / (1 - k)
			proved++
		}
		if math.IsInf(want, 1) {
			require.Equal(t, want, got.ErrorBound[i])
			continue
		}
		require.InDelta(t, 1, (want+1e-10)/(got.ErrorBound[i]+1e-10), 1e-3, "state %d", i)
	}
	require.Greater(t, proved, 50)
}

// The best pattern may stand in any block, with a score far above those of the blocks before.
func TestErrorBoundOfHugeScores(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	x := randomRows(r, 2*certifyBlock, 20)
	m := newMemory(t, denseRows(x), MemoryConfig{Beta: 400})
	for _, i := range []int{0, certifyBlock - 1, certifyBlock, 2*certifyBlock - 1} {
		got := retrieve(t, m, denseRows([][]float64{along(x[i], 0.1, direction(r, 20))}))
		require.Equal(t, x[i], got.States.Float64s())
		require.Less(t, got.ErrorBound[0], 1e-13)
	}
}

// What is not proved is +Inf: a state on a slope, another similarity, a separation function without a margin.
func TestNoErrorBound(t *testing.T) {
	x := denseRows([][]float64{{1, 0}, {0, 1}, {-1, -1}})
	state := denseRows([][]float64{{0.3, 0.1}})
	for _, c := range []MemoryConfig{
		{Beta: 4, Steps: 1}, {Beta: 4, Similarity: energy.Euclidean}, {Beta: 4, Separation: energy.TopK(2)}, {Beta: 4, Separation: energy.Subsets(2)},
	} {
		require.Equal(t, []float64{math.Inf(1)}, retrieve(t, newMemory(t, x, c), state).ErrorBound, "%+v", c)
	}
	// Alone, a pattern is where every state goes.
	alone := newMemory(t, denseRows([][]float64{{3, 4}}), MemoryConfig{Beta: 100})
	require.Equal(t, []float64{0}, retrieve(t, alone, state).ErrorBound)
}

// margins are separation functions with the least βΔ at which one weight is 1 and the others exactly 0.
var margins = map[energy.Separation]float64{
	energy.Sparsemax(): 1, energy.Entmax(1.5): 2, energy.Entmax(1.25): 4, energy.Entmax(3): 0.5,
	energy.Normmax(2): 1, energy.Normmax(5): 1, energy.Normmax(1.5): 1, energy.TopK(1): 0, energy.Subsets(1): 1,
}

// Exact retrieval, with equality: a state that prefers x_i to all others by the margin m/β is taken to x_i itself in one update, to
// the last bit, and a pattern with βΔ_i ≥ m stays where it is; a state that prefers it by 0.9 of that is not.
func TestExactRetrieval(t *testing.T) {
	for separation, margin := range margins {
		require.Equal(t, margin, separation.Margin())
		for _, dtype := range memoryDtypes {
			twin := "0.9 of it"
			if margin == 0 { // less than nothing: the state prefers another pattern
				twin = "−0.1"
			}
			names := []string{
				fmt.Sprintf("%v %v: a state with the margin returns x_i exactly, twin %s", separation, dtype, twin),
				fmt.Sprintf("%v %v: a pattern with βΔ_i ≥ m is a fixed point, twin %s", separation, dtype, twin),
				fmt.Sprintf("%v %v: Δ_i ≥ m/β + 2Mε stores the ball of radius ε, twin %s without ε", separation, dtype, twin),
			}
			eachSeed(t, names, 60, func(r *rand.Rand, claims []*claim) {
				net := drawNetwork(r, 2, 8, 2, 10, 0.5, 20)
				net.x = rowsOfTensor(rowsIn(dtype, net.x)) // as they are stored
				i, m := r.IntN(net.size()), net.largest()
				memory := newMemory(t, rowsIn(dtype, net.x), MemoryConfig{Beta: net.beta, Separation: separation, Steps: 1})
				x := net.x[i]
				exact := func(state []float64) bool {
					got := retrieve(t, memory, rowsIn(dtype, [][]float64{state}))
					return equalFloats(numbersOf(got.States), x)
				}
				// A hair more than the margin, since scores are rounded.
				hair := map[tensor.Dtype]float64{tensor.Float32: 1e-4, tensor.Float64: 1e-10}[dtype] * (1 + margin)
				least := func(state []float64) float64 {
					least := math.Inf(1)
					for j, y := range net.x {
						if j != i {
							least = min(least, net.beta*(dot(state, x)-dot(state, y)))
						}
					}
					return least
				}
				weaker := 0.9 * margin
				if margin == 0 {
					weaker = -0.1
				}

				// A state along the pattern, scaled to a preference around the margin.
				state := along(make([]float64, net.dim()), 1, along(x, 0.1*m, direction(r, net.dim())))
				if l := least(state); l > 0 {
					factor := uniform(r, 0.7, 1.7) * max(margin, 0.1) / l
					if margin == 0 && r.IntN(2) == 0 {
						factor = -factor / 10
					}
					state = along(make([]float64, net.dim()), factor, state)
				}
				state = rowsOfTensor(rowsIn(dtype, [][]float64{state}))[0]
				claims[0].twoPremises(least(state) >= margin+hair, least(state) >= weaker && least(state) < margin-hair, exact(state))

				// A β around that from which on the pattern is stored.
				if delta := net.separation(i); delta > 0 && margin > 0 {
					net.beta = uniform(r, 0.7, 1.7) * margin / delta
				}
				memory = newMemory(t, rowsIn(dtype, net.x), MemoryConfig{Beta: net.beta, Separation: separation, Steps: 1})
				scaled := net.beta * net.separation(i)
				claims[1].twoPremises(scaled >= margin+hair, scaled >= weaker && scaled < margin-hair, exact(x))
				stored, err := ExactlyStored(rowsIn(dtype, net.x), net.beta, separation)
				require.NoError(t, err)
				require.Equal(t, scaled >= margin, stored[i])
				if scaled >= margin+hair {
					got := retrieve(t, memory, rowsIn(dtype, [][]float64{x}))
					require.Equal(t, []float64{0}, got.Residual)
					require.Equal(t, []float64{0}, got.ErrorBound)
				}

				radius := uniform(r, 0, 0.1) * m
				near := along(x, radius*0.999, direction(r, net.dim()))
				room := net.beta * (net.separation(i) - 2*m*radius)
				claims[2].twoPremises(room >= margin+hair, scaled >= weaker, exact(near))
			})
		}
	}
}

// The softmax gives weights of exactly 0 only where the exponential underflows.
func TestSoftmaxIsNeverExact(t *testing.T) {
	require.Equal(t, math.Inf(1), energy.Softmax().Margin())
	x := [][]float64{{1, 0}, {0, 1}}
	for _, dtype := range memoryDtypes {
		for _, beta := range []float64{1, 5, 10} {
			m := newMemory(t, rowsIn(dtype, x), MemoryConfig{Beta: beta, Steps: 1})
			got := numbersOf(retrieve(t, m, rowsIn(dtype, x[:1])).States)
			require.NotEqual(t, x[0], got, "β = %g", beta)
			require.Greater(t, got[1], 0.0)
		}
		m := newMemory(t, rowsIn(dtype, x), MemoryConfig{Beta: 800, Steps: 1})
		require.Equal(t, x[0], numbersOf(retrieve(t, m, rowsIn(dtype, x[:1])).States), "exp(−800) is 0")
	}
	stored, err := ExactlyStored(denseRows(x), 1e6, energy.Softmax())
	require.NoError(t, err)
	require.Equal(t, []bool{false, false}, stored)
}
