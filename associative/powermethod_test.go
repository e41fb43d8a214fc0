package associative

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

func rotation(angle float64) *tensor.Dense {
	return tensorOf([]float64{math.Cos(angle), math.Sin(angle)}, []float64{-math.Sin(angle), math.Cos(angle)})
}

// Against gonum's eigenvalues: of the dominant eigenvalue, whose sign the cycle shows.
func TestPowerMethodFindsTheDominantEigenvector(t *testing.T) {
	negative := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 26))
		n := 2 + r.IntN(15)
		a := normalRows(r, n, n)
		w, symmetric := plainTranspose(a), mat.NewSymDense(n, nil)
		for i := range n {
			for j := range n {
				w.Float64s()[i*n+j] += a.Float64s()[i*n+j]
				symmetric.SetSym(i, j, w.Float64s()[i*n+j])
			}
		}
		var eigen mat.EigenSym
		require.True(t, eigen.Factorize(symmetric, true))
		values := eigen.Values(nil) // ascending
		var vectors mat.Dense
		eigen.VectorsTo(&vectors)
		at, other := n-1, max(-values[0], values[n-2])
		if -values[0] > values[n-1] {
			at, other = 0, max(values[n-1], -values[1])
		}
		if other > 0.97*math.Abs(values[at]) {
			continue // too near to a tie for this test's steps
		}
		got := must(PowerMethod{Seed: seed}.Run(w, nil))(t)
		require.True(t, got.Eigenvector[0])
		require.InDelta(t, values[at], got.Values[0], 1e-9*math.Abs(values[at]))
		require.Less(t, got.Residuals[0], 1e-10*mat.Norm(symmetric, 2))
		cosine, length := 0.0, 0.0
		for i, v := range got.Vectors.Float64s() {
			cosine += v * vectors.At(i, at)
			length += v * v
		}
		require.InDelta(t, 1, math.Abs(cosine), 1e-9)
		require.InDelta(t, 1, length, 1e-14)
		want := 1
		if values[at] < 0 {
			want = 2
			negative++
		}
		require.Equal(t, want, got.Cycle[0])
	}
	require.Greater(t, negative, 8)
}

// W = (2 0; 0 1): every start with a part along the first axis goes there, and the second axis stays where it is.
func TestPowerMethodByHand(t *testing.T) {
	got := must(PowerMethod{}.Run(tensorOf([]float64{2, 0}, []float64{0, 1}), tensorOf([]float64{1, 1}, []float64{-1e-3, 5}, []float64{0, 7}, []float64{3, 0})))(t)
	require.InDeltaSlice(t, []float64{1, 0, -1, 0, 0, 1, 1, 0}, got.Vectors.Float64s(), 1e-9)
	require.InDeltaSlice(t, []float64{2, 2, 1, 2}, got.Values, 1e-12)
	require.Equal(t, []int{1, 1, 1, 1}, got.Cycle)
	require.Equal(t, []int{0, 0}, got.Steps[2:], "eigenvectors from the start, the one orthogonal to the dominant one among them")

	// States are rows: of W = (2 1; 0 1) the row (1, 1) is the eigenvector of 2, not the column (1, 0).
	got = must(PowerMethod{}.Run(tensorOf([]float64{2, 1}, []float64{0, 1}), tensorOf([]float64{1, 0})))(t)
	require.InDeltaSlice(t, []float64{math.Sqrt2 / 2, math.Sqrt2 / 2}, got.Vectors.Float64s(), 1e-9)
	require.InDelta(t, 2, got.Values[0], 1e-9)
}

func TestPowerMethodFindsCycles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 27))
	starts := normalRows(r, 10, 2)
	for _, c := range []struct {
		name   string
		w      *tensor.Dense
		length int
	}{
		{"90°", tensorOf([]float64{0, 1}, []float64{-1, 0}), 4},
		{"−90°, and growing", tensorOf([]float64{0, -3}, []float64{3, 0}), 4},
		{"120°", rotation(2 * math.Pi / 3), 3},
		{"72°", rotation(2 * math.Pi / 5), 5},
		{"1°", rotation(math.Pi / 180), 360},
		{"equal and opposite eigenvalues", tensorOf([]float64{0, 1}, []float64{1, 0}), 2},
	} {
		got := must(PowerMethod{MaxSteps: 2000}.Run(c.w, starts))(t)
		for row := range 10 {
			require.Equal(t, c.length, got.Cycle[row], c.name)
			require.False(t, got.Eigenvector[row], c.name)
			require.Greater(t, got.Residuals[row], 1e-3, c.name)
			require.LessOrEqual(t, got.Steps[row], 3*c.length)
		}
	}
	// 1 radian never comes back.
	got := must(PowerMethod{MaxSteps: 500}.Run(rotation(1), tensorOf([]float64{1, 0})))(t)
	require.Equal(t, []int{0}, got.Cycle)
	require.Equal(t, []bool{false}, got.Eigenvector)
	require.Equal(t, []int{500}, got.Steps)
	// A dominant rotation by 90° beside an eigenvalue that dies out: the cycle of four is what stays.
	got = must(PowerMethod{}.Run(tensorOf([]float64{0, 1, 0}, []float64{-1, 0, 0}, []float64{0, 0, 0.5}), tensorOf([]float64{1, 2, 300})))(t)
	require.Equal(t, []int{4}, got.Cycle)
	require.InDelta(t, 0, got.Vectors.Float64s()[2], 1e-9)
	// The same for eigenvalues 2, −2 and 1, of which (1, 1, 1) has something each.
	got = must(PowerMethod{}.Run(tensorOf([]float64{2, 0, 0}, []float64{0, -2, 0}, []float64{0, 0, 1}), tensorOf([]float64{1, 1, 1}, []float64{0, 1, 0})))(t)
	require.Equal(t, []int{2, 2}, got.Cycle)
	require.Equal(t, []bool{false, true}, got.Eigenvector, "a cycle of two states is not an eigenvector of a negative eigenvalue")
	require.InDelta(t, 0, got.Values[0], 1e-9)
	require.InDelta(t, 2, got.Residuals[0], 1e-9)
	require.Equal(t, -2.0, got.Values[1])
}

func TestPowerMethodOfSingularMatrices(t *testing.T) {
	got := must(PowerMethod{}.Run(tensorOf([]float64{0, 0}, []float64{0, 0}), tensorOf([]float64{3, 4})))(t)
	require.Equal(t, []bool{true}, got.Eigenvector)
	require.Equal(t, []float64{0}, got.Values)
	require.InDeltaSlice(t, []float64{0.6, 0.8}, got.Vectors.Float64s(), 1e-15)
	// Nilpotent: (1, 0) → (0, 1) → 0, whose last direction is the eigenvector of 0.
	got = must(PowerMethod{}.Run(tensorOf([]float64{0, 1}, []float64{0, 0}), tensorOf([]float64{1, 0})))(t)
	require.Equal(t, []float64{0, 1}, got.Vectors.Float64s())
	require.Equal(t, []float64{0}, got.Values)
	require.Equal(t, []int{1}, got.Cycle)
	require.Equal(t, []int{1}, got.Steps)
	// −1e-20 beside 1 is 0 up to the tolerance, and turns nothing over.
	got = must(PowerMethod{}.Run(tensorOf([]float64{1, 0}, []float64{0, -1e-20}), tensorOf([]float64{0, 1})))(t)
	require.Equal(t, []bool{true}, got.Eigenvector)
	require.Equal(t, []int{1}, got.Cycle)
}

// The size of W and of the start does not matter, and a row runs in a batch as it does alone.
func TestPowerMethodScales(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 27))
	w, x := normalRows(r, 6, 6), normalRows(r, 5, 6)
	got := must(PowerMethod{}.Run(w, x))(t)
	for exponent, tiny := range map[int]bool{900: false, -900: true} {
		scaledW, scaledX := w.Clone().(*tensor.Dense), x.Clone().(*tensor.Dense)
		for i := range scaledW.Float64s() {
			scaledW.Float64s()[i] = math.Ldexp(scaledW.Float64s()[i], exponent)
		}
		for i := range scaledX.Float64s() {
			scaledX.Float64s()[i] = math.Ldexp(scaledX.Float64s()[i], exponent)
		}
		other := must(PowerMethod{}.Run(scaledW, scaledX))(t)
		require.Equal(t, got.Vectors.Float64s(), other.Vectors.Float64s(), tiny)
		require.Equal(t, got.Steps, other.Steps)
		for i, v := range got.Values {
			require.Equal(t, math.Ldexp(v, exponent), other.Values[i])
		}
	}
	for row := range 5 {
		alone := must(PowerMethod{}.Run(w, matrix.Tensor(tensor.Float64, x.Float64s()[row*6:(row+1)*6], 1, 6)))(t)
		require.Equal(t, alone.Vectors.Float64s(), got.Vectors.Float64s()[row*6:(row+1)*6])
		require.Equal(t, alone.Cycle[0], got.Cycle[row])
		require.Equal(t, alone.Steps[0], got.Steps[row])
	}
	require.Equal(t, tensor.Float32, must(PowerMethod{}.Run(w, inSingle(x)))(t).Vectors.Dtype())
	require.NotEqual(t, must(PowerMethod{MaxSteps: 1}.Run(w, nil))(t).Vectors.Float64s(), must(PowerMethod{MaxSteps: 1, Seed: 1}.Run(w, nil))(t).Vectors.Float64s())
}

func TestPowerMethodRefuses(t *testing.T) {
	w, x := tensorOf([]float64{1, 0}, []float64{0, 2}), tensorOf([]float64{1, 1})
	nan := tensorOf([]float64{math.NaN(), 1})
	for _, c := range []struct {
		p    PowerMethod
		w, x *tensor.Dense
		want error
		text string
	}{
		{PowerMethod{}, nil, x, energy.ErrShape, "w: no tensor"},
		{PowerMethod{}, tensorOf([]float64{1, 2}), x, energy.ErrShape, "w: shape (1, 2), want a square matrix"},
		{PowerMethod{}, tensorOf([]float64{1, math.Inf(-1)}, []float64{1, 1}), x, energy.ErrNotFinite, "w: row 0, column 1"},
		{PowerMethod{}, w, tensorOf([]float64{1}), energy.ErrShape, "x: shape (1, 1), want (rows, 2)"},
		{PowerMethod{}, w, nan, energy.ErrNotFinite, "x: row 0, column 0 is NaN"},
		{PowerMethod{}, w, tensorOf([]float64{1, 1}, []float64{0, 0}), energy.ErrRange, "x: row 1 is 0, want a direction"},
		{PowerMethod{}, w, tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]int{1, 1})), energy.ErrDtype, "x: dtype int"},
		{PowerMethod{MaxSteps: -1}, w, x, energy.ErrConfig, "MaxSteps is -1"},
		{PowerMethod{Tolerance: -1}, w, x, energy.ErrConfig, "Tolerance is -1"},
		{PowerMethod{Tolerance: math.NaN()}, w, x, energy.ErrConfig, "Tolerance is NaN"},
		{PowerMethod{Seed: 1}, w, x, energy.ErrConfig, "Seed is 1, but the starts are given"},
		{PowerMethod{}, tensorOf([]float64{1.5e308, 1.5e308}, []float64{1.5e308, 1.5e308}), x, energy.ErrNotFinite, "w: an eigenvalue is too large"},
	} {
		_, err := c.p.Run(c.w, c.x)
		require.ErrorIs(t, err, c.want)
		require.ErrorContains(t, err, "associative: PowerMethod: Run: "+c.text)
	}
}
