package associative

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/matrix"
)

// plainIterate repeats sgn(xW) by loops until a state comes again, and returns the states and the length of the cycle.
func plainIterate(w []float64, x []float64, ties Ties, maxSteps int) (states [][]float64, cycle int) {
	n := len(x)
	states = [][]float64{x}
	for step := 1; step <= maxSteps; step++ {
		next := slices.Clone(x)
		for j := range n {
			field := 0.0
			for i := range n {
				field += x[i] * w[i*n+j]
			}
			switch {
			case field > 0:
				next[j] = 1
			case field < 0 || ties == Minus:
				next[j] = -1
			}
		}
		for before, s := range states {
			if slices.Equal(s, next) {
				return append(states, next), step - before
			}
		}
		states = append(states, next)
		x = next
	}
	return states, 0
}

// iterated is a network that iterates a linear associator, whatever its W.
func iterated(t *testing.T, l *Linear, ties Ties) *Hopfield {
	t.Helper()
	h, err := l.Hopfield(HopfieldConfig{SelfCoupling: true, Asymmetric: true, Ties: ties})
	require.NoError(t, err)
	return h
}

// Synchronous recall is the repetition of sgn(xW) for all whole-number W, with either setting for ties, and finds the cycles. For symmetric W they
// are of 1 or 2 steps.
func TestIterateIsRepeatedRecall(t *testing.T) {
	lengths, short := map[int]int{}, 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 24))
		n, ties := 1+r.IntN(10), Ties(seed%2)
		w := make([]float64, n*n)
		for i := range n {
			for j := range n {
				w[i*n+j] = float64(r.IntN(7) - 3)
				if seed%3 == 0 && j < i {
					w[i*n+j] = w[j*n+i]
				}
			}
		}
		l := must(NewLinear(matrix.Tensor(tensor.Float64, w, n, n)))(t)
		x := spins(r, 6, n)
		got, err := iterated(t, l, ties).Recall(x, Synchronous{})
		require.NoError(t, err)
		for row := range 6 {
			start := x.Float64s()[row*n : (row+1)*n]
			states, cycle := plainIterate(w, start, ties, 100)
			require.Equal(t, cycle, got.Cycle[row])
			require.NotZero(t, cycle)
			lengths[cycle]++
			if seed%3 == 0 {
				require.LessOrEqual(t, cycle, 2)
				short++
			}
			last := got.States.Float64s()[row*n : (row+1)*n]
			more, _ := plainIterate(w, start, ties, got.Sweeps[row])
			if got.Sweeps[row] < len(states) {
				require.Equal(t, more[len(more)-1], last)
			}
			require.GreaterOrEqual(t, got.Sweeps[row], len(states)-1)
			require.Contains(t, states, last)
			if cycle == 1 {
				require.Len(t, states, got.Sweeps[row]+1)
			}
			alone, err := iterated(t, l, ties).Recall(matrix.Tensor(tensor.Float32, start, 1, n), Synchronous{})
			require.NoError(t, err)
			require.Equal(t, []int{got.Sweeps[row], got.Cycle[row]}, []int{alone.Sweeps[0], alone.Cycle[0]})
		}
	}
	require.Greater(t, len(lengths), 5, "lengths %v", lengths)
	require.Equal(t, 300, short)
}

// A permutation of the components comes back after the length of its cycles, here 7 for any state that is not uniform.
func TestIterateFindsLongCycles(t *testing.T) {
	const n = 7
	w := make([]float64, n*n)
	for i := range n {
		w[i*n+(i+1)%n] = 1
	}
	l := must(NewLinear(matrix.Tensor(tensor.Float64, w, n, n)))(t)
	got, err := iterated(t, l, Keep).Recall(tensorOf([]float64{1, -1, -1, -1, -1, -1, -1}, []float64{1, 1, 1, 1, 1, 1, 1}), Synchronous{})
	require.NoError(t, err)
	require.Equal(t, []int{7, 1}, got.Cycle)
	got, err = iterated(t, l, Keep).Recall(tensorOf([]float64{1, -1, -1, -1, -1, -1, -1}), Synchronous{MaxSweeps: 6})
	require.NoError(t, err)
	require.Equal(t, []int{0}, got.Cycle, "nothing came again yet")
	require.Equal(t, []int{6}, got.Sweeps)
	require.Equal(t, []float64{-1, -1, -1, -1, -1, -1, 1}, got.States.Float64s())
}

// Positive semi-definite W ends in fixed points, whatever it stores; the negated W of the same patterns alternates.
func TestAutoassociationEndsInFixedPoints(t *testing.T) {
	alternates := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 25))
		n := 2 + r.IntN(30)
		x := spins(r, 1+r.IntN(n), n)
		for name, l := range map[string]*Linear{
			"correlation": must(Correlation(x, x))(t), "pseudoinverse": must(Pseudoinverse(x, x))(t),
		} {
			for _, ties := range []Ties{Keep, Minus} {
				got, err := iterated(t, l, ties).Recall(spins(r, 20, n), Synchronous{})
				require.NoError(t, err)
				require.Equal(t, slices.Repeat([]int{1}, 20), got.Cycle, fmt.Sprint(name, ties))
				again, err := iterated(t, l, ties).Recall(got.States, Synchronous{})
				require.NoError(t, err)
				require.Equal(t, got.States.Float64s(), again.States.Float64s())
			}
			negative := l.W()
			for i := range negative.Float64s() {
				negative.Float64s()[i] *= -1
			}
			got, err := iterated(t, must(NewLinear(negative))(t), Keep).Recall(x, Synchronous{})
			require.NoError(t, err)
			for _, c := range got.Cycle {
				require.LessOrEqual(t, c, 2)
				if c == 2 {
					alternates++
				}
			}
		}
	}
	require.Greater(t, alternates, 100)
}
