package associative

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/matrix"
)

func identity(n int) *tensor.Dense {
	x := make([]float64, n*n)
	for i := range n {
		x[i*(n+1)] = 1
	}
	return matrix.Tensor(tensor.Float64, x, n, n)
}

// deficient draws p real rows of n numbers of a rank below both.
func deficient(r *rand.Rand, p, n, rank int) *tensor.Dense {
	return plainProduct(normalRows(r, p, rank), normalRows(r, rank, n))
}

// squaredError is Σ |xW − y|².
func squaredError(x, w, y *tensor.Dense) (sum float64) {
	for i, v := range plainProduct(x, w).Float64s() {
		d := v - y.Float64s()[i]
		sum += d * d
	}
	return sum
}

// With Y = I, W is X⁺: the one matrix with XX⁺X = X, X⁺XX⁺ = X⁺, and both XX⁺ and X⁺X symmetric.
func TestPseudoinverseObeysPenrose(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 17))
		p, n := 1+r.IntN(12), 1+r.IntN(12)
		rank := 1 + r.IntN(min(p, n))
		x := deficient(r, p, n, rank)
		if seed%4 == 0 {
			x = tensorOf(make([]float64, n))
			p, rank = 1, 0
		}
		l := must(Pseudoinverse(x, identity(p)))(t)
		require.Equal(t, rank, l.Rank())
		w := l.W()
		scale := 1.0
		for _, v := range w.Float64s() {
			scale = max(scale, v, -v)
		}
		tolerance := 1e-11 * scale * scale * float64(n*p)
		xw, wx := plainProduct(x, w), plainProduct(w, x)
		require64(t, x, plainProduct(xw, x), tolerance)
		require64(t, w, plainProduct(wx, w), tolerance)
		require64(t, plainTranspose(xw), xw, tolerance)
		require64(t, plainTranspose(wx), wx, tolerance)
	}
}

// No other W has less error, and none with the same error is smaller.
func TestPseudoinverseIsLeastSquares(t *testing.T) {
	worse := 0
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 18))
		p, n, k := 2+r.IntN(12), 2+r.IntN(12), 1+r.IntN(4)
		x, y := deficient(r, p, n, 1+r.IntN(min(p, n))), normalRows(r, p, k)
		l := must(Pseudoinverse(x, y))(t)
		w, least := l.W(), squaredError(x, l.W(), y)
		for _, size := range []float64{1e-6, 1e-3, 1} {
			for range 20 {
				other := l.W()
				for i, v := range normalRows(r, n, k).Float64s() {
					other.Float64s()[i] += size * v
				}
				e := squaredError(x, other, y)
				require.GreaterOrEqual(t, e, least-1e-10)
				if e > least {
					worse++
				}
			}
		}
		// What the projector leaves of anything maps stored patterns to 0: adding it keeps the error, and Pythagoras makes W longer.
		projector := must(Pseudoinverse(x, x))(t)
		extra := normalRows(r, n, k)
		_, free, err := projector.Novelty(plainTranspose(extra))
		require.NoError(t, err)
		free = plainTranspose(free)
		other, inner := l.W(), 0.0
		for i, v := range free.Float64s() {
			other.Float64s()[i] += v
			inner += v * w.Float64s()[i]
		}
		require.InDelta(t, least, squaredError(x, other, y), 1e-8)
		require.InDelta(t, 0, inner, 1e-8)
	}
	require.Greater(t, worse, 1700, "of 1,800")
}

// W = X⁺X is the orthogonal projector on the span: symmetric, idempotent, the identity on it, of trace Rank.
func TestAutoassociationProjects(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 19))
		p, n := 1+r.IntN(15), 1+r.IntN(15)
		x := spins(r, p, n)
		l := must(Pseudoinverse(x, x))(t)
		w := l.W()
		require.Equal(t, w.Float64s(), plainTranspose(w).Float64s(), "symmetric to the last bit")
		require64(t, w, plainProduct(w, w), 1e-10)
		require64(t, x, must(l.Map(x))(t), 1e-10)
		trace := 0.0
		for i := range n {
			trace += w.Float64s()[i*(n+1)]
		}
		require.InDelta(t, float64(l.Rank()), trace, 1e-10)
		require64(t, w, must(Pseudoinverse(inSingle(x), inSingle(x)))(t).W(), 0)
	}
	square := hadamard(8)
	full := must(Pseudoinverse(square, square))(t)
	require.Equal(t, 8, full.Rank())
	require64(t, identity(8), full.W(), 1e-14)
}

// Where patterns are orthogonal both rules are one, but for the factor n.
func TestPseudoinverseOfOrthogonalPatterns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	x := matrix.Tensor(tensor.Float64, hadamard(16).Float64s()[:7*16], 7, 16)
	y := spins(r, 7, 5)
	hebb, w := must(Correlation(x, y))(t).W(), must(Pseudoinverse(x, y))(t).W()
	for i, v := range hebb.Float64s() {
		require.InDelta(t, v/16, w.Float64s()[i], 1e-13)
	}
}

// Correlated patterns that are linearly independent: rows that agree with one prototype in most components. The pseudoinverse recalls all of
// them, for every seed; the correlation matrix loses some, for every seed.
func TestPseudoinverseRecallsCorrelatedPatterns(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 20))
		const p, n, k = 12, 60, 20
		prototype, x := spins(r, 1, n).Float64s(), spins(r, p, n)
		for i := range x.Float64s() {
			if r.IntN(4) > 0 {
				x.Float64s()[i] = prototype[i%n]
			}
		}
		for _, y := range []*tensor.Dense{x, spins(r, p, k)} {
			exact := must(Pseudoinverse(x, y))(t)
			require.Equal(t, p, exact.Rank())
			require.Equal(t, y.Float64s(), must(exact.Recall(x))(t).Float64s())
			require.NotEqual(t, y.Float64s(), must(must(Correlation(x, y))(t).Recall(x))(t).Float64s())
		}
	}
}

// A set with a pattern twice and the negative of another has no W for contradictory answers: the least squares answer is their mean.
func TestDependentPatternsGiveMeans(t *testing.T) {
	x := tensorOf([]float64{1, 1, -1, 1}, []float64{1, 1, -1, 1}, []float64{1, -1, 1, 1}, []float64{-1, 1, -1, -1})
	y := tensorOf([]float64{1, 1}, []float64{1, -1}, []float64{1, 1}, []float64{-1, -1})
	l := must(Pseudoinverse(x, y))(t)
	require.Equal(t, 2, l.Rank())
	require.InDeltaSlice(t, []float64{1, 0, 1, 0, 1, 1, -1, -1}, must(l.Map(x))(t).Float64s(), 1e-14)
	require.Equal(t, []float64{1, -1, 1, -1, 1, 1, -1, -1}, must(l.Recall(x))(t).Float64s(), "a contradiction is a tie, whatever rounding says")
}

func TestPseudoinverseWithinATolerance(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	x := deficient(r, 6, 8, 3)
	require.Equal(t, 3, must(Pseudoinverse(x, x))(t).Rank())
	single := inSingle(x) // dependent to seven digits only
	require.Equal(t, 6, must(Pseudoinverse(single, single))(t).Rank())
	require.Equal(t, 3, must(PseudoinverseWithin(single, single, 1e-6))(t).Rank())
}
