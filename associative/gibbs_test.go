package associative

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// boltzmann enumerates p(x) ∝ exp(−E(x)/T).
func boltzmann(h *Hopfield, temperature float64) (states [][]float64, p []float64) {
	total := 0.0
	for k := range 1 << h.n {
		x := make([]float64, h.n)
		h.number(k, x)
		states = append(states, x)
		p = append(p, math.Exp(-plainEnergy(h, x)/temperature))
		total += p[k]
	}
	for k := range p {
		p[k] /= total
	}
	return states, p
}

// Draws of the exact distribution are draws of it after a sweep. The twin takes the rule of the other kind of units.
func TestGibbsIsStationary(t *testing.T) {
	const n, draws, temperature, alpha = 5, 40000, 2.5, 1e-6
	for _, binary := range []bool{false, true} {
		for _, seed := range stattest.Seeds {
			r := rand.New(rand.NewPCG(seed, 8))
			h := network(t, r, n, HopfieldConfig{Binary: binary, Bias: []float64{1, -0.5, 0, 0.25, -1}})
			states, p := boltzmann(h, temperature)
			var rows []float64
			for range draws {
				u, k := r.Float64(), 0
				for ; k < len(p)-1 && u >= p[k]; k++ {
					u -= p[k]
				}
				rows = append(rows, states[k]...)
			}
			start := matrix.Tensor(tensor.Float64, rows, draws, n)
			after := func(temperature float64) error {
				counts := make([]int, len(p))
				got := recall(t, h, start, Gibbs{Temperature: temperature, Sweeps: 1, Seed: seed}).States.Float64s()
				for k := range draws {
					counts[slices.IndexFunc(states, func(s []float64) bool { return slices.Equal(s, got[k*n:(k+1)*n]) })]++
				}
				return stattest.Distribution(counts, p, alpha)
			}
			require.NoError(t, after(temperature))
			require.Error(t, after(2*temperature), "σ(h/T) for spins")
			require.Error(t, after(temperature/2), "σ(2h/T) for bits")
		}
	}
}

func TestGibbsAverages(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	const n = 6
	for _, binary := range []bool{false, true} {
		h := network(t, r, n, HopfieldConfig{Binary: binary})
		x := make([]float64, n)
		h.number(11, x)
		const sweeps, average = 9, 4
		want := make([]float64, n)
		var last []float64
		for s := sweeps - average + 1; s <= sweeps; s++ {
			last = recall(t, h, tensorOf(x), Gibbs{Temperature: 10, Sweeps: s, Seed: 5}).States.Float64s()
			for i, v := range last {
				want[i] += v / average
			}
		}
		got := recall(t, h, tensorOf(x), Gibbs{Temperature: 10, Sweeps: sweeps, Average: average, Seed: 5})
		require.InDeltaSlice(t, want, got.Means.Float64s(), 1e-12)
		for i, mean := range want {
			switch middle := (1 + h.low()) / 2; {
			case math.Abs(mean-middle) < 1e-9:
				require.Equal(t, last[i], got.States.Float64s()[i], "a tie is the last value")
			case mean > middle:
				require.Equal(t, 1.0, got.States.Float64s()[i])
			default:
				require.Equal(t, h.low(), got.States.Float64s()[i])
			}
		}
		require.Equal(t, plainEnergy(h, got.States.Float64s()), got.Energy[0])
		require.Nil(t, recall(t, h, tensorOf(x), Gibbs{}).Means)
	}
}

// A window ends a row at the first sweep at which the mean energy has stopped falling.
func TestWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 10))
	const n, window = 40, 5
	h := network(t, r, n, HopfieldConfig{})
	x := spins(r, 20, n)
	full := recall(t, h, x, Gibbs{Temperature: 6, Sweeps: 60, Seed: 1})
	got := recall(t, h, x, Gibbs{Temperature: 6, Sweeps: 60, Window: window, Seed: 1})
	early := 0
	for k, trace := range full.Trace {
		want := 60
		for s := 2 * window; s < 60; s++ {
			last, before := 0.0, 0.0
			for _, e := range trace[s-window+1 : s+1] {
				last += e
			}
			for _, e := range trace[s-2*window+1 : s-window+1] {
				before += e
			}
			if last >= before {
				want = s
				early++
				break
			}
		}
		require.Equal(t, want, got.Sweeps[k])
		require.Equal(t, trace[:want+1], got.Trace[k])
	}
	require.Positive(t, early)
}

// Cooled slowly, states end deeper than those that fall at once; and at a temperature near 0 nothing but falling is left.
func TestAnnealingFindsDeeperStates(t *testing.T) {
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 11))
		const n, rows = 60, 40
		h := network(t, r, n, HopfieldConfig{})
		x := spins(r, rows, n)
		mean := func(d Dynamics) (e float64) {
			for _, v := range recall(t, h, x, d).Energy {
				e += v / rows
			}
			return e
		}
		fallen, annealed := mean(Asynchronous{Seed: seed}), mean(Annealing{From: 30, To: 0.1, Seed: seed})
		quenched := mean(Annealing{From: 0.02, To: 0.01, Seed: seed})
		require.Less(t, annealed, fallen-0.02*math.Abs(fallen), fmt.Sprint(annealed, quenched, fallen))
		require.Less(t, annealed, quenched-0.02*math.Abs(quenched), "the twin that is never warm")
	}
}

func TestAnnealingEndsAtRest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	h := network(t, r, 30, HopfieldConfig{})
	got := recall(t, h, spins(r, 30, 30), Annealing{From: 20, To: 0.01, Sweeps: 5, Temperatures: 30})
	stable, err := h.Stable(got.States)
	require.NoError(t, err)
	for k, s := range stable {
		require.Equal(t, s, got.Cycle[k] == 1)
		require.Equal(t, 150, got.Sweeps[k])
		require.True(t, s)
	}
	require.Contains(t, recall(t, h, spins(r, 30, 30), Gibbs{Temperature: 50}).Cycle, 0)
}
