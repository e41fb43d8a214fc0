package associative

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCorrelationIsTheSumOfOuterProducts(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 13))
		p, n, k := 1+r.IntN(20), 1+r.IntN(40), 1+r.IntN(40)
		x, y := spins(r, p, n), spins(r, p, k)
		want := make([]float64, n*k)
		for l := range p {
			for i := range n {
				for j := range k {
					want[i*k+j] += x.Float64s()[l*n+i] * y.Float64s()[l*k+j]
				}
			}
		}
		require.Equal(t, want, must(Correlation(x, y))(t).W().Float64s())
		require.Equal(t, want, must(Correlation(inSingle(x), inSingle(y)))(t).W().Float64s())
		require.Zero(t, must(Correlation(x, y))(t).Rank())
	}
	auto := spins(rand.New(rand.NewPCG(1, 1)), 5, 9)
	w := must(Correlation(auto, auto))(t).W()
	for i := range 9 {
		require.Equal(t, 5.0, w.Float64s()[i*10], "the diagonal stays")
	}
}

// The three kinds of associative networks, worked by hand. x_1·x_2 = 0 and x_1·x_3 = x_2·x_3 = 2.
//
//	x_1 = ( 1, −1, −1, 1)   y_1 = ( 1, −1)          XᵀY of the first two     2  0
//	x_2 = ( 1,  1, −1, −1)  y_2 = ( 1,  1)                                   0  2
//	x_3 = ( 1,  1, −1,  1)  y_3 = (−1,  1)                                  −2  0
//	                                                                         0 −2
//
// With all three, the crosstalk at x_1 is (2y_3)/4 = (−½, ½), against y_1 in both, but too small.
func TestNetworksWorkedByHand(t *testing.T) {
	x := tensorOf([]float64{1, -1, -1, 1}, []float64{1, 1, -1, -1})
	y := tensorOf([]float64{1, -1}, []float64{1, 1})
	hetero := must(Correlation(x, y))(t)
	require.Equal(t, []float64{2, 0, 0, 2, -2, 0, 0, -2}, hetero.W().Float64s())
	require.Equal(t, []float64{4, -4, 4, 4}, must(hetero.Map(x))(t).Float64s(), "n·y, as the patterns are orthogonal")
	require.Equal(t, []float64{1, -1}, must(hetero.Recall(tensorOf([]float64{1, -1, -1, -1})))(t).Float64s(), "x_1 with its last component turned over, a tie")

	auto := must(Correlation(x, x))(t)
	require.Equal(t, []float64{2, 0, -2, 0, 0, 2, 0, -2, -2, 0, 2, 0, 0, -2, 0, 2}, auto.W().Float64s())
	require.Equal(t, x.Float64s(), must(auto.Recall(x))(t).Float64s())

	recognition := must(Correlation(x, tensorOf([]float64{1, 0}, []float64{0, 1})))(t)
	require.Equal(t, plainTranspose(x).Float64s(), recognition.W().Float64s(), "the templates as columns")
	classes, err := recognition.Classify(x)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, classes)

	x = tensorOf([]float64{1, -1, -1, 1}, []float64{1, 1, -1, -1}, []float64{1, 1, -1, 1})
	y = tensorOf([]float64{1, -1}, []float64{1, 1}, []float64{-1, 1})
	crosstalk := must(Crosstalk(x, y))(t)
	require.Equal(t, []float64{-0.5, 0.5, -0.5, 0.5, 1, 0}, crosstalk.Float64s())
	require.Equal(t, []float64{1, -1, 1, 1, -1, 1}, must(must(Correlation(x, y))(t).Recall(x))(t).Float64s(),
		"the first component at x_3 is a tie, which −1 decides rightly")
}

func TestOrthogonalPatternsHaveNoCrosstalk(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for order := range 6 {
		x := hadamard(1 << order)
		n := x.Shape()[0]
		y := spins(r, n, 7)
		require.Equal(t, make([]float64, n*7), must(Crosstalk(x, y))(t).Float64s())
		l := must(Correlation(x, y))(t)
		require.Equal(t, y.Float64s(), must(l.Recall(x))(t).Float64s())
		for i, v := range must(l.Map(x))(t).Float64s() {
			require.Equal(t, float64(n)*y.Float64s()[i], v)
		}
		single := must(Crosstalk(inSingle(x), inSingle(y)))(t)
		require.Equal(t, make([]float32, n*7), single.Float32s())
	}
}

func TestCrosstalkIsItsFormula(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 14))
		p, n, k := 1+r.IntN(10), 1+r.IntN(20), 1+r.IntN(10)
		x, y := normalRows(r, p, n), normalRows(r, p, k)
		inner := func(a, b int) (sum float64) {
			for i := range n {
				sum += x.Float64s()[a*n+i] * x.Float64s()[b*n+i]
			}
			return sum
		}
		want := make([]float64, p*k)
		for a := range p {
			for l := range p {
				for j := 0; l != a && j < k; j++ {
					want[a*k+j] += y.Float64s()[l*k+j] * inner(l, a) / inner(a, a)
				}
			}
		}
		require.InDeltaSlice(t, want, must(Crosstalk(x, y))(t).Float64s(), 1e-10)
	}
}

// recalledBy says what a limit of the crosstalk against y predicts. At the limit itself the tie is a −1.
func recalledBy(crosstalk, y, limit float64) bool {
	against := -crosstalk * y
	return against < limit || against == limit && y == -1
}

// The criterion of stability, as an equivalence on every component of random sets with the diagonal kept, ties included. The same
// components contradict a limit of ½ or of 2, and the crosstalk of a matrix without its diagonal.
func TestCrosstalkDecidesRecall(t *testing.T) {
	var recalled, lost, ties, twins, withoutDiagonal int
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 15))
		n := 4 + 2*r.IntN(10)
		p := 1 + r.IntN(n)
		x := spins(r, p, n)
		y := x
		if seed%2 == 1 {
			y = spins(r, p, 1+r.IntN(20))
		}
		l := must(Correlation(x, y))(t)
		got, crosstalk := must(l.Recall(x))(t).Float64s(), must(Crosstalk(x, y))(t).Float64s()
		fields := must(l.Map(x))(t).Float64s()
		for i, want := range y.Float64s() {
			right := got[i] == want
			require.Equal(t, recalledBy(crosstalk[i], want, 1), right, "seed %d, component %d: crosstalk %v", seed, i, crosstalk[i])
			require.Equal(t, fields[i] == 0, crosstalk[i] == -want, "a tie is a crosstalk of exactly −y")
			if fields[i] == 0 {
				ties++
			}
			if right {
				recalled++
			} else {
				lost++
			}
			if recalledBy(crosstalk[i], want, 0.5) != right || recalledBy(crosstalk[i], want, 2) != right {
				twins++
			}
			// The field of auto-association without the diagonal, which takes p·x off: the criterion is of the matrix with it.
			if y == x && recalledBy(crosstalk[i], want, 1) != (want*(fields[i]-float64(p)*want) > 0) {
				withoutDiagonal++
			}
		}
	}
	for what, count := range map[string]int{"recalled": recalled, "lost": lost, "ties": ties, "another limit": twins, "no diagonal": withoutDiagonal} {
		require.Greater(t, count, 100, what)
	}
	// The same, keeping ties: one step of iteration from the stored patterns.
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 16))
		n := 4 + 2*r.IntN(8)
		x := spins(r, 1+r.IntN(n), n)
		one, err := iterated(t, must(Correlation(x, x))(t), Keep).Recall(x, Synchronous{MaxSweeps: 1})
		require.NoError(t, err)
		crosstalk := must(Crosstalk(x, x))(t).Float64s()
		for i, want := range x.Float64s() {
			require.Equal(t, -crosstalk[i]*want <= 1, one.States.Float64s()[i] == want)
		}
	}
}
