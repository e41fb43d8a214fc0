package associative

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// hadamard is the n×n matrix of Sylvester, whose rows are orthogonal; n is a power of 2.
func hadamard(n int) *tensor.Dense {
	x := make([]float64, n*n)
	for k := range x {
		x[k] = 1
		for both := (k / n) & (k % n); both > 0; both &= both - 1 {
			x[k] *= -1
		}
	}
	return rowsOf(n, x...)
}

// applied is xW for one row.
func applied(w, x []float64) []float64 {
	out := make([]float64, len(x))
	for j, v := range x {
		for i := range out {
			out[i] += v * w[j*len(x)+i]
		}
	}
	return out
}

// Orthogonal patterns are the eigenvectors, with the values given; the rest of the space has 0. Without the diagonal all fall by Σλ/n.
func TestEigenvectorOfOrthogonalPatterns(t *testing.T) {
	const n, p = 16, 5
	all := hadamard(n).Float64s()
	values := []float64{3, 1, -2, 0.5, 1}
	whole := learn(t, Eigenvector{Values: values, KeepDiagonal: true}, rowsOf(n, all[:p*n]...))
	h := learn(t, Eigenvector{Values: values}, rowsOf(n, all[:p*n]...))
	for mu := range n {
		row, lambda := all[mu*n:(mu+1)*n], 0.0
		if mu < p {
			lambda = values[mu]
		}
		want, without := make([]float64, n), make([]float64, n)
		for i, v := range row {
			want[i], without[i] = lambda*v, (lambda-3.5/n)*v
		}
		require.InDeltaSlice(t, want, applied(whole.Couplings().Float64s(), row), 1e-14)
		require.InDeltaSlice(t, without, applied(h.Couplings().Float64s(), row), 1e-14)
	}
	// With all values 1 it is Hebb's rule.
	require.InDeltaSlice(t, learn(t, Hebb{}, rowsOf(n, all[:p*n]...)).Couplings().Float64s(), learn(t, Eigenvector{}, rowsOf(n, all[:p*n]...)).Couplings().Float64s(), 1e-15)
}

// For any independent patterns W has the values as its spectrum, its vectors are the nearest to the patterns, and patterns whose values
// are the same are projected.
func TestEigenvectorOfAnyPatterns(t *testing.T) {
	for seed := range uint64(5) {
		const n, p = 25, 4
		x := spins(rand.New(rand.NewPCG(seed, 61)), p, n)
		values := []float64{4, 3, 2, 1}
		w := learn(t, Eigenvector{Values: values, KeepDiagonal: true}, x).Couplings().Float64s()
		// Newton's identities: the traces of powers belong to one spectrum alone.
		power := w
		for k := 1; k <= p; k++ {
			trace, want := 0.0, 0.0
			for i := range n {
				trace += power[i*n+i]
			}
			for _, v := range values {
				want += math.Pow(v, float64(k))
			}
			require.InDelta(t, want, trace, 1e-10)
			next := make([]float64, n*n)
			for i := range n {
				copy(next[i*n:], applied(w, power[i*n:(i+1)*n]))
			}
			power = next
		}
		// The vectors are the rows of (XXᵀ)^(−½)X, here by another way than singular values: Y ← (3Y − YYᵀY)/2 leaves the singular vectors of X
		// as they are and takes its singular values to 1.
		y := make([]float64, p*n)
		for k, v := range x.Float64s() {
			y[k] = v / 10 // singular values between 0 and √3
		}
		for range 60 {
			g, next := make([]float64, p*p), make([]float64, p*n)
			for a := range p {
				for b := range p {
					for i := range n {
						g[a*p+b] += y[a*n+i] * y[b*n+i]
					}
				}
			}
			for a := range p {
				for i := range n {
					next[a*n+i] = 1.5 * y[a*n+i]
					for b := range p {
						next[a*n+i] -= g[a*p+b] * y[b*n+i] / 2
					}
				}
			}
			y = next
		}
		for mu, v := range values {
			want := make([]float64, n)
			for i := range want {
				want[i] = v * y[mu*n+i]
			}
			require.InDeltaSlice(t, want, applied(w, y[mu*n:(mu+1)*n]), 1e-10)
		}
		require.Equal(t, learn(t, Projection{}, x).Couplings(), learn(t, Eigenvector{}, x).Couplings())
		twos := learn(t, Eigenvector{Values: []float64{2, 2, 2, 2}, KeepDiagonal: true}, x).Couplings().Float64s()
		for k, v := range learn(t, Projection{KeepDiagonal: true}, x).Couplings().Float64s() {
			require.Equal(t, 2*v, twos[k])
		}
		require.Equal(t, p, stableCount(t, learn(t, Eigenvector{Values: []float64{1.3, 1.2, 1.1, 1}}, x), x))
	}
}

// With the rows of a Hadamard matrix and the diagonal kept, every state is stationary.
func TestEigenvectorOfAllDirections(t *testing.T) {
	x := hadamard(8)
	var all []float64
	for s := range 256 {
		for i := range 8 {
			all = append(all, float64(s>>i&1*2-1))
		}
	}
	for _, rule := range []Rule{Eigenvector{KeepDiagonal: true}, Projection{KeepDiagonal: true}, Hebb{KeepDiagonal: true}} {
		require.Equal(t, 256, stableCount(t, learn(t, rule, x), rowsOf(8, all...)))
	}
	// With different values something is left even without the diagonal.
	require.Less(t, stableCount(t, learn(t, Eigenvector{Values: []float64{9, 1, 1, 1, 1, 1, 1, 1}}, x), rowsOf(8, all...)), 256)
}

func TestEigenvectorRefuses(t *testing.T) {
	x := rowsOf(6, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, 1, -1, 1, 1)
	for _, c := range []struct {
		rule     Eigenvector
		patterns *tensor.Dense
		is       error
		says     string
	}{
		{Eigenvector{}, x, energy.ErrConfig, "pattern 3 is 1 × pattern 0 + 1 × pattern 1 + -1 × pattern 2, want linearly independent patterns"},
		{Eigenvector{Values: []float64{1, 2}}, x, energy.ErrShape, "Values has 2 numbers for 4 patterns"},
		{Eigenvector{Values: []float64{1, 2, math.NaN(), 1}}, x, energy.ErrNotFinite, "Values 2 is NaN"},
		{Eigenvector{}, hadamard(4), energy.ErrConfig, "the patterns span all 4 dimensions"},
		{Eigenvector{Values: []float64{5, 5, 5, 5}}, hadamard(4), energy.ErrConfig, "the patterns span all 4 dimensions"},
	} {
		_, err := c.rule.Learn(t.Context(), c.patterns)
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, "associative: eigenvector: Learn: ")
		require.ErrorContains(t, err, c.says)
	}
}
