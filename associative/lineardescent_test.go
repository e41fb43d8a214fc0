package associative

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

func TestQuadraticErrorOnBothMachines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 21))
	for _, dtype := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		x, y, w := normalRows(r, 5, 4), normalRows(r, 5, 3), normalRows(r, 4, 3)
		want := graphtest.Tensor(dtype, []float64{squaredError(x, w, y) / 2})
		tolerance := 1e-12
		if dtype == tensor.Float32 {
			x, y, w = inSingle(x), inSingle(y), inSingle(w)
			tolerance = 1e-5
		}
		graphtest.Run(t, tolerance, func(g *G.ExprGraph) G.Nodes {
			cost, err := quadraticError(graphtest.Input(g, "x", x), graphtest.Input(g, "y", y), graphtest.Input(g, "W", w))
			require.NoError(t, err)
			return G.Nodes{cost}
		}, want)
		require.NoError(t, gradcheck.Check(gradcheck.Case{
			Dtype: dtype, Inputs: []*tensor.Dense{x, y, w},
			Build: func(in []*G.Node) (*G.Node, error) { return quadraticError(in[0], in[1], in[2]) },
		}))
	}
}

// From W = 0 descent goes to X⁺Y, of full rank or not, more pairs than units or fewer.
func TestDescentGoesToThePseudoinverse(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 22))
		p, n, k := 2+r.IntN(14), 2+r.IntN(14), 1+r.IntN(5)
		x, y := spins(r, p, n), normalRows(r, p, k)
		if seed%2 == 1 {
			x = deficient(r, p, n, 1+r.IntN(min(p, n, 3)))
		}
		want := must(Pseudoinverse(x, y))(t)
		l, report, err := LinearDescent{Epochs: 200_000, Tolerance: 1e-12}.Learn(t.Context(), x, y)
		require.NoError(t, err)
		require.True(t, report.Converged, "seed %d: %d epochs, gradient %g", seed, report.Epochs(), report.Gradient)
		require64(t, want.W(), l.W(), 1e-8)
		require.InDelta(t, squaredError(x, want.W(), y)/2, report.Errors[report.Epochs()], 1e-9)
	}
}

// Each step is the plain one, W − rate·Xᵀ(XW − Y), and no step raises the error.
func TestDescentStepsAreThePlainOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 23))
	x, y := normalRows(r, 6, 4), normalRows(r, 6, 3)
	const epochs = 25
	l, report, err := LinearDescent{Rate: 0.02, Epochs: epochs, Tolerance: 1e-15}.Learn(t.Context(), inSingle(x), inSingle(y))
	require.NoError(t, err)
	require.False(t, report.Converged)
	require.Equal(t, epochs, report.Epochs())
	require.Equal(t, 0.02, report.Rate)
	w := plainDescent(x, y, 0.02, epochs)
	require64(t, w, l.W(), 1e-6)
	require.InDelta(t, squaredError(x, w, y)/2, report.Errors[epochs], 1e-5)
	for i, e := range report.Errors[1:] {
		require.Less(t, e, report.Errors[i])
	}
}

func plainDescent(x, y *tensor.Dense, rate float64, epochs int) *tensor.Dense {
	n, k := x.Shape()[1], y.Shape()[1]
	w := graphtest.Tensor(tensor.Float64, make([]float64, n*k), n, k)
	for range epochs {
		missing := plainProduct(x, w)
		for i, v := range y.Float64s() {
			missing.Float64s()[i] -= v
		}
		for i, g := range plainProduct(plainTranspose(x), missing).Float64s() {
			w.Float64s()[i] -= rate * g
		}
	}
	return w
}

// The bound of the rate is the true one: descent that is a little faster than the bound allows diverges, and is refused.
func TestDescentRateIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 23))
	x, y := spins(r, 5, 8), normalRows(r, 5, 2)
	power, err := PowerMethod{}.Run(plainProduct(plainTranspose(x), x), nil)
	require.NoError(t, err)
	bound := 2 / power.Values[0] // the largest eigenvalue of XᵀX is σ²
	l, report, err := LinearDescent{Rate: 0.999 * bound, Epochs: 100_000}.Learn(t.Context(), x, y)
	require.NoError(t, err)
	require.True(t, report.Converged)
	require64(t, must(Pseudoinverse(x, y))(t).W(), l.W(), 1e-7)
	require.Greater(t, squaredError(x, plainDescent(x, y, 1.01*bound, 5000), y), 1e6)
	for _, rate := range []float64{1.001 * bound, math.Inf(1), math.NaN(), -0.1} {
		_, _, err := LinearDescent{Rate: rate}.Learn(t.Context(), x, y)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "associative: LinearDescent: Learn: Rate is")
	}
}

// The rate of the zero value shortens the distance from X⁺Y by (σ² − s²)/(σ² + s²) a step: singular values 3 and 1 give 0.8.
func TestDescentTakesTheBestRate(t *testing.T) {
	x, y := tensorOf([]float64{3, 0}, []float64{0, 1}), tensorOf([]float64{3}, []float64{1})
	for epochs := 1; epochs < 10; epochs++ {
		l, report, err := LinearDescent{Epochs: epochs}.Learn(t.Context(), x, y)
		require.NoError(t, err)
		require.InDelta(t, 0.2, report.Rate, 1e-15)
		off := math.Pow(0.8, float64(epochs)) // both components of W, which goes to (1, 1)
		require.InDelta(t, off, math.Abs(1-l.W().Float64s()[0]), 1e-12)
		require.InDelta(t, off, math.Abs(1-l.W().Float64s()[1]), 1e-12)
	}
}

func TestDescentEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l, report, err := LinearDescent{}.Learn(ctx, tensorOf([]float64{1, 1}), tensorOf([]float64{1}))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stopped after 0 epochs")
	require.Equal(t, []float64{0, 0}, l.W().Float64s())
	require.Equal(t, []float64{0.5}, report.Errors)
}

func TestDescentRefusesSettings(t *testing.T) {
	x := tensorOf([]float64{1, 1})
	for _, c := range []struct {
		d    LinearDescent
		text string
	}{
		{LinearDescent{Epochs: -1}, "Epochs is -1"}, {LinearDescent{Tolerance: -1}, "Tolerance is -1"},
		{LinearDescent{Tolerance: math.NaN()}, "Tolerance is NaN"}, {LinearDescent{Tolerance: 1}, "Tolerance is 1"},
	} {
		_, _, err := c.d.Learn(t.Context(), x, x)
		require.ErrorIs(t, err, energy.ErrConfig)
		require.ErrorContains(t, err, "associative: LinearDescent: Learn: "+c.text)
	}
	_, _, err := LinearDescent{}.Learn(t.Context(), x, tensorOf([]float64{1e200}))
	require.ErrorIs(t, err, energy.ErrNotFinite)
}

// Nothing to learn is learned at once.
func TestDescentOfZeros(t *testing.T) {
	l, report, err := LinearDescent{}.Learn(t.Context(), tensorOf([]float64{1, 1}), tensorOf([]float64{0}))
	require.NoError(t, err)
	require.True(t, report.Converged)
	require.Zero(t, report.Epochs())
	require.Equal(t, []float64{0, 0}, l.W().Float64s())
}
