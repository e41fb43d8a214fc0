package associative

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/matrix"
)

func bitsOf(x *tensor.Dense) *tensor.Dense {
	bits := x.Clone().(*tensor.Dense)
	for k, v := range bits.Float64s() {
		bits.Float64s()[k] = (v + 1) / 2
	}
	return bits
}

// A network and its binary twin recall alike, warm and cold, and their energies differ by the shift.
func TestBinaryDoesTheSame(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 13))
		n := 2 + r.IntN(20)
		bias, w := make([]float64, n), make([]float64, n*n)
		for i := range n {
			bias[i] = float64(r.IntN(9)-4) / 4
			for j := range i + 1 {
				w[i*n+j] = float64(r.IntN(9)-4) / 8
				w[j*n+i] = w[i*n+j]
			}
		}
		h, err := NewHopfield(matrix.Tensor(tensor.Float64, w, n, n), HopfieldConfig{Bias: bias, SelfCoupling: true})
		require.NoError(t, err)
		binary, shift := h.Binary()
		require.True(t, binary.Config().Binary)
		same, none := binary.Binary()
		require.Same(t, binary, same)
		require.Zero(t, none)
		back, unshift := binary.Bipolar()
		require.Equal(t, h.Couplings().Float64s(), back.Couplings().Float64s())
		require.Equal(t, h.Config(), back.Config())
		require.Equal(t, -shift, unshift)

		x := spins(r, 20, n)
		bits := bitsOf(x)
		for k, e := range must(h.Energy(x))(t) {
			require.Equal(t, e+shift, must(binary.Energy(bits))(t)[k])
			require.Equal(t, plainEnergy(binary, bits.Float64s()[k*n:(k+1)*n]), e+shift)
		}
		for _, d := range []Dynamics{Asynchronous{Seed: seed, MaxSweeps: 20}, Synchronous{}, Gibbs{Temperature: 3, Seed: seed, Average: 5}} {
			want, got := recall(t, h, x, d), recall(t, binary, bits, d)
			require.Equal(t, bitsOf(want.States).Float64s(), got.States.Float64s())
			require.Equal(t, want.Sweeps, got.Sweeps)
			require.Equal(t, want.Cycle, got.Cycle)
		}
	}
}

func TestStableStates(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 14))
		n := 1 + int(seed)
		if seed == 11 {
			n = 14 // more than one block
		}
		h := network(t, r, n, HopfieldConfig{Binary: seed%2 == 1, Ties: Ties(seed / 2 % 2)})
		var want [][]float64
		for k := range 1 << n {
			x := make([]float64, n)
			h.number(k, x)
			next := append([]float64(nil), x...)
			plainSweep(h, next, [][]int{ascending(n)})
			if slices.Equal(x, next) {
				want = append(want, x)
			}
		}
		require.Equal(t, want, must(h.StableStates(t.Context()))(t))
		require.NotEmpty(t, want)
	}
}
