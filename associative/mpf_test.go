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
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// flowOf is the graph of K for some patterns.
func flowOf(t *testing.T, r MPF, x *tensor.Dense, importance []float64) *flow {
	shares, err := sharesOf(importance, x.Shape()[0])
	require.NoError(t, err)
	f, err := r.flow(x.Float64s(), shares, x.Shape()[1])
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.vm.Close()) })
	return f
}

// plainFlow is K by its definition, from the energies of a state and of its neighbours.
func plainFlow(h *Hopfield, x, shares []float64, decay float64) float64 {
	k := 0.0
	for p, a := range shares {
		y := slices.Clone(x[p*h.n : (p+1)*h.n])
		e := plainEnergy(h, y)
		for i := range y {
			y[i] = -y[i]
			k += a * math.Exp((e-plainEnergy(h, y))/2)
			y[i] = -y[i]
		}
	}
	for _, w := range h.m {
		k += decay / 2 * w * w
	}
	return k
}

// place is a network as a row of parameters.
func place(h *Hopfield) []float64 { return append(slices.Clone(h.m), h.config.Bias...) }

func TestFlowIsTheSumOverNeighbours(t *testing.T) {
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		h, x := smallNetwork(t, r, 7), spins(r, 5, 7)
		importance := []float64{1, 2, 0, 0.5, 3}
		shares, err := sharesOf(importance, 5)
		require.NoError(t, err)
		f := flowOf(t, MPF{Bias: true, Decay: 0.3}, x, importance)
		require.InEpsilon(t, plainFlow(h, x.Float64s(), shares, 0.3), f.cost(place(h)), 1e-12)
	}
}

func TestFlowHasItsGradient(t *testing.T) {
	const n, step = 6, 1e-5
	r := rand.New(rand.NewPCG(2, 1))
	h, x := smallNetwork(t, r, n), spins(r, 8, n)
	f := flowOf(t, MPF{Bias: true, Decay: 0.2}, x, nil)
	at := place(h)
	slopes := make([]float64, len(at))
	f.gradient(slopes, at)
	for k := range at {
		moved := slices.Clone(at)
		moved[k] += step
		up := f.cost(moved)
		moved[k] -= 2 * step
		require.InDelta(t, (up-f.cost(moved))/(2*step), slopes[k], 1e-8)
	}
	for i := range n {
		require.Zero(t, slopes[i*n+i])
		for j := range n {
			require.Equal(t, slopes[i*n+j], slopes[j*n+i]) // so that couplings stay symmetric to the bit
		}
	}
}

func TestFlowIsConvex(t *testing.T) {
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 2))
		f := flowOf(t, MPF{Bias: true}, spins(r, 10, 6), nil)
		for range 50 {
			a, b := place(smallNetwork(t, r, 6)), place(smallNetwork(t, r, 6))
			share := r.Float64()
			between := make([]float64, len(a))
			for k := range a {
				between[k] = share*a[k] + (1-share)*b[k]
			}
			chord := share*f.cost(a) + (1-share)*f.cost(b)
			require.Less(t, f.cost(between), chord)
			require.Greater(t, -f.cost(between), -chord) // the twin, −K, is not convex
		}
	}
}

// With the states of a network as data, as often as it has them, K is stationary at that network: to rounding, as the law is exact.
func TestFlowIsStationaryAtTheNetworkThatDataAreFrom(t *testing.T) {
	for _, seed := range stattest.Seeds {
		truth := smallNetwork(t, rand.New(rand.NewPCG(seed, 3)), 6)
		states, p, err := oracle(truth).Probabilities(1)
		require.NoError(t, err)
		x := tensorOf(states...)
		f := flowOf(t, MPF{Bias: true}, x, p)
		slopes := make([]float64, len(place(truth)))
		f.gradient(slopes, place(truth))
		for _, s := range slopes {
			require.InDelta(t, 0, s, 1e-13)
		}
		got := learn(t, MPF{Bias: true, Importance: p, Tolerance: 1e-9}, x)
		require.InDeltaSlice(t, truth.m, got.m, 1e-6)
		require.InDeltaSlice(t, truth.config.Bias, got.config.Bias, 1e-6)

		slices.Reverse(p) // the twin: data of other frequencies
		f = flowOf(t, MPF{Bias: true}, x, p)
		f.gradient(slopes, place(truth))
		require.Greater(t, slices.Max(slopes), 1e-3)
	}
}

// Patterns are stored far beyond Hebb's rule, and K says so: below the smallest share all are stable.
func TestMPFStoresMoreThanOnePatternAUnit(t *testing.T) {
	for _, c := range []struct {
		n, p int
		all  bool
	}{{64, 64, true}, {64, 83, true}, {100, 100, true}, {100, 130, true}, {64, 128, false}} {
		for _, seed := range stattest.Seeds {
			x := spins(rand.New(rand.NewPCG(seed, 4)), c.p, c.n)
			h := learn(t, MPF{}, x)
			k := flowOf(t, MPF{}, x, nil).cost(place(h))
			if c.all {
				require.Equal(t, 1.0, stableShare(t, h, x))
				require.Less(t, k, 1/float64(c.p))
			} else {
				require.Less(t, stableShare(t, h, x), 0.5)
				require.Greater(t, k, 1/float64(c.p))
			}
			require.Less(t, stableShare(t, learn(t, Hebb{}, x), x), 0.1)
		}
	}
}

// With Decay the minimum is at finite couplings, where the gradient is 0.
func TestDecayHoldsCouplings(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(5, 1)), 10, 20)
	rule := MPF{Decay: 0.01, Bias: true, Tolerance: 1e-8}
	h := learn(t, rule, x)
	slopes := make([]float64, len(place(h)))
	flowOf(t, rule, x, nil).gradient(slopes, place(h))
	require.InDeltaSlice(t, make([]float64, len(slopes)), slopes, 1e-8)
	far := learn(t, MPF{Bias: true, Tolerance: 1e-8}, x)
	require.Greater(t, slices.Max(far.m), 2*slices.Max(h.m))
	require.Equal(t, 1.0, stableShare(t, h, x))
}

func TestMPFIsTheSameEachTime(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(6, 1)), 30, 30)
	a := learn(t, MPF{Bias: true}, x)
	before := runtime.GOMAXPROCS(1)
	b := learn(t, MPF{Bias: true}, x)
	runtime.GOMAXPROCS(before)
	require.Equal(t, place(a), place(b))
	require.Nil(t, learn(t, MPF{}, x).config.Bias)

	// Fewer iterations end earlier; a weight of 2 is two patterns.
	early := learn(t, MPF{Bias: true, Iterations: 1}, x)
	f := flowOf(t, MPF{Bias: true}, x, nil)
	require.Less(t, f.cost(place(a)), f.cost(place(early)))
	require.Less(t, f.cost(place(early)), f.cost(make([]float64, 30*31)))
	small := spins(rand.New(rand.NewPCG(7, 1)), 3, 5)
	rows := small.Float64s()
	repeated := learn(t, MPF{Decay: 0.1}, tensorOf(rows[:5], rows[:5], rows[5:10], rows[10:]))
	require.InDeltaSlice(t, repeated.m, learn(t, MPF{Decay: 0.1, Importance: []float64{2, 1, 1}}, small).m, 1e-5)
}

func TestMPFRefuses(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(11, 1)), 3, 4)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		rule MPF
		x    *tensor.Dense
		err  error
		text string
	}{
		{"negative iterations", context.Background(), MPF{Iterations: -1}, x, energy.ErrConfig, "Iterations is -1"},
		{"negative tolerance", context.Background(), MPF{Tolerance: -1}, x, energy.ErrConfig, "Tolerance is -1"},
		{"no decay", context.Background(), MPF{Decay: math.NaN()}, x, energy.ErrConfig, "Decay is NaN"},
		{"importance of others", context.Background(), MPF{Importance: []float64{1}}, x, energy.ErrShape, "Importance has 1 numbers for 3 patterns"},
		{"bits", context.Background(), MPF{}, tensorOf([]float64{0, 1}), energy.ErrRange, "patterns: row 0, column 0 is 0"},
		{"end of the context", canceled, MPF{}, x, context.Canceled, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := c.rule.Learn(c.ctx, c.x)
			require.Nil(t, h)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, "associative: MPF: Learn: ")
			require.ErrorContains(t, err, c.text)
		})
	}
}
