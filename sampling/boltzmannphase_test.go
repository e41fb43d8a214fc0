package sampling

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/rng"
	"github.com/harmonium-go/harmonium/layers"
)

// wholeRows are rows without holes.
func wholeRows(m *layers.Boltzmann) *tensor.Dense {
	x := rowsWithHoles(m)
	filled, _, err := m.Visible().Missing(x)
	if err != nil {
		panic(err)
	}
	return filled
}

// phases of each kind on each machine: their rows fit, are the machine's, and are a function of seed and step.
func TestBoltzmannPhasesAreAFunctionOfTheStep(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for name, m := range completionMachines(t, dtype) {
			data := wholeRows(m)
			for _, negative := range []BoltzmannNegative{CD{Steps: 2}, PCD{Chains: 7}} {
				var before []float64
				for range 2 { // two runs alike
					p, err := negative.StartBoltzmann(m, 9)
					require.NoError(t, err)
					var all []float64
					for step := range uint64(3) {
						rows, weights, err := p.Next(data, ones(4), step)
						require.NoError(t, err)
						require.Len(t, weights, p.Rows(4))
						require.Equal(t, tensor.Shape{p.Rows(4), m.Visible().Len()}, rows.Shape())
						require.NoError(t, m.Visible().Check(rows))
						all = append(all, inFloat64s(rows)...)
					}
					if before != nil {
						require.Equal(t, before, all, "%s %v", name, negative)
					}
					before = all
				}
			}
		}
	}
}

// Persistent chains go on from where they are put, and a restored phase goes on as the other.
func TestBoltzmannPCDGoesOn(t *testing.T) {
	m := completionMachines(t, tensor.Float64)["coupled"]
	whole, err := PCD{Chains: 5, Steps: 2}.StartBoltzmann(m, 1)
	require.NoError(t, err)
	for step := range uint64(3) {
		_, _, err := whole.Next(nil, nil, step)
		require.NoError(t, err)
	}
	resumed, err := PCD{Chains: 5, Steps: 2}.StartBoltzmann(m, 1)
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{5, m.Units().Len()}, resumed.Chains().Shape())
	copy(resumed.Chains().Float64s(), whole.Chains().Float64s())
	want, _, err := whole.Next(nil, nil, 3)
	require.NoError(t, err)
	got, _, err := resumed.Next(nil, nil, 3)
	require.NoError(t, err)
	require.Equal(t, want.Float64s(), got.Float64s())

	resumed.Chains().Float64s()[0] = math.NaN()
	_, _, err = resumed.Next(nil, nil, 4)
	require.ErrorIs(t, err, energy.ErrNotFinite, "what was written there is looked at")
}

// The exact phase weighs the visible states by their probabilities.
func TestBoltzmannExactPhase(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, name := range []string{"no hidden", "semi-restricted", "edges"} {
			m := completionMachines(t, dtype)[name]
			p, err := Exact{}.StartBoltzmann(m, 0)
			require.NoError(t, err)
			rows, weights, err := p.Next(nil, nil, 0)
			require.NoError(t, err)
			logP, err := m.LogProbability(1, rows)
			require.NoError(t, err)
			for i, w := range weights {
				require.InDelta(t, math.Exp(logP[i]), w, 1e-6, name)
			}
			require.Nil(t, p.Chains())
		}
	}
}

// Chains of a machine at equilibrium stay there through CD and PCD: the means of their rows are the exact ones.
func TestBoltzmannPhasesSampleTheMachine(t *testing.T) {
	for name, m := range completionMachines(t, tensor.Float64) {
		want, err := m.Equilibrium(1)
		require.NoError(t, err)
		const chains = 2000
		p, err := PCD{Chains: chains, Steps: 30}.StartBoltzmann(m, 3)
		require.NoError(t, err)
		rows, _, err := p.Next(nil, nil, 0)
		require.NoError(t, err)
		near := func(rows *tensor.Dense, what string) {
			n := m.Visible().Len()
			for j := range n {
				mean := 0.0
				for r := range chains {
					mean += rows.Float64s()[r*n+j] / chains
				}
				total := m.Units().Len()
				variance := want.SecondMoment[j*total+j] - want.Mean[j]*want.Mean[j]
				require.InDelta(t, want.Mean[j], mean, 4.5*math.Sqrt(variance/chains), "%s of %s, column %d", what, name, j)
			}
		}
		near(rows, "PCD")
		cd, err := CD{}.StartBoltzmann(m, 4)
		require.NoError(t, err)
		after, _, err := cd.Next(rows, ones(chains), 0)
		require.NoError(t, err)
		near(after, "CD from there")
	}
}

// Clamped chains have the conditional distribution of the hidden units, and the mean field the graph's means; the visible columns are the data.
func TestPositivePhases(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for name, m := range completionMachines(t, dtype) {
			if m.Hidden().Len() == 0 {
				continue
			}
			const copies = 2000
			data, visible, n := wholeRows(m), m.Visible().Len(), m.Units().Len()
			known := make([]bool, n)
			for j := range visible {
				known[j] = true
			}
			p, err := Clamped{Chains: copies}.StartPositive(m, 5)
			require.NoError(t, err)
			require.Equal(t, copies, p.Copies())
			drawn, err := p.Next(data, 2)
			require.NoError(t, err)
			field, err := ClampedMeanField{}.StartPositive(m, 0)
			require.NoError(t, err)
			means, err := field.Next(data, 0)
			require.NoError(t, err)
			require.Equal(t, tensor.Shape{4, n}, means.Shape())
			rows, x, v := inFloat64s(drawn), inFloat64s(means), inFloat64s(data)
			for r := range 4 {
				require.Equal(t, v[r*visible:(r+1)*visible], x[r*n:r*n+visible])
				require.Equal(t, v[r*visible:(r+1)*visible], rows[(r*copies+17)*n:(r*copies+17)*n+visible])
				row := make([]float64, n)
				copy(row, v[r*visible:])
				e, err := m.Conditional(1, row, known)
				require.NoError(t, err)
				for j := visible; j < n; j++ {
					mean := 0.0
					for k := range copies {
						mean += rows[(r*copies+k)*n+j] / copies
					}
					require.InDelta(t, e.Mean[j], mean, 4.5/math.Sqrt(copies), "%s: row %d, column %d", name, r, j)
					if m.HiddenStates() == energy.UncoupledHidden {
						require.InDelta(t, e.Mean[j], x[r*n+j], 1e-5, "exact where hidden units are not coupled")
					} else {
						require.InDelta(t, e.Mean[j], x[r*n+j], 0.3)
					}
				}
			}
			if dtype == tensor.Float64 {
				inputs, mean := make([]float64, len(x)), make([]float64, n-visible)
				must(layers.PlainBoltzmannOf[float64](m)).Input(inputs, x, 4)
				for r := range 4 {
					m.Hidden().Kind().F64.Mean(mean, inputs[r*n+visible:(r+1)*n], nil)
					require.InDeltaSlice(t, mean, x[r*n+visible:(r+1)*n], 1e-4, "the solution of m = Γ'(input)")
				}
			}
		}
	}
	m := completionMachines(t, tensor.Float64)["coupled"]
	p, err := ClampedMeanField{}.StartPositive(m, 0)
	require.NoError(t, err)
	_, err = p.Next(wholeRows(completionMachines(t, tensor.Float32)["coupled"]), 0)
	require.ErrorIs(t, err, energy.ErrDtype)
	c, err := Clamped{}.StartPositive(m, 0)
	require.NoError(t, err)
	_, err = c.Next(wholeRows(completionMachines(t, tensor.Float64)["edges"]), 0)
	require.Error(t, err)
}

// A change of the number of sweeps between steps draws anew.
func TestSweepsOfAnotherNumber(t *testing.T) {
	m := completionMachines(t, tensor.Float64)["no hidden"]
	w := newSweeps(m, 1, false)
	start, err := RandomBoltzmannState(m, 50, 1)
	require.NoError(t, err)
	require.NoError(t, w.run(start, 2, 3)) // sweeps 6 and 7 of two a step
	seed := w.dense.Seed
	require.NoError(t, w.run(start, 1, 6)) // sweep 6 of one a step
	require.NotEqual(t, seed, w.dense.Seed)
	require.Equal(t, rng.New(1, "sweeps a step").Uint64(1), w.dense.Seed)
}
