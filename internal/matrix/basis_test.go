package matrix

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/harmonium-go/harmonium/internal/fault"
)

func spins(r *rand.Rand, p, n int) []float64 {
	x := make([]float64, p*n)
	for k := range x {
		x[k] = float64(2*r.IntN(2) - 1)
	}
	return x
}

// times is ab in plain loops, a (p, q), b (q, n).
func times(a, b []float64, p, q, n int) []float64 {
	c := make([]float64, p*n)
	for i := range p {
		for k := range q {
			for j := range n {
				c[i*n+j] += a[i*q+k] * b[k*n+j]
			}
		}
	}
	return c
}

func transposed(a []float64, p, n int) []float64 {
	t := make([]float64, len(a))
	for k, v := range a {
		t[k%n*p+k/n] = v
	}
	return t
}

// orthonormal requires that rows times their transpose are the identity.
func orthonormal(t *testing.T, q []float64, rows, n int) {
	g := times(q, transposed(q, rows, n), rows, n, rows)
	for k := range rows {
		g[k*rows+k]--
	}
	near(t, make([]float64, rows*rows), g, 1e-14)
}

func near(t *testing.T, want, got []float64, tolerance float64) {
	require.Len(t, got, len(want))
	for k := range want {
		require.InDelta(t, want[k], got[k], tolerance, "number %d", k)
	}
}

func TestBasisOfIndependentRows(t *testing.T) {
	for seed, size := range [][2]int{{1, 1}, {1, 5}, {5, 15}, {31, 40}, {32, 40}, {33, 40}, {64, 100}, {99, 100}} {
		p, n := size[0], size[1]
		x := spins(rand.New(rand.NewPCG(uint64(seed), 1)), p, n)
		b := NewBasis(x, n)
		require.NoError(t, b.Independent())
		require.Equal(t, p, b.Rank)
		orthonormal(t, b.Q, p, n)
		near(t, x, times(b.L, b.Q, p, p, n), 1e-13)
		for i := range p {
			require.Positive(t, b.L[i*p+i])
			for j := i + 1; j < p; j++ {
				require.Zero(t, b.L[i*p+j], "L is lower triangular")
			}
		}

		y, h, err := b.Nearest()
		require.NoError(t, err)
		orthonormal(t, y, p, n)
		near(t, x, times(h, y, p, p, n), 1e-12)
		near(t, h, transposed(h, p, p), 1e-12)
		near(t, times(x, transposed(x, p, n), p, n, p), times(h, h, p, p, p), 1e-10)
	}
}

// Rows that are almost the same lose nearly all digits when one is taken from the other; that is what the second pass is for.
func TestBasisOfNearlyDependentRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const p, n = 70, 80
	x := spins(r, p, n)
	for k := 1; k < p; k++ { // each row is the one before, but for a 10⁻⁷
		for i := range n {
			x[k*n+i] = x[(k-1)*n+i] + 1e-7*x[k*n+i]
		}
	}
	b := NewBasis(x, n)
	require.Equal(t, p, b.Rank)
	orthonormal(t, b.Q, p, n)
	near(t, x, times(b.L, b.Q, p, p, n), 1e-13)
}

func TestBasisOfDependentRows(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 3))
		const rank, p, n = 40, 90, 60
		first := spins(r, rank, n)
		x := make([]float64, 0, p*n)
		for k := range p { // the independent rows, each at least once, in their order, with repetitions and negatives between
			from := min(k*rank/p, rank-1)
			row, sign := first[from*n:(from+1)*n], 1.0
			if k > 0 && from == (k-1)*rank/p {
				from = r.IntN(from + 1)
				row, sign = first[from*n:(from+1)*n], float64(2*r.IntN(2)-1)
			}
			for _, v := range row {
				x = append(x, sign*v)
			}
		}
		b := NewBasis(x, n)
		require.Equal(t, rank, b.Rank)
		require.ErrorIs(t, b.Independent(), fault.ErrConfig)
		orthonormal(t, b.Q, rank, n)
		near(t, x, times(b.L, append(b.Q, make([]float64, (b.Width-rank)*n)...), p, b.Width, n), 1e-13)
	}
	// More rows than there is room for.
	b := NewBasis(spins(rand.New(rand.NewPCG(9, 3)), 50, 7), 7)
	require.Equal(t, 7, b.Rank)
}

func TestBasisNamesTheDependentRow(t *testing.T) {
	x := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, 1, -1, 1, 1}
	require.ErrorContains(t, NewBasis(x, 6).Independent(), "pattern 3 is 1 × pattern 0 + 1 × pattern 1 + -1 × pattern 2, want linearly independent patterns")
	require.False(t, math.Signbit(NewBasis(x, 6).L[0]))
}
