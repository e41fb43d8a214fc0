package associative

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainStorkey is the rule as it is written.
func plainStorkey(x []float64, n int) []float64 {
	w := make([]float64, n*n)
	for ; len(x) > 0; x = x[n:] {
		h := func(i, j int) (sum float64) {
			for k := range n {
				if k != i && k != j {
					sum += w[i*n+k] * x[k]
				}
			}
			return sum
		}
		next := make([]float64, n*n)
		for i := range n {
			for j := range n {
				next[i*n+j] = w[i*n+j] + (x[i]*x[j]-x[i]*h(j, i)-h(i, j)*x[j])/float64(n)
			}
		}
		for i := range n { // it makes no difference whether the diagonal is left out here or at the end
			next[i*n+i] = 0
		}
		w = next
	}
	return w
}

func TestStorkey(t *testing.T) {
	for seed, size := range [][2]int{{1, 1}, {2, 2}, {3, 7}, {12, 20}, {32, 40}, {75, 53}} {
		p, n := size[0], size[1]
		x := spins(rand.New(rand.NewPCG(uint64(seed), 21)), p, n)
		w := learn(t, Storkey{}, x).Couplings().Float64s()
		require.InDeltaSlice(t, plainStorkey(x.Float64s(), n), w, 1e-12)
		for i := range n {
			require.Zero(t, w[i*n+i])
			for j := range n {
				require.Equal(t, w[j*n+i], w[i*n+j])
			}
		}
	}
}

// One pattern leaves no crosstalk to lessen: it is learned as by Hebb. Of two the order does not matter, of three it does.
func TestStorkeyOrder(t *testing.T) {
	const n = 15
	x := spins(rand.New(rand.NewPCG(1, 22)), 3, n).Float64s()
	w := func(order ...int) []float64 {
		var rows []float64
		for _, k := range order {
			rows = append(rows, x[k*n:(k+1)*n]...)
		}
		return learn(t, Storkey{}, rowsOf(n, rows...)).Couplings().Float64s()
	}
	require.Equal(t, learn(t, Hebb{}, rowsOf(n, x[:n]...)).Couplings().Float64s(), w(0))
	require.InDeltaSlice(t, w(0, 1), w(1, 0), 1e-15)
	require.InDeltaSlice(t, w(0, 1, 2), w(1, 0, 2), 1e-15)
	a, b := w(0, 1, 2), w(2, 1, 0)
	require.Greater(t, mostApart(a, b), 1e-4)
}

func mostApart(a, b []float64) (most float64) {
	for k := range a {
		most = max(most, math.Abs(a[k]-b[k]))
	}
	return most
}

// At a load where Hebb keeps none of the patterns and Projection all, Storkey is in between.
func TestStorkeyBetween(t *testing.T) {
	const n, p = 100, 50
	var stable [3]int
	for seed := range uint64(6) {
		x := spins(rand.New(rand.NewPCG(seed, 23)), p, n)
		for k, rule := range []Rule{Hebb{}, Storkey{}, Projection{}} {
			stable[k] += stableCount(t, learn(t, rule, x), x)
		}
	}
	require.Equal(t, 6*p, stable[2])
	require.Less(t, stable[0], stable[1]/10)
	require.Less(t, stable[1], stable[2]*9/10)
}
