package experiment

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/associative"
	"github.com/harmonium-go/harmonium/energy"
)

func TestCapacityOf(t *testing.T) {
	for _, most := range []int{1, 2, 30, 250} {
		for want := range most + 1 {
			asked := 0
			got, err := capacityOf(100, most, func(m int) (bool, error) {
				asked++
				require.LessOrEqual(t, m, most)
				return m <= want, nil
			})
			require.NoError(t, err)
			require.Equal(t, float64(want), got, "most %d", most)
			require.LessOrEqual(t, asked, 18)
		}
	}
	got, err := capacityOf(4000, 10000, func(m int) (bool, error) { return m <= 555, nil })
	require.NoError(t, err)
	require.InDelta(t, 555, got, 2, "to n/1000")
	failing := errors.New("no")
	_, err = capacityOf(10, 10, func(m int) (bool, error) { return m < 3, map[bool]error{m >= 3: failing}[true] })
	require.ErrorIs(t, err, failing)
}

// Projection stores n − 1 random patterns exactly, and refuses n. Every set says so.
func TestProjectionStoresAllButOne(t *testing.T) {
	got, err := Capacity(t.Context(), CapacityConfig{Rules: []associative.Rule{associative.Projection{}}, Units: []int{40, 60, 80}, Sets: 5, Seed: 1, Scaling: InverseUnits})
	require.NoError(t, err)
	for _, p := range got.Curves[0].Points {
		require.Equal(t, known(float64(p.Units-1)), p.Patterns)
		require.Zero(t, p.Limited)
	}
	fit := got.Curves[0].Fit
	require.InDelta(t, 1, fit.Limit.Value, 1e-9, "1 − 1/n is a line in 1/n")
	require.InDelta(t, -1, fit.Slope, 1e-9)
}

// In small networks: Hebb below Storkey below the projection, and perceptrons above one pattern a unit.
func TestCapacityOfRules(t *testing.T) {
	rules := []associative.Rule{associative.Hebb{}, associative.Storkey{}, associative.Projection{}, associative.Perceptron{}}
	got, err := Capacity(t.Context(), CapacityConfig{Rules: rules, Units: []int{24}, Sets: 10})
	require.NoError(t, err)
	for r := 1; r < len(rules); r++ {
		require.Greater(t, got.Curves[r].Points[0].Load.Low, got.Curves[r-1].Points[0].Load.High, "%v", rules[r])
	}
	require.Less(t, got.Curves[0].Points[0].Load.High, 0.4)
	require.Greater(t, got.Curves[3].Points[0].Load.Low, 1.0)
	require.Nil(t, got.Curves[0].Fit, "one size has no line")
}

// Hebb's rule without a wrong bit: what the exact probability of a bit predicts, were bits independent, is near what sets hold.
func TestErrorFreeCapacityOfHebb(t *testing.T) {
	got, err := Capacity(t.Context(), CapacityConfig{Rules: []associative.Rule{associative.Hebb{}}, Units: []int{100, 200}, Sets: 40})
	require.NoError(t, err)
	for _, p := range got.Curves[0].Points {
		require.InEpsilon(t, float64(ErrorFreePatterns(p.Units, associative.Keep)), p.Patterns.Value, 0.15)
		require.Greater(t, p.Patterns.Low, ErrorFreeLaw(p.Units), "the law is reached from above, slowly")
	}
	ratio := func(n int) float64 { return float64(ErrorFreePatterns(n, associative.Keep)) / ErrorFreeLaw(n) }
	require.Greater(t, ratio(100), ratio(1000))
	require.Greater(t, ratio(1000), ratio(10000))
	require.Greater(t, ratio(10000), 1.0)
}

// The transition of Hebb's rule: half of the patterns are recalled up to a load that falls with n, towards 0.138.
func TestTransitionOfHebb(t *testing.T) {
	if testing.Short() {
		t.Skip("networks of 800 units")
	}
	got, err := Capacity(t.Context(), CapacityConfig{
		Rules: []associative.Rule{associative.Hebb{}}, Units: []int{200, 400, 800}, Criterion: Recalled, Sets: 10, Scaling: InverseUnits,
	})
	require.NoError(t, err)
	points := got.Curves[0].Points
	for k := 1; k < len(points); k++ {
		require.Less(t, points[k].Load.Value, points[k-1].Load.Value)
	}
	require.Greater(t, points[2].Load.Low, 0.138)
	require.InDelta(t, 0.15, got.Curves[0].Fit.Limit.Value, 0.025)
}

func TestCapacityIsAFunctionOfTheSettings(t *testing.T) {
	c := CapacityConfig{Rules: []associative.Rule{associative.Hebb{}}, Units: []int{20, 40}, Criterion: Recalled, Noise: 0.1, Sets: 8, Seed: 2}
	first, err := Capacity(t.Context(), c)
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := Capacity(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, first, again)
}

func TestCapacityRefuses(t *testing.T) {
	hebb := []associative.Rule{associative.Hebb{}}
	for text, c := range map[string]CapacityConfig{
		"Rules: none given":                        {Rules: []associative.Rule{}},
		"Units 0 is 1, want 2 to":                  {Rules: hebb, Units: []int{1}},
		"Criterion: Criterion(5) is not known":     {Rules: hebb, Criterion: 5},
		"Noise is 0.5, want a share":               {Rules: hebb, Criterion: Recalled, Noise: 0.5},
		"Noise is 0.1 and Tried 0, but nothing is": {Rules: hebb, Noise: 0.1},
		"Noise is 0 and Tried 9, but nothing is":   {Rules: hebb, Tried: 9},
		"Most is NaN":                              {Rules: hebb, Most: math.NaN()},
		"Scaling: Scaling(4) is not known":         {Rules: hebb, Scaling: 4},
		"Sets is 1":                                {Rules: hebb, Sets: 1},
	} {
		_, err := Capacity(t.Context(), c)
		require.ErrorIs(t, err, energy.ErrConfig, text)
		require.ErrorContains(t, err, "experiment: Capacity: "+text)
	}
	// A rule that is set wrongly refuses one pattern too, and is no capacity of 0.
	_, err := Capacity(t.Context(), CapacityConfig{Rules: []associative.Rule{associative.Perceptron{Epochs: -1}}})
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "perceptron, 50 units: ")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Capacity(ctx, CapacityConfig{Rules: hebb})
	require.ErrorIs(t, err, context.Canceled)
}

func TestExtrapolation(t *testing.T) {
	points := func(off ...float64) *CapacityCurve {
		var c CapacityCurve
		for k, n := range []int{100, 200, 400, 800} {
			load := 0.14 + 3/float64(n) + off[k]
			c.Points = append(c.Points, CapacityPoint{Units: n, Load: known(load), Error: 0.001})
		}
		return &c
	}
	few := func(sizes int) *CapacityCurve { return &CapacityCurve{Points: points(0, 0, 0, 0).Points[:sizes]} }
	e := points(0, 0, 0, 0).Extrapolate(InverseUnits)
	require.InDelta(t, 0.14, e.Limit.Value, 1e-12)
	require.InDelta(t, 3, e.Slope, 1e-10)
	require.InDelta(t, 0, e.ChiSquare, 1e-10)
	require.Equal(t, 2, e.Freedom)
	narrow := e.Limit.High - e.Limit.Low
	// Points off the line by more than their errors widen the interval; the wrong scaling has such points.
	e = points(0.01, -0.01, -0.01, 0.01).Extrapolate(InverseUnits)
	require.Greater(t, e.ChiSquare, 50.0)
	require.InEpsilon(t, narrow*math.Sqrt(e.ChiSquare/2), e.Limit.High-e.Limit.Low, 1e-9)
	require.Greater(t, points(0, 0, 0, 0).Extrapolate(InverseRoot).ChiSquare, 6.0)
	require.Zero(t, few(2).Extrapolate(InverseUnits).ChiSquare)
	require.Nil(t, few(1).Extrapolate(InverseUnits))
}

func TestRetrieval(t *testing.T) {
	c := RetrievalConfig{
		Rules: []associative.Rule{associative.Hebb{}, associative.Projection{}}, Units: []int{50, 100}, Loads: []float64{0.02, 0.1, 0.3, 0.98, 1}, Noise: 0.06, Sets: 8, Tried: 20,
	}
	got, err := Retrieval(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, got.Curves, 4)
	for _, curve := range got.Curves {
		require.Equal(t, []int{curve.Units / 50, curve.Units / 10, 3 * curve.Units / 10, 49 * curve.Units / 50}, curve.Stored[:4])
		require.Equal(t, 1.0, curve.Overlap[0].Value)
		require.Equal(t, 1.0, curve.Retrieved[0].Value)
	}
	hebb, projection := got.Curves[1], got.Curves[3]
	require.Len(t, hebb.Stored, 5)
	require.Len(t, projection.Stored, 4, "n patterns are refused")
	require.Less(t, hebb.Overlap[2].High, projection.Overlap[2].Low)
	require.Equal(t, 1.0, projection.Retrieved[2].Value)

	// The last network of the last set, recalled by itself.
	r := newRecaller(0, 50, 0.06, associative.Keep, 20)
	overlaps, err := r.overlaps(t.Context(), associative.Hebb{}, 7, r.patterns.draw(7, 5))
	require.NoError(t, err)
	require.Len(t, overlaps, 5)
	start := slices.Clone(r.patterns.draw(7, 5)[:50])
	newFlips(0, 50).draw(7, 0, start, r.flips)
	wrong := 0
	for i, v := range r.patterns.draw(7, 1) {
		if start[i] != v {
			wrong++
		}
	}
	require.Equal(t, 3, wrong, "6 % of 50 bits")

	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := Retrieval(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, got, again)
	for _, bad := range []RetrievalConfig{
		{Rules: []associative.Rule{}}, {Rules: c.Rules, Units: []int{2, 1}}, {Rules: c.Rules, Loads: []float64{-0.1}}, {Rules: c.Rules, Loads: []float64{math.NaN()}},
		{Rules: c.Rules, Noise: 0.5}, {Rules: c.Rules, Noise: math.NaN()}, {Rules: c.Rules, Tried: -1}, {Rules: c.Rules, Ties: 2},
	} {
		_, err := Retrieval(t.Context(), bad)
		require.ErrorIs(t, err, energy.ErrConfig, "%+v", bad)
	}
	_, err = Retrieval(t.Context(), RetrievalConfig{Rules: []associative.Rule{associative.Perceptron{Epochs: -1}}, Loads: []float64{0.001}})
	require.ErrorIs(t, err, energy.ErrConfig)
}
