package associative

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/matrix"
)

// spins draws p random rows of n spins.
func spins(r *rand.Rand, p, n int) *tensor.Dense {
	x := make([]float64, p*n)
	for k := range x {
		x[k] = float64(2*r.IntN(2) - 1)
	}
	return matrix.Tensor(tensor.Float64, x, p, n)
}

// network draws symmetric couplings without a diagonal, whole numbers so that ties happen.
func network(t *testing.T, r *rand.Rand, n int, config HopfieldConfig) *Hopfield {
	w := make([]float64, n*n)
	for i := range n {
		for j := range i {
			w[i*n+j] = float64(r.IntN(7) - 3)
			w[j*n+i] = w[i*n+j]
		}
	}
	h, err := NewHopfield(matrix.Tensor(tensor.Float64, w, n, n), config)
	require.NoError(t, err)
	return h
}

// plainEnergy is E(x) by its formula.
func plainEnergy(h *Hopfield, x []float64) float64 {
	w, e := h.Couplings().Float64s(), 0.0
	for i, v := range x {
		for j, u := range x {
			e -= v * w[i*h.n+j] * u / 2
		}
		if h.config.Bias != nil {
			e -= h.config.Bias[i] * v
		}
	}
	return e
}

// The law that the model is named for, with equality where it is exact: no asynchronous flip of a symmetric network raises the energy.
func TestEnergyNeverRises(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 2 + r.IntN(30)
		bias := make([]float64, n)
		for i := range bias {
			bias[i] = float64(r.IntN(5) - 2)
		}
		for _, ties := range []Ties{Keep, Minus} {
			for _, inOrder := range []bool{false, true} {
				h := network(t, r, n, HopfieldConfig{Ties: ties, Bias: bias})
				d := Asynchronous{Seed: seed, InOrder: inOrder}
				if inOrder {
					d.Seed = 0
				}
				got, err := h.Recall(spins(r, 10, n), d)
				require.NoError(t, err)
				stable, err := h.Stable(got.States)
				require.NoError(t, err)
				for k, trace := range got.Trace {
					for s := 1; s < len(trace); s++ {
						require.LessOrEqual(t, trace[s], trace[s-1])
					}
					require.Equal(t, 1, got.Cycle[k])
					require.True(t, stable[k])
					require.Equal(t, plainEnergy(h, got.States.Float64s()[k*n:(k+1)*n]), got.Energy[k])
				}
			}
		}
	}
}

func TestSynchronousEndsInOneOrTwo(t *testing.T) {
	twos := 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := 2 + r.IntN(30)
		got, err := network(t, r, n, HopfieldConfig{}).Recall(spins(r, 10, n), Synchronous{})
		require.NoError(t, err)
		for _, c := range got.Cycle {
			require.Contains(t, []int{1, 2}, c, fmt.Sprint(seed))
			twos += c - 1
		}
	}
	require.Positive(t, twos)
}

// must is what a function returned, which is to have no error; failure is the error of one that returned something beside.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

func failure(_ any, err error) error { return err }
