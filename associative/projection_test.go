package associative

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// W is the projector, computed by the pseudoinverse of another library, and the fields of patterns are what they must be.
func TestProjection(t *testing.T) {
	for seed, size := range [][2]int{{1, 5}, {3, 8}, {20, 40}, {39, 40}, {60, 100}} {
		p, n := size[0], size[1]
		x := spins(rand.New(rand.NewPCG(uint64(seed), 12)), p, n)
		h, whole := learn(t, Projection{}, x), learn(t, Projection{KeepDiagonal: true}, x)
		require.True(t, whole.Config().SelfCoupling)
		w := whole.Couplings().Float64s()
		require.InDeltaSlice(t, projector(x.Float64s(), n), w, 1e-11)

		var square mat.Dense
		square.Mul(mat.NewDense(n, n, w), mat.NewDense(n, n, w))
		require.InDeltaSlice(t, w, square.RawMatrix().Data, 1e-13)
		trace := 0.0
		for i := range n {
			trace += w[i*n+i]
			for j := range n {
				require.Equal(t, w[j*n+i], w[i*n+j])
				if i != j {
					require.Equal(t, w[i*n+j], h.Couplings().Float64s()[i*n+j])
				}
			}
		}
		require.InDelta(t, float64(matrix.NewBasis(x.Float64s(), n).Rank), trace, 1e-12)

		fields, err := whole.Fields(x)
		require.NoError(t, err)
		require.InDeltaSlice(t, x.Float64s(), fields.Float64s(), 1e-12)
		fields, err = h.Fields(x)
		require.NoError(t, err)
		want := slices.Clone(x.Float64s())
		for k := range want {
			want[k] *= 1 - w[k%n*n+k%n]
		}
		require.InDeltaSlice(t, want, fields.Float64s(), 1e-12)
		require.Equal(t, p, stableCount(t, h, x))
	}
}

// projector is X⁺X by the singular value decomposition.
func projector(x []float64, n int) []float64 {
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(len(x)/n, n, slices.Clone(x)), mat.SVDThin) {
		panic("no decomposition")
	}
	var v mat.Dense
	svd.VTo(&v)
	w := make([]float64, n*n)
	for k, sigma := range svd.Values(nil) {
		for i := 0; i < n*n && sigma > 1e-9; i++ {
			w[i] += v.At(i/n, k) * v.At(i%n, k)
		}
	}
	return w
}

// All but one of the dimensions can be filled, whatever the size, and no more.
func TestProjectionStoresAllButOne(t *testing.T) {
	for _, n := range []int{20, 40, 70, 100} {
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 13))
			x := spins(r, n, n)
			for matrix.NewBasis(x.Float64s(), n).Rank < n {
				x = spins(r, n, n)
			}
			most := rowsOf(n, x.Float64s()[:(n-1)*n]...)
			h := learn(t, Projection{}, most)
			require.Equal(t, n-1, stableCount(t, h, most))
			minus, err := h.WithTies(Minus)
			require.NoError(t, err)
			require.Equal(t, n-1, stableCount(t, minus, most), "not by ties")
			require.Less(t, stableCount(t, h, x), n, "the last one was not learned")

			_, err = Projection{}.Learn(t.Context(), x)
			require.ErrorIs(t, err, energy.ErrConfig)
			require.ErrorContains(t, err, fmt.Sprintf("associative: projection: Learn: the patterns span all %d dimensions, so that W is the identity", n))
			identity := learn(t, Projection{KeepDiagonal: true}, x).Couplings().Float64s()
			for k, v := range identity {
				require.Equal(t, k/n == k%n, v == 1)
				require.True(t, v == 0 || v == 1)
			}
		}
	}
}

// Patterns may depend on each other, and the couplings are those of the independent ones.
func TestProjectionOfDependentPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 14))
	const n = 30
	x := spins(r, 10, n)
	twice := slices.Concat(x.Float64s(), x.Float64s()[:2*n])
	for i := range n {
		twice = append(twice, -x.Float64s()[3*n+i])
	}
	require.Equal(t, learn(t, Projection{}, x).Couplings(), learn(t, Projection{}, rowsOf(n, twice...)).Couplings())
	// More patterns than units, of rank 5: the rows of a cube's corners, each unit twice.
	var corners []float64
	for s := range 32 {
		for i := range 10 {
			corners = append(corners, float64(s>>(i/2)&1*2-1))
		}
	}
	w := learn(t, Projection{}, rowsOf(10, corners...)).Couplings().Float64s()
	for k, v := range w {
		want := 0.0
		if i, j := k/10, k%10; i != j && i/2 == j/2 {
			want = 0.5
		}
		require.InDelta(t, want, v, 1e-15)
	}
}

// Two patterns that differ in one unit alone say nothing about it: exactly nothing.
func TestProjectionUncouplesFreeUnits(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 15))
		const n = 12
		x := spins(r, 5, n)
		i := r.IntN(n)
		copy(x.Float64s()[n:2*n], x.Float64s()[:n])
		x.Float64s()[i] *= -1
		h := learn(t, Projection{}, x)
		for j := range n {
			require.Zero(t, h.Couplings().Float64s()[i*n+j])
		}
		require.Equal(t, 5, stableCount(t, h, x))
	}
}
