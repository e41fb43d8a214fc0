package associative_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
)

func threePatterns() *tensor.Dense {
	return tensor.New(tensor.WithShape(3, 4), tensor.WithBacking([]float64{1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1}))
}

// A setting that would ask for more memory than any machine has is an error.
func TestAbsurdSizesAreErrors(t *testing.T) {
	for _, rule := range []associative.Rule{
		associative.Unrolled{Copies: 1 << 40}, associative.Unrolled{Copies: 1 << 61},
		associative.Valleys{From: associative.RandomStates, Starts: 1 << 40}, associative.Valleys{From: associative.RandomStates, Starts: math.MaxInt},
		associative.Padded{Rule: associative.Hebb{}, Hidden: 1 << 40}, associative.Padded{Rule: associative.Hebb{}, Hidden: math.MaxInt},
		associative.Padded{Rule: associative.Hebb{}, Copies: 1 << 61},
	} {
		_, err := rule.Learn(t.Context(), threePatterns())
		require.ErrorIs(t, err, energy.ErrConfig, "%#v", rule)
		require.ErrorContains(t, err, "associative: "+rule.String()+": Learn: ")
	}
	for _, size := range [][2]int{{1 << 40, 1 << 20}, {math.MaxInt, 1}} {
		_, err := associative.NewPackedSpins(size[0], size[1])
		require.ErrorIs(t, err, energy.ErrRange)
	}
}

// Windows near the largest int, and averages of more sweeps than are ever made, which take no memory beforehand.
func TestLongWindowsAndAverages(t *testing.T) {
	h, err := associative.Hebb{}.Learn(t.Context(), threePatterns())
	require.NoError(t, err)
	for _, d := range []associative.Gibbs{{Window: math.MaxInt}, {Window: math.MaxInt/2 + 1, Sweeps: 10}} {
		_, err := h.Recall(threePatterns(), d)
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	long := associative.Gibbs{Sweeps: math.MaxInt, Average: math.MaxInt, Window: 3}
	got, err := h.Recall(threePatterns(), long)
	require.NoError(t, err)
	all, err := h.Recall(threePatterns(), associative.Gibbs{Sweeps: 100, Average: 100, Window: 3})
	require.NoError(t, err)
	require.Equal(t, all, got)
}

// With a Window the sweeps at the last temperature may be fewer than those to be averaged: warmer ones do not count.
func TestAverageIsOfTheLastTemperature(t *testing.T) {
	h, err := associative.NewHopfield(tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float64{0})), associative.HopfieldConfig{Bias: []float64{1}})
	require.NoError(t, err)
	start := tensor.New(tensor.WithShape(40, 1), tensor.WithBacking(make([]float64, 40)))
	for i := range start.Float64s() {
		start.Float64s()[i] = -1
	}
	// At 1e9 the unit is up or down alike; at 1e-9 it is up.
	got, err := h.Recall(start, associative.Annealing{From: 1e9, To: 1e-9, Temperatures: 2, Sweeps: 50, Window: 2, Average: 50})
	require.NoError(t, err)
	for _, mean := range got.Means.Float64s() {
		require.InDelta(t, 1, mean, 1e-12)
	}
}

func TestRulesThatOverflow(t *testing.T) {
	for _, rule := range []associative.Rule{
		associative.Hebb{Importance: []float64{1e308, 1e308, 1e308}}, associative.Hebb{Importance: []float64{1e308, -1e308, 1e308}},
		associative.Eigenvector{Values: []float64{1.7e308, -1.7e308, 1}},
		associative.Unlearning{Rate: 1e308, Dreams: 10},
	} {
		_, err := rule.Learn(t.Context(), threePatterns())
		require.ErrorIs(t, err, energy.ErrNotFinite, "%#v", rule)
		require.ErrorContains(t, err, "associative: "+rule.String()+": Learn: ")
	}
}

type noNetwork struct{ associative.Hebb }

func (noNetwork) Learn(context.Context, *tensor.Dense) (*associative.Hopfield, error) {
	return nil, nil
}

func TestRulesWithoutANetwork(t *testing.T) {
	for _, rule := range []associative.Rule{associative.Unlearning{Rule: noNetwork{}}, associative.Padded{Rule: noNetwork{}}} {
		_, err := rule.Learn(t.Context(), threePatterns())
		require.ErrorIs(t, err, energy.ErrConfig)
	}
	_, _, err := associative.IsingOf(nil)
	require.ErrorIs(t, err, energy.ErrConfig)
}

// A context that has ended is told by the rule.
func TestRulesSayThatTheContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, rule := range []associative.Rule{
		associative.Storkey{}, associative.Perceptron{}, associative.Perceptron{PerUnit: true}, associative.MinOverlap{}, associative.Valleys{}, associative.MPF{},
		associative.Unrolled{Epochs: 1 << 50, Copies: 1}, associative.Unlearning{Rate: 1e-300},
		associative.Padded{Rule: associative.Hebb{}, Hidden: 2, Paddings: associative.Relaxed}, associative.Padded{Rule: associative.Hebb{}, Hidden: 2, Paddings: associative.Decorrelated},
	} {
		_, err := rule.Learn(ctx, threePatterns())
		require.ErrorIs(t, err, context.Canceled, "%#v", rule)
		require.ErrorContains(t, err, "associative: "+rule.String()+": Learn: ")
	}
}

// Couplings near the largest number are refused where energies, or those of Binary, would be none.
func TestCouplingsThatLeaveNoRoom(t *testing.T) {
	_, err := associative.NewHopfield(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{0, 1e308, 1e308, 0})), associative.HopfieldConfig{})
	require.ErrorIs(t, err, energy.ErrNotFinite)
	h, err := associative.NewHopfield(tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{0, 5e306, 5e306, 0})), associative.HopfieldConfig{})
	require.NoError(t, err)
	binary, shift := h.Binary()
	require.Equal(t, 5e306, shift)
	e, err := binary.Energy(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, 0})))
	require.NoError(t, err)
	require.Equal(t, 1e307, e[0])
	_, err = associative.Lattice{Sides: []int{2, 2}, Periodic: true, J: 1e307}.Ising()
	require.ErrorIs(t, err, energy.ErrNotFinite)
	// The sizes add up to more than there is, but the sum does not.
	l, err := associative.NewLinear(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float64{1.5e308, -1e308})))
	require.NoError(t, err)
	y, err := l.Recall(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, 1})))
	require.NoError(t, err)
	require.Equal(t, []float64{1}, y.Float64s())
}
