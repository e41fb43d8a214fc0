package associative

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

// What a dream takes from the couplings is a state, times the rate, that was stable before, and the diagonal stays.
func TestUnlearningTakesStableStates(t *testing.T) {
	const n, rate = 30, 0.05
	for _, rule := range []Rule{nil, Projection{}, Hebb{KeepDiagonal: true}, Perceptron{}} {
		x := spins(rand.New(rand.NewPCG(1, 51)), 6, n)
		before := learn(t, Unlearning{Rule: rule, Rate: rate, Dreams: 1, Seed: 7}, x)
		met := map[string]bool{}
		for dreams := 2; dreams < 20; dreams++ {
			after := learn(t, Unlearning{Rule: rule, Rate: rate, Dreams: dreams, Seed: 7}, x)
			a, b := before.Couplings().Float64s(), after.Couplings().Float64s()
			state := make([]float64, n)
			for i := range state {
				state[i] = math.Round((a[i] - b[i]) * n / rate) // times the first unit's
			}
			state[0] = 1
			for k := range a {
				i, j := k/n, k%n
				if i == j {
					require.Equal(t, a[k], b[k])
				} else {
					require.InDelta(t, state[i]*state[j]*rate/n, a[k]-b[k], 1e-13)
					require.Equal(t, b[j*n+i], b[k])
				}
			}
			other := slices.Clone(state)
			for i := range other {
				other[i] = -state[i]
			}
			require.Positive(t, stableCount(t, before, rowsOf(n, append(state, other...)...)))
			met[fmt.Sprint(state)] = true
			before = after
		}
		require.Greater(t, len(met), 2)
	}
}

// enlivened is the check that dreams are for: of 30 patterns in 100 units nearly all are stable, and most come back from noise.
func enlivened(t *testing.T, h *Hopfield, x []float64, r *rand.Rand) error {
	const n, p = 100, 30
	stable, back := stableCount(t, h, rowsOf(n, x...)), 0
	noisy := slices.Clone(x)
	for k := range noisy {
		if r.Float64() < 0.1 {
			noisy[k] *= -1
		}
	}
	got, err := h.Recall(rowsOf(n, noisy...), Asynchronous{})
	require.NoError(t, err)
	for mu := range p {
		if slices.Equal(x[mu*n:(mu+1)*n], got.States.Float64s()[mu*n:(mu+1)*n]) {
			back++
		}
	}
	if stable < p*9/10 || back < p*3/4 {
		return fmt.Errorf("%d of %d patterns are stable, and %d come back", stable, p, back)
	}
	return nil
}

// Hebb's rule loses 30 patterns in 100 units: by the Gaussian approximation of crosstalk Φ(√(100/30))^100 = 3 % of them are stable. Dreams bring
// them back. Learning the dreams instead, or none, does not.
func TestUnlearningBringsPatternsBack(t *testing.T) {
	const n, p = 100, 30
	for _, seed := range stattest.Seeds {
		r := rand.New(rand.NewPCG(seed, 52))
		x := spins(r, p, n)
		hebb := learn(t, Hebb{}, x)
		require.NoError(t, enlivened(t, learn(t, Unlearning{Seed: seed}, x), x.Float64s(), r))
		require.Error(t, enlivened(t, hebb, x.Float64s(), r))
		twin, err := hebb.unlearn(t.Context(), 2100, -0.01, seed)
		require.NoError(t, err)
		require.Error(t, enlivened(t, twin, x.Float64s(), r))
		require.LessOrEqual(t, stableCount(t, hebb, x), p/5)
	}
}

func TestUnlearningDefaults(t *testing.T) {
	x := spins(rand.New(rand.NewPCG(1, 53)), 3, 20)
	require.Equal(t, learn(t, Unlearning{Rule: Hebb{}, Rate: 0.01, Dreams: 210, Seed: 4}, x), learn(t, Unlearning{Seed: 4}, x))
	require.NotEqual(t, learn(t, Unlearning{Seed: 5}, x), learn(t, Unlearning{Seed: 4}, x))
	require.Equal(t, "unlearning, unlearning (projection)", fmt.Sprintf("%v, %v", Unlearning{}, Unlearning{Rule: Projection{}}))
}

func TestUnlearningRefuses(t *testing.T) {
	good := spins(rand.New(rand.NewPCG(1, 54)), 2, 10)
	for _, c := range []struct {
		rule Unlearning
		says string
	}{
		{Unlearning{Rate: -1}, "associative: unlearning: Learn: Rate is -1, want a positive number, or 0 for 0.01"},
		{Unlearning{Rate: math.NaN()}, "Rate is NaN"},
		{Unlearning{Rate: math.Inf(1)}, "Rate is +Inf"},
		{Unlearning{Dreams: -1}, "Dreams is -1, want at least 1"},
		{Unlearning{Rule: Perceptron{PerUnit: true}}, "unlearning (perceptron per unit): Learn: the rule makes networks that are asymmetric or binary"},
		{Unlearning{Rule: Perceptron{Epochs: -1}}, "associative: unlearning (perceptron): Learn: associative: perceptron: Learn: Epochs is -1"},
	} {
		_, err := c.rule.Learn(t.Context(), good)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, c.says)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Unlearning{}.Learn(ctx, good)
	require.ErrorIs(t, err, context.Canceled)
}
