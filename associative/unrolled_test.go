package associative

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/stattest"
	"github.com/harmonium-go/harmonium/layers"
)

// foundAgain is the share of patterns that recall comes back to after each unit is flipped with a probability.
func foundAgain(t *testing.T, h *Hopfield, patterns *tensor.Dense, flip float64) float64 {
	x, r := patterns.Float64s(), rand.New(rand.NewPCG(99, 1))
	noisy := slices.Clone(x)
	for k := range noisy {
		if r.Float64() < flip {
			noisy[k] = -noisy[k]
		}
	}
	p := len(x) / h.n
	got := recall(t, h, matrix.Tensor(tensor.Float64, noisy, p, h.n), Asynchronous{Seed: 5}).States.Float64s()
	count := 0.0
	for k := range p {
		if slices.Equal(got[k*h.n:(k+1)*h.n], x[k*h.n:(k+1)*h.n]) {
			count++
		}
	}
	return count / float64(p)
}

// What is minimised is the cross-entropy between a pattern and the means that the unrolled layer ends with.
func TestUnrolledCostIsThatOfTheLayer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	h := smallNetwork(t, r, 6)
	x, targets := spins(r, 4, 6), spins(r, 4, 6)
	for _, steps := range []int{1, 2, 5} {
		g := G.NewGraph()
		whole := layerOf(t, h, layers.HopfieldConfig{Temperature: 0.7, InputIsState: true, Steps: steps})
		means := graphtest.Value(t, G.Must(whole.Forward(graphtest.Input(g, "x", x))))[0]
		want := make([]float64, 4)
		for k, m := range means {
			want[k/6] -= math.Log((1 + targets.Float64s()[k]*m) / 2)
		}
		g = G.NewGraph()
		last := lastFields{layerOf(t, h, layers.HopfieldConfig{Temperature: 0.7, InputIsState: true, Steps: max(1, steps-1)}), steps}
		fields := G.Must(last.Forward(graphtest.Input(g, "x", x)))
		got := graphtest.Value(t, G.Must(signEntropy(fields, graphtest.Input(g, "targets", targets))))[0]
		require.InDeltaSlice(t, want, got, 1e-10)
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		require.NoError(t, gradcheck.Check(gradcheck.Case{
			Dtype: dtype, Inputs: []*tensor.Dense{graphtest.Tensor(tensor.Float64, h.m, 6, 6), spins(r, 6, 6)}, Wrt: []int{0},
			Build: func(in []*G.Node) (*G.Node, error) { return G.Sum(G.Must(signEntropy(in[0], in[1]))) },
		}))
	}
}

// Copies have as many flips as they are said to have, and the twin with another share is told from them.
func TestCorruptedCopies(t *testing.T) {
	const n, p, copies = 50, 200, 4
	x := spins(rand.New(rand.NewPCG(2, 1)), p, n).Float64s()
	for _, seed := range stattest.Seeds {
		rule := Unrolled{Flip: 0.2, Seed: seed}
		noisy := rule.corrupted(slices.Repeat(x, copies), n, copies)
		for c := range copies {
			flips := make([]float64, n*p)
			for k := range flips {
				if noisy[c*n*p+k] != x[k] {
					require.Equal(t, -x[k], noisy[c*n*p+k])
					flips[k] = 1
				}
			}
			share := 0.2 * float64(c+1) / copies
			require.NoError(t, stattest.Mean(flips, share, math.Sqrt(share*(1-share)), 1e-6))
			require.Error(t, stattest.Mean(flips, share+0.025, math.Sqrt(share*(1-share)), 1e-6))
		}
	}
}

// At loads that Hebb's rule does not bear, patterns are found again from noise more often than with Hebb's rule and with the
// perceptron, which stores them all, too: by more than four standard deviations of the difference, over all seeds.
func TestUnrolledHasLargerBasins(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for seconds")
	}
	const n, p = 60, 24
	for _, flip := range []float64{0.1, 0.2} {
		var mine, perceptron, hebb float64
		for _, seed := range stattest.Seeds {
			x := spins(rand.New(rand.NewPCG(seed, 3)), p, n)
			h := learn(t, Unrolled{Seed: seed, Flip: 0.15, Epochs: 60}, x)
			require.GreaterOrEqual(t, stableShare(t, h, x), 0.9)
			mine += foundAgain(t, h, x, flip)
			perceptron += foundAgain(t, learn(t, Perceptron{NoBias: true}, x), x, flip)
			hebb += foundAgain(t, learn(t, Hebb{}, x), x, flip)
		}
		trials := float64(len(stattest.Seeds))
		t.Logf("%g flipped: unrolled %.2f, perceptron %.2f, Hebb %.2f", flip, mine/trials, perceptron/trials, hebb/trials)
		deviation := math.Sqrt(2 * 0.25 / (trials * p)) // of a difference of two shares, at most
		require.Greater(t, (mine-perceptron)/trials, 4*deviation)
		require.Greater(t, (mine-hebb)/trials, 4*deviation)
	}
}

func TestUnrolledDependsOnTheSeedAlone(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(4, 1)), 6, 20)
	rule := Unrolled{Seed: 1, Epochs: 3, Steps: 2}
	a := learn(t, rule, x)
	before := runtime.GOMAXPROCS(1)
	b := learn(t, rule, x)
	runtime.GOMAXPROCS(before)
	require.Equal(t, place(a), place(b))
	require.False(t, a.config.Asymmetric || a.config.SelfCoupling)
	rule.Seed = 2
	require.NotEqual(t, a.m, learn(t, rule, x).m)
}

func TestUnrolledLooksAtImportance(t *testing.T) {
	const n = 12
	x := spins(rand.New(rand.NewPCG(5, 1)), 2, n)
	h := learn(t, Unrolled{Epochs: 50, Importance: []float64{0, 3}}, x)
	fields, err := h.Fields(x)
	require.NoError(t, err)
	margin := [2]float64{}
	for k, f := range fields.Float64s() {
		margin[k/n] += f * x.Float64s()[k]
	}
	require.Greater(t, margin[1], 2*margin[0])
}

func TestUnrolledRefuses(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(11, 1)), 3, 4)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		rule Unrolled
		x    *tensor.Dense
		err  error
		text string
	}{
		{"negative steps", context.Background(), Unrolled{Steps: -1}, x, energy.ErrConfig, "Steps is -1"},
		{"negative temperature", context.Background(), Unrolled{Temperature: -1}, x, energy.ErrConfig, "Temperature is -1"},
		{"negative flip", context.Background(), Unrolled{Flip: -0.1}, x, energy.ErrConfig, "Flip is -0.1"},
		{"more flipped than not", context.Background(), Unrolled{Flip: 0.6}, x, energy.ErrConfig, "Flip is 0.6, want at most 0.5"},
		{"negative copies", context.Background(), Unrolled{Copies: -1}, x, energy.ErrConfig, "Copies is -1"},
		{"no rate", context.Background(), Unrolled{Rate: math.NaN()}, x, energy.ErrConfig, "Rate is NaN"},
		{"negative epochs", context.Background(), Unrolled{Epochs: -1}, x, energy.ErrConfig, "Epochs is -1"},
		{"importance of others", context.Background(), Unrolled{Importance: []float64{1}}, x, energy.ErrShape, "Importance has 1 numbers for 3 patterns"},
		{"bits", context.Background(), Unrolled{}, tensorOf([]float64{0, 1}), energy.ErrRange, "patterns: row 0, column 0 is 0"},
		{"end of the context", canceled, Unrolled{}, x, context.Canceled, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := c.rule.Learn(c.ctx, c.x)
			require.Nil(t, h)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, "associative: unrolled: Learn: ")
			require.ErrorContains(t, err, c.text)
		})
	}
}
