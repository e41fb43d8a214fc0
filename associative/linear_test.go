package associative

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/matrix"
)

// normalRows draws real patterns.
func normalRows(r *rand.Rand, rows, columns int) *tensor.Dense {
	x := make([]float64, rows*columns)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return matrix.Tensor(tensor.Float64, x, rows, columns)
}

// inSingle is a tensor in float32.
func inSingle(x *tensor.Dense) *tensor.Dense {
	return matrix.Tensor(tensor.Float32, x.Float64s(), x.Shape()[0], x.Shape()[1])
}

// plainProduct is ab by its definition.
func plainProduct(a, b *tensor.Dense) *tensor.Dense {
	rows, inner, columns := a.Shape()[0], a.Shape()[1], b.Shape()[1]
	c := make([]float64, rows*columns)
	for i := range rows {
		for j := range columns {
			for l := range inner {
				c[i*columns+j] += a.Float64s()[i*inner+l] * b.Float64s()[l*columns+j]
			}
		}
	}
	return matrix.Tensor(tensor.Float64, c, rows, columns)
}

func plainTranspose(a *tensor.Dense) *tensor.Dense {
	rows, columns := a.Shape()[0], a.Shape()[1]
	c := make([]float64, rows*columns)
	for i := range rows {
		for j := range columns {
			c[j*rows+i] = a.Float64s()[i*columns+j]
		}
	}
	return matrix.Tensor(tensor.Float64, c, columns, rows)
}

func require64(t *testing.T, want, got *tensor.Dense, tolerance float64) {
	t.Helper()
	require.Equal(t, want.Shape(), got.Shape())
	require.InDeltaSlice(t, want.Float64s(), got.Float64s(), tolerance)
}

func TestMapIsTheProduct(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 11))
		n, k, b := 1+r.IntN(40), 1+r.IntN(40), 1+r.IntN(20)
		w, x := normalRows(r, n, k), normalRows(r, b, n)
		l := must(NewLinear(w))(t)
		require64(t, plainProduct(x, w), must(l.Map(x))(t), 1e-12)
		require64(t, w, l.W(), 0)
		single := must(l.Map(inSingle(x)))(t)
		require.Equal(t, tensor.Float32, single.Dtype())
		for i, v := range plainProduct(x, w).Float64s() {
			require.InDelta(t, v, float64(single.Float32s()[i]), 1e-5*math.Sqrt(float64(n)))
		}
	}
	w := normalRows(rand.New(rand.NewPCG(1, 1)), 3, 3)
	l := must(NewLinear(w))(t)
	w.Float64s()[0], l.W().Float64s()[1] = 100, 100
	require.NotContains(t, l.W().Float64s(), 100.0, "W is the associator's own")
}

// A field of 0 is −1, also where rounding hides it: 0.1 + 0.2 − 0.3 is 5.6e-17 in float64.
func TestRecallTakesSigns(t *testing.T) {
	l := must(NewLinear(tensorOf([]float64{0.1, 1, -1, 1}, []float64{0.2, 1, -1, 1}, []float64{0.3, 1, -1, 2})))(t)
	got := must(l.Recall(tensorOf([]float64{1, 1, -1}, []float64{1000, 1000, -1000}, []float64{0, 0, 0}, []float64{1, 1, -0.999999})))(t)
	require.Equal(t, []float64{-1, 1, -1, -1, -1, 1, -1, -1, -1, -1, -1, -1, 1, 1, -1, 1}, got.Float64s())
	single := must(l.Recall(inSingle(tensorOf([]float64{1, -1, 1}))))(t)
	require.Equal(t, []float32{1, 1, -1, 1}, single.Float32s())
}

func TestClassify(t *testing.T) {
	l := must(NewLinear(tensorOf([]float64{1, 0, 0}, []float64{0, 1, 0}, []float64{0, 1, 1})))(t)
	got, err := l.Classify(tensorOf([]float64{1, 0, 0}, []float64{0, 1, 0}, []float64{0, 0, 1}, []float64{1, 1, 0}, []float64{0, -1, 2}, []float64{0, 0, 0}))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, -1, -1, 2, -1}, got, "ties are not recognised")
}

// A pattern recognition network: patterns in, codes of their classes out, right also for codes of both kinds and noisy patterns.
func TestPatternRecognition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	const classes, n, noise = 6, 64, 6
	x := spins(r, classes, n)
	for _, low := range []float64{0, -1} {
		y := make([]float64, classes*classes)
		for i := range y {
			y[i] = low
			if i%(classes+1) == 0 {
				y[i] = 1
			}
		}
		codes := matrix.Tensor(tensor.Float64, y, classes, classes)
		for name, l := range map[string]*Linear{
			"correlation": must(Correlation(x, codes))(t), "pseudoinverse": must(Pseudoinverse(x, codes))(t),
		} {
			noisy := x.Clone().(*tensor.Dense)
			for p := range classes {
				for _, i := range r.Perm(n)[:noise] {
					noisy.Float64s()[p*n+i] *= -1
				}
			}
			got, err := l.Classify(noisy)
			require.NoError(t, err)
			require.Equal(t, ascending(classes), got, "%s, %v", name, low)
		}
	}
}

func TestNoveltySplitsOrthogonally(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 12))
		n := 5 + r.IntN(30)
		p := 1 + r.IntN(n-1)
		stored := spins(r, p, n)
		l := must(Pseudoinverse(stored, stored))(t)
		x := normalRows(r, 4, n)
		projection, novelty, err := l.Novelty(x)
		require.NoError(t, err)
		for i := range 4 {
			var inner, whole, near, far float64
			for j := range n {
				a, b, v := projection.Float64s()[i*n+j], novelty.Float64s()[i*n+j], x.Float64s()[i*n+j]
				require.InDelta(t, v, a+b, 1e-12)
				inner, whole, near, far = inner+a*b, whole+v*v, near+a*a, far+b*b
			}
			require.InDelta(t, 0, inner, 1e-11*whole)
			require.InDelta(t, whole, near+far, 1e-11*whole, "Pythagoras")
		}
		overlaps := plainProduct(novelty, plainTranspose(stored))
		require.InDeltaSlice(t, make([]float64, 4*p), overlaps.Float64s(), 1e-10, "what is new is orthogonal to all that is stored")
		known := plainProduct(normalRows(r, 3, p), stored) // combinations of stored patterns
		_, nothing, err := l.Novelty(known)
		require.NoError(t, err)
		require.InDeltaSlice(t, make([]float64, 3*n), nothing.Float64s(), 1e-10*float64(n))
	}
}

func TestLinearRefuses(t *testing.T) {
	good, r := tensorOf([]float64{1, -1, 1}, []float64{-1, -1, 1}), rand.New(rand.NewPCG(1, 1))
	rectangle, square := must(NewLinear(normalRows(r, 3, 2)))(t), must(NewLinear(normalRows(r, 3, 3)))(t)
	huge := must(NewLinear(tensorOf([]float64{1e308, 1e308, 1e308}, []float64{1e308, 1e308, 1e308}, []float64{1e308, 1e308, 1e308})))(t)
	nan, inf := tensorOf([]float64{1, math.NaN(), 1}), tensorOf([]float64{math.Inf(1), 1, 1})
	integers := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]int{1, 1, 1, 1, 1, 1}))
	novelty := func(l *Linear, x *tensor.Dense) error {
		_, _, err := l.Novelty(x)
		return err
	}
	pairs := map[string]func(x, y *tensor.Dense) error{
		"Correlation":   func(x, y *tensor.Dense) error { return failure(Correlation(x, y)) },
		"Crosstalk":     func(x, y *tensor.Dense) error { return failure(Crosstalk(x, y)) },
		"Pseudoinverse": func(x, y *tensor.Dense) error { return failure(Pseudoinverse(x, y)) },
		"Bidirectional": func(x, y *tensor.Dense) error { return failure(Bidirectional(x, y)) },
		"LinearDescent: Learn": func(x, y *tensor.Dense) error {
			_, _, err := LinearDescent{}.Learn(t.Context(), x, y)
			return err
		},
	}
	for name, learn := range pairs {
		for _, c := range []struct {
			x, y *tensor.Dense
			want error
			text string
		}{
			{nil, good, energy.ErrShape, "x: no tensor"},
			{good, nil, energy.ErrShape, "y: no tensor"},
			{good, tensorOf([]float64{1, 1}), energy.ErrShape, "2 rows of x and 1 of y, want as many"},
			{nan, tensorOf([]float64{1}), energy.ErrNotFinite, "x: row 0, column 1 is NaN"},
			{tensorOf([]float64{1, 1, 1}), inf, energy.ErrNotFinite, "y: row 0, column 0 is +Inf"},
			{integers, good, energy.ErrDtype, "x: dtype int"},
			{good, integers, energy.ErrDtype, "y: dtype int"},
		} {
			err := learn(c.x, c.y)
			require.ErrorIs(t, err, c.want, name)
			require.ErrorContains(t, err, "associative: "+name+": "+c.text)
		}
	}
	half := tensorOf([]float64{0.5, 1, 1}, []float64{1, 1, 1})
	zero := tensorOf([]float64{0, 0, 0}, []float64{0, 0, 0})
	for name, c := range map[string]struct {
		err  error
		want error
		text string
	}{
		"x not bipolar":          {pairs["Correlation"](half, good), energy.ErrRange, "x: row 0, column 0 is 0.5, want −1 or 1"},
		"y no code":              {pairs["Correlation"](good, half), energy.ErrRange, "y: row 0, column 0 is 0.5, want −1, 0 or 1"},
		"bidirectional x":        {pairs["Bidirectional"](half, good), energy.ErrRange, "x: row 0, column 0 is 0.5"},
		"bidirectional y":        {pairs["Bidirectional"](good, half), energy.ErrRange, "y: row 0, column 0 is 0.5"},
		"crosstalk of nothing":   {pairs["Crosstalk"](zero, good), energy.ErrRange, "x: row 0 is 0"},
		"descent of nothing":     {pairs["LinearDescent: Learn"](zero, good), energy.ErrRange, "x: every number is 0"},
		"tolerance below":        {failure(PseudoinverseWithin(good, good, -1)), energy.ErrConfig, "the tolerance is -1"},
		"tolerance NaN":          {failure(PseudoinverseWithin(good, good, math.NaN())), energy.ErrConfig, "the tolerance is NaN"},
		"tolerance 1":            {failure(PseudoinverseWithin(good, good, 1)), energy.ErrConfig, "the tolerance is 1"},
		"W":                      {failure(NewLinear(nan)), energy.ErrNotFinite, "associative: NewLinear: W: row 0, column 1 is NaN"},
		"no W":                   {failure(NewLinear(nil)), energy.ErrShape, "associative: NewLinear: W: no tensor"},
		"map columns":            {failure(rectangle.Map(tensorOf([]float64{1, 1}))), energy.ErrShape, "Linear: Map: x: shape (1, 2), want (rows, 3)"},
		"map NaN":                {failure(rectangle.Map(nan)), energy.ErrNotFinite, "Linear: Map: x: row 0, column 1"},
		"recall too large":       {failure(huge.Recall(tensorOf([]float64{1, 1, 1}))), energy.ErrNotFinite, "Linear: Recall: xW is too large"},
		"recall columns":         {failure(rectangle.Recall(tensorOf([]float64{1}))), energy.ErrShape, "Linear: Recall: x: shape (1, 1)"},
		"classify dtype":         {failure(rectangle.Classify(integers)), energy.ErrDtype, "Linear: Classify: x: dtype int"},
		"no projector":           {novelty(square, good), energy.ErrConfig, "Linear: Novelty: W is no orthogonal projector"},
		"novelty columns":        {novelty(must(Pseudoinverse(good, good))(t), tensorOf([]float64{1})), energy.ErrShape, "Linear: Novelty: x: shape (1, 1)"},
		"a rectangle as network": {failure(rectangle.Hopfield(HopfieldConfig{})), energy.ErrConfig, "Linear: Hopfield: W is (3, 2), want a square"},
		"a diagonal":             {failure(must(Correlation(good, good))(t).Hopfield(HopfieldConfig{})), energy.ErrConfig, "Linear: Hopfield: couplings: unit 0 is coupled to itself"},
		"network too large":      {failure(huge.Hopfield(HopfieldConfig{SelfCoupling: true})), energy.ErrNotFinite, "energies are too large for float64"},
		"pseudoinverse too fine": {pairs["Pseudoinverse"](tensorOf([]float64{1e-300}), tensorOf([]float64{1e300})), energy.ErrNotFinite, "X⁺Y is too large"},
	} {
		require.ErrorIs(t, c.err, c.want, name)
		require.ErrorContains(t, c.err, c.text, name)
	}
}
