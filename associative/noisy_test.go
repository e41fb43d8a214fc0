package associative

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

func TestNoisy(t *testing.T) {
	const rows, n, p = 200, 100, 0.3
	x := spins(rand.New(rand.NewPCG(1, 30)), rows, n)
	for _, seed := range stattest.Seeds {
		got, err := Noisy(seed, x, p)
		require.NoError(t, err)
		turned := make([]float64, rows*n)
		for k, v := range got.Float64s() {
			if v != x.Float64s()[k] {
				require.Equal(t, -x.Float64s()[k], v)
				turned[k] = 1
			}
		}
		require.NoError(t, stattest.Mean(turned, p, math.Sqrt(p*(1-p)), 1e-6))
		require.Error(t, stattest.Mean(turned, p+0.05, math.Sqrt(p*(1-p)), 1e-6), "the twin")
		alone, err := Noisy(seed, matrix.Tensor(tensor.Float32, x.Float64s()[:n], 1, n), p)
		require.NoError(t, err)
		require.Equal(t, tensor.Float32, alone.Dtype())
		for i, v := range alone.Float32s() {
			require.Equal(t, got.Float64s()[i], float64(v), "a row as it is alone")
		}
	}
	same, err := Noisy(1, x, 0)
	require.NoError(t, err)
	require.Equal(t, x.Float64s(), same.Float64s())
	for _, bad := range []float64{-0.1, 1.1, math.NaN()} {
		_, err = Noisy(1, x, bad)
		require.ErrorIs(t, err, energy.ErrRange)
	}
	_, err = Noisy(1, bitsOf(x), p)
	require.ErrorIs(t, err, energy.ErrRange)
}
