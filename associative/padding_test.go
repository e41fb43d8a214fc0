package associative

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func extend(t *testing.T, r Padded, patterns *tensor.Dense) *tensor.Dense {
	full, err := r.Extend(context.Background(), patterns)
	require.NoError(t, err)
	return full
}

func success(t *testing.T, r Padded, h *Hopfield, states, patterns *tensor.Dense) float64 {
	right, err := r.Success(h, states, patterns, Asynchronous{Seed: 3})
	require.NoError(t, err)
	count := 0.0
	for _, ok := range right {
		if ok {
			count++
		}
	}
	return count / float64(len(right))
}

// crosstalk is Σ (ξ_μ·ξ_ν)² over pairs of rows that belong to different patterns.
func crosstalk(x []float64, n, per int) (sum float64) {
	rows := len(x) / n
	for a := range rows {
		for b := range rows {
			if a/per == b/per {
				continue
			}
			o := 0.0
			for i := range n {
				o += x[a*n+i] * x[b*n+i]
			}
			sum += o * o
		}
	}
	return sum
}

func TestExtendedPatterns(t *testing.T) {
	const n, p, hidden = 7, 4, 5
	x := spins(rand.New(rand.NewPCG(1, 1)), p, n)
	for _, paddings := range []Paddings{RandomPaddings, Decorrelated, Relaxed} {
		for _, copies := range []int{0, 1, 3} {
			r := Padded{Rule: Hebb{}, Hidden: hidden, Copies: copies, Paddings: paddings, Seed: 2}
			full := extend(t, r, x)
			per := max(1, copies)
			require.Equal(t, tensor.Shape{p * per, n + hidden}, full.Shape())
			for k := range p * per {
				row := full.Float64s()[k*(n+hidden) : (k+1)*(n+hidden)]
				require.Equal(t, x.Float64s()[k/per*n:(k/per+1)*n], row[:n])
				for _, v := range row {
					require.Equal(t, 1.0, math.Abs(v))
				}
			}
			require.Equal(t, full, extend(t, r, x))
			h := learn(t, r, x)
			require.Equal(t, learn(t, Hebb{}, full).m, h.m)
			r.Seed = 3
			require.NotEqual(t, full, extend(t, r, x))
			r.Hidden = 0 // nothing to pad
			require.Equal(t, x.Float64s(), extend(t, Padded{Rule: Hebb{}, Paddings: paddings}, x).Float64s())
			require.Equal(t, learn(t, Hebb{}, x).m, learn(t, Padded{Rule: Hebb{}, Paddings: paddings}, x).m)
		}
	}
}

// Decorrelated paddings are at a minimum: no flip of one bit makes the overlaps smaller, by the plain sum.
func TestDecorrelatedPaddingsAreAtAMinimum(t *testing.T) {
	const n, p, hidden = 8, 6, 5
	lower := 0
	for _, seed := range stattest.Seeds {
		for _, copies := range []int{1, 2} {
			x := spins(rand.New(rand.NewPCG(seed, 2)), p, n)
			r := Padded{Rule: Hebb{}, Hidden: hidden, Copies: copies, Seed: seed}
			random := extend(t, r, x).Float64s()
			r.Paddings = Decorrelated
			full := extend(t, r, x).Float64s()
			least := crosstalk(full, n+hidden, copies)
			require.Less(t, least, crosstalk(random, n+hidden, copies))
			for k := range p * copies {
				for i := range n + hidden {
					full[k*(n+hidden)+i] *= -1
					if after := crosstalk(full, n+hidden, copies); i >= n {
						require.GreaterOrEqual(t, after, least)
					} else if after < least {
						lower++
					}
					full[k*(n+hidden)+i] *= -1
				}
			}
		}
	}
	require.Positive(t, lower) // the twin: visible bits, which were not asked
}

// Relaxed paddings are what the network makes of them: hidden units at rest while the visible ones are held.
func TestRelaxedPaddingsAreAtRest(t *testing.T) {
	const n, p, hidden = 20, 12, 10
	x := spins(rand.New(rand.NewPCG(3, 1)), p, n)
	atRest := func(r Padded) bool {
		h, full := learn(t, r, x), extend(t, r, x)
		got := recall(t, h, full, Asynchronous{Clamped: firstUnits(n, n+hidden)})
		return slices.Equal(full.Float64s(), got.States.Float64s())
	}
	require.True(t, atRest(Padded{Rule: Hebb{}, Hidden: hidden, Paddings: Relaxed, Rounds: 50}))
	require.False(t, atRest(Padded{Rule: Hebb{}, Hidden: hidden}))
}

// Hidden units raise what is stored, judged on the visible bits: at least four standard deviations at each comparison.
func TestHiddenUnitsRaiseCapacity(t *testing.T) {
	const n = 30
	for _, c := range []struct {
		rule      Rule
		p, hidden int
		better    Paddings
	}{
		{Hebb{}, 18, 30, Decorrelated},
		{Perceptron{Epochs: 100}, 90, 20, Relaxed},
	} {
		var without, random, better float64
		for _, seed := range stattest.Seeds {
			x := spins(rand.New(rand.NewPCG(seed, 4)), c.p, n)
			share := func(r Padded) float64 { return success(t, r, learn(t, r, x), extend(t, r, x), x) / 4 }
			without += share(Padded{Rule: c.rule, Seed: seed})
			random += share(Padded{Rule: c.rule, Hidden: c.hidden, Seed: seed})
			better += share(Padded{Rule: c.rule, Hidden: c.hidden, Paddings: c.better, Seed: seed})
		}
		t.Logf("%v: %d patterns of %d units: %.3f, with %d hidden units %.3f, %v %.3f", c.rule, c.p, n, without, c.hidden, random, c.better, better)
		deviation := math.Sqrt(2 * 0.25 / float64(4*c.p))
		require.Greater(t, better-without, 4*deviation)
		require.Greater(t, better-random, 4*deviation)
		require.Greater(t, random, without)
	}
}

// Recall begins with the visible part alone: it is kept, the hidden units settle, and what is then recalled is cut back.
func TestRecallByTheVisiblePart(t *testing.T) {
	const n, p, hidden = 40, 6, 20
	x := spins(rand.New(rand.NewPCG(5, 1)), p, n)
	r := Padded{Rule: Hebb{}, Hidden: hidden, Seed: 1}
	h := learn(t, r, x)
	start, err := r.Start(h, x)
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{p, n + hidden}, start.Shape())
	visible, err := r.Visible(h, start)
	require.NoError(t, err)
	require.Equal(t, x.Float64s(), visible.Float64s())
	settled := recall(t, h, start, Asynchronous{Clamped: firstUnits(n, n+hidden)})
	require.Equal(t, start.Float64s(), settled.States.Float64s())
	require.Equal(t, 1.0, success(t, r, h, start, x))

	// Only visible bits count, and each of them does.
	still, err := newHopfield(make([]float64, 9), 3, 1, HopfieldConfig{})
	require.NoError(t, err)
	small := Padded{Rule: Hebb{}, Hidden: 1}
	right, err := small.Success(still, tensorOf([]float64{1, 1, 1}, []float64{1, 1, -1}, []float64{1, -1, 1}, []float64{-1, 1, 1}),
		tensorOf([]float64{1, 1}, []float64{-1, 1}), Synchronous{})
	require.NoError(t, err)
	require.Equal(t, []bool{true, true, false, true}, right)

	single := tensor.New(tensor.WithShape(1, n), tensor.WithBacking(slices.Repeat([]float32{1}, n)))
	start, err = r.Start(h, single)
	require.NoError(t, err)
	require.Equal(t, tensor.Float32, start.Dtype())
}

func TestPaddedRefuses(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(11, 1)), 3, 4)
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		rule Padded
		x    *tensor.Dense
		err  error
		text string
	}{
		{"negative hidden", context.Background(), Padded{Rule: Hebb{}, Hidden: -1}, x, energy.ErrConfig, "Hidden is -1"},
		{"negative copies", context.Background(), Padded{Rule: Hebb{}, Copies: -1}, x, energy.ErrConfig, "Copies is -1"},
		{"unknown paddings", context.Background(), Padded{Rule: Hebb{}, Paddings: 3}, x, energy.ErrConfig, "Paddings are Paddings(3)"},
		{"rounds of what is drawn", context.Background(), Padded{Rule: Hebb{}, Rounds: 2}, x, energy.ErrConfig, "Rounds is 2, which counts for Relaxed"},
		{"negative rounds", context.Background(), Padded{Rule: Hebb{}, Paddings: Relaxed, Rounds: -1}, x, energy.ErrConfig, "Rounds is -1"},
		{"bits", context.Background(), Padded{Rule: Hebb{}}, tensorOf([]float64{0, 1}), energy.ErrRange, "patterns: row 0, column 0 is 0"},
		{"what the rule refuses", context.Background(), Padded{Rule: Valleys{Rate: -1}, Hidden: 2}, x, energy.ErrConfig,
			"associative: valleys from Targets with 2 hidden units: Learn: associative: valleys from Targets: Learn: Rate is -1"},
		{"end of the context", canceled, Padded{Rule: Hebb{}, Hidden: 3, Paddings: Decorrelated}, x, context.Canceled, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := c.rule.Learn(c.ctx, c.x)
			require.Nil(t, h)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.text)
			_, err = c.rule.Extend(c.ctx, c.x)
			if c.rule.Paddings != RandomPaddings || c.name != "what the rule refuses" {
				require.ErrorIs(t, err, c.err)
			}
		})
	}
	r := Padded{Rule: Hebb{}, Hidden: 2}
	h := learn(t, r, x)
	full := extend(t, r, x)
	for _, c := range []struct {
		name string
		call func() error
		err  error
		text string
	}{
		{"no network", func() error { _, err := r.Start(nil, x); return err }, energy.ErrConfig, "Start: no network given"},
		{"all hidden", func() error { _, err := Padded{Rule: Hebb{}, Hidden: 6}.Visible(h, full); return err }, energy.ErrConfig, "Visible: network of 6 units"},
		{"states of all units", func() error { _, err := r.Start(h, full); return err }, energy.ErrShape, "Start: states: shape (3, 6), want (rows, 4)"},
		{"visible states", func() error { _, err := r.Visible(h, x); return err }, energy.ErrShape, "Visible: states: shape (3, 4), want (rows, 6)"},
		{"patterns of all units", func() error { _, err := r.Success(h, full, full, Synchronous{}); return err }, energy.ErrShape, "Success: patterns: shape (3, 6)"},
		{"no dynamics", func() error { _, err := r.Success(h, full, x, nil); return err }, energy.ErrConfig, "Success: associative: Hopfield: Recall: no dynamics"},
		{"other numbers", func() error {
			_, err := r.Success(h, full, matrix.Tensor(tensor.Float64, x.Float64s()[:8], 2, 4), Synchronous{})
			return err
		}, energy.ErrShape, "3 states for 2 patterns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, "associative: Hebb with ")
			require.ErrorContains(t, err, c.text)
		})
	}
}

func TestPaddedWithoutARuleIsHebbs(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(12, 1)), 3, 8)
	with, without := Padded{Rule: Hebb{}, Hidden: 4, Seed: 3}, Padded{Hidden: 4, Seed: 3}
	require.Equal(t, learn(t, with, x).Couplings(), learn(t, without, x).Couplings())
	require.Equal(t, "Hebb with 4 hidden units", without.String())
}
