package associative

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/layers"
)

// The machine of an Ising model has its energies, also where bonds are double, on a torus and in a field.
func TestIsingBoltzmann(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	torus, err := Lattice{Sides: []int{2, 4}, Periodic: true, J: 0.7, Field: -0.25}.Ising()
	require.NoError(t, err)
	for _, g := range []*Ising{torus, isingOf(t, r, 9, true), isingOf(t, r, 9, false)} {
		for _, dtype := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
			m, err := g.Boltzmann("lattice", dtype)
			require.NoError(t, err)
			require.Equal(t, dtype, m.Dtype())
			require.Equal(t, "lattice", m.Name())
			x := spins(r, 20, g.n)
			want, err := g.Energy(x)
			require.NoError(t, err)
			var got []float64
			if dtype == tensor.Float64 {
				p, err := layers.PlainBoltzmannOf[float64](m)
				require.NoError(t, err)
				got = p.Energy(x.Float64s(), 20)
				require.InDeltaSlice(t, want, got, 1e-12)
			} else {
				p, err := layers.PlainBoltzmannOf[float32](m)
				require.NoError(t, err)
				single := make([]float32, len(x.Float64s()))
				for i, v := range x.Float64s() {
					single[i] = float32(v)
				}
				require.InDeltaSlice(t, want, p.Energy(single, 20), 1e-4)
			}
		}
	}
	m, err := torus.Boltzmann("torus", tensor.Float64)
	require.NoError(t, err)
	require.Len(t, m.Config().Edges, 12, "the sides of two spins have one edge in place of two bonds")

	apart, err := NewIsing(3, nil, nil)
	require.NoError(t, err)
	_, err = apart.Boltzmann("apart", tensor.Float64)
	require.ErrorIs(t, err, energy.ErrConfig)
	require.ErrorContains(t, err, "associative: Ising: Boltzmann: the model has no bonds")
	_, err = torus.Boltzmann("", tensor.Float64)
	require.Error(t, err)
	huge, err := NewIsing(2, []Bond{{0, 1, 1e100}}, nil)
	require.NoError(t, err)
	_, err = huge.Boltzmann("huge", tensor.Float32)
	require.ErrorIs(t, err, energy.ErrNotFinite)
}
