package associative

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// rowsOf makes a tensor of rows written in a test.
func rowsOf(n int, x ...float64) *tensor.Dense {
	return matrix.Tensor(tensor.Float64, x, len(x)/n, n)
}

func learn(t testing.TB, rule Rule, patterns *tensor.Dense) *Hopfield {
	h, err := rule.Learn(t.Context(), patterns)
	require.NoError(t, err)
	return h
}

// stableCount is how many of the states are stable.
func stableCount(t testing.TB, h *Hopfield, states *tensor.Dense) (count int) {
	stable, err := h.Stable(states)
	require.NoError(t, err)
	for _, s := range stable {
		if s {
			count++
		}
	}
	return count
}

// permuted has the units in another order, turned the signs of some changed, in all patterns.
func permuted(x *tensor.Dense, order []int) *tensor.Dense {
	n := len(order)
	out := slices.Clone(x.Float64s())
	for k := range out {
		out[k] = x.Float64s()[k/n*n+order[k%n]]
	}
	return rowsOf(n, out...)
}

func turned(x *tensor.Dense, signs []float64) *tensor.Dense {
	out := slices.Clone(x.Float64s())
	for k := range out {
		out[k] *= signs[k%len(signs)]
	}
	return rowsOf(len(signs), out...)
}

// Rules do not know how units are numbered, or which of a unit's two values is called 1.
func TestRulesAreInvariant(t *testing.T) {
	for _, rule := range []Rule{
		Hebb{}, Hebb{KeepDiagonal: true}, Projection{}, Projection{KeepDiagonal: true}, Eigenvector{Values: []float64{3, 1, 2, 2, 1}}, Storkey{},
	} {
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 11))
			const n = 23
			x, order, signs := spins(r, 5, n), r.Perm(n), spins(r, 1, n).Float64s()
			w := learn(t, rule, x).Couplings().Float64s()
			moved := learn(t, rule, permuted(x, order)).Couplings().Float64s()
			gauged := learn(t, rule, turned(x, signs)).Couplings().Float64s()
			for i := range n {
				for j := range n {
					require.InDelta(t, w[order[i]*n+order[j]], moved[i*n+j], 1e-14, "%v", rule)
					require.InDelta(t, w[i*n+j]*signs[i]*signs[j], gauged[i*n+j], 1e-14, "%v", rule)
				}
			}
		}
	}
}

func TestRulesRefuse(t *testing.T) {
	good := rowsOf(3, 1, 1, -1, 1, -1, 1)
	for _, rule := range []Rule{
		Hebb{}, Projection{}, Eigenvector{}, Storkey{}, Perceptron{}, Perceptron{PerUnit: true}, MinOverlap{}, Unlearning{},
	} {
		for _, c := range []struct {
			patterns *tensor.Dense
			is       error
			says     string
		}{
			{nil, energy.ErrShape, "no tensor given"},
			{rowsOf(3, 1, 0, 1), energy.ErrRange, "row 0, column 1 is 0, want −1 or 1"},
			{tensor.New(tensor.WithShape(1, 2, 2), tensor.Of(tensor.Float64)), energy.ErrShape, "shape (1, 2, 2)"},
			{tensor.New(tensor.WithShape(2, 2), tensor.Of(tensor.Int)), energy.ErrDtype, "dtype int"},
		} {
			_, err := rule.Learn(t.Context(), c.patterns)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, fmt.Sprintf("associative: %v: Learn: patterns: ", rule))
			require.ErrorContains(t, err, c.says)
		}
		single := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 1, -1, 1, -1, 1}))
		require.Equal(t, learn(t, rule, good).Couplings(), learn(t, rule, single).Couplings())
	}
}

// What is learned does not depend on how many processors share the work.
func TestRulesDoNotDependOnProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	x := spins(rand.New(rand.NewPCG(1, 62)), 70, 100)
	for _, rule := range []Rule{
		Hebb{}, Projection{}, Eigenvector{}, Storkey{}, Perceptron{}, Perceptron{PerUnit: true}, MinOverlap{Tolerance: 0.1}, Unlearning{Dreams: 20},
	} {
		runtime.GOMAXPROCS(1)
		alone := learn(t, rule, x)
		runtime.GOMAXPROCS(4)
		shared := learn(t, rule, x)
		require.Equal(t, alone.Config(), shared.Config(), "%v", rule)
		require.True(t, slices.Equal(alone.Couplings().Float64s(), shared.Couplings().Float64s()), "%v", rule)
	}
}

func TestRuleNames(t *testing.T) {
	require.Equal(t, "[Hebb eigenvector projection Storkey perceptron perceptron per unit minimal overlap unlearning]", fmt.Sprint([]Rule{
		Hebb{}, Eigenvector{}, Projection{}, Storkey{}, Perceptron{}, Perceptron{PerUnit: true}, MinOverlap{}, Unlearning{},
	}))
}
