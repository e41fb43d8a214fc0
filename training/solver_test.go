package training

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
)

// every is one of each rule, with settings that are not the defaults where there are any.
var every = []Solver{
	SGD{Rate: 0.1},
	SGD{Rate: 0.1, Momentum: 0.9},
	SGD{Rate: 0.1, Momentum: 0.9, Nesterov: true},
	Adam{Rate: 0.01, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-6},
	AdamW{Rate: 0.01, Decay: 0.2},
}

func vector(dtype tensor.Dtype, values ...float64) *tensor.Dense {
	return array(dtype, tensor.Shape{len(values)}, values...)
}

func array(dtype tensor.Dtype, shape tensor.Shape, values ...float64) *tensor.Dense {
	d := tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))
	for i, v := range values {
		if dtype == tensor.Float32 {
			d.Float32s()[i] = float32(v)
		} else {
			d.Float64s()[i] = v
		}
	}
	return d
}

func random(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// numbers copies the elements of d as float64.
func numbers(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return append([]float64(nil), d.Float64s()...)
	}
	var x []float64
	for _, v := range d.Float32s() {
		x = append(x, float64(v))
	}
	return x
}

func start(t testing.TB, c Solver) *Stepper {
	t.Helper()
	s, err := c.New()
	require.NoError(t, err)
	return s
}

// scalar is one weight of the reference, written from the formulas of the papers.
type scalar struct{ w, m, v float64 }

func (x *scalar) step(c Solver, t int, g float64, matrix bool) {
	adam := func(c Adam, decay float64) {
		x.m = c.Beta1*x.m + (1-c.Beta1)*g
		x.v = c.Beta2*x.v + (1-c.Beta2)*g*g
		mHat := x.m / (1 - math.Pow(c.Beta1, float64(t)))
		vHat := x.v / (1 - math.Pow(c.Beta2, float64(t)))
		x.w -= c.Rate * (mHat/(math.Sqrt(vHat)+c.Epsilon) + decay*x.w)
	}
	switch c := c.(type) {
	case SGD:
		x.v = c.Momentum*x.v - c.Rate*g
		if c.Nesterov {
			x.w += c.Momentum*x.v - c.Rate*g
		} else {
			x.w += x.v
		}
	case Adam:
		adam(c, 0)
	case AdamW:
		decay := 0.0
		if matrix {
			decay = c.Decay
		}
		adam(Adam{Rate: c.Rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, decay)
	}
}

// against runs 50 steps of c and of the reference ref on a matrix and a vector, with random gradients, and returns the
// largest difference.
func against(t *testing.T, c, ref Solver, dtype tensor.Dtype) float64 {
	r := rand.New(rand.NewPCG(1, 2))
	params := []*tensor.Dense{array(dtype, tensor.Shape{2, 3}, random(r, 6)...), vector(dtype, random(r, 3)...)}
	want := [][]scalar{make([]scalar, 6), make([]scalar, 3)}
	for i, p := range params {
		for j, w := range numbers(p) {
			want[i][j].w = w
		}
	}
	s := start(t, c)
	worst := 0.0
	for step := 1; step <= 50; step++ {
		var grads []*tensor.Dense
		for i, p := range params {
			g := array(dtype, p.Shape(), random(r, p.DataSize())...)
			for j, v := range numbers(g) {
				want[i][j].step(ref, step, v, p.Dims() == 2)
			}
			grads = append(grads, g)
		}
		require.NoError(t, s.Update(params, grads))
		for i, p := range params {
			for j, w := range numbers(p) {
				worst = max(worst, math.Abs(w-want[i][j].w))
			}
			require.Equal(t, make([]float64, p.DataSize()), numbers(grads[i]), "the gradient must be zeroed")
		}
	}
	return worst
}

func TestSolversEqualTheFormulas(t *testing.T) {
	for _, c := range every {
		require.Less(t, against(t, c, c, tensor.Float64), 1e-12, "%+v", c)
		// 50 steps of a weight of size 5 at most, each of a few roundings of 2⁻²⁴: 50·4·5·6e-8.
		require.Less(t, against(t, c, c, tensor.Float32), 6e-5, "%+v", c)
	}
}

func TestFormulaTestSeesASmallChange(t *testing.T) {
	for _, twin := range []struct{ c, ref Solver }{
		{SGD{Rate: 0.1}, SGD{Rate: 0.1001}},
		{SGD{Rate: 0.1, Momentum: 0.9}, SGD{Rate: 0.1, Momentum: 0.9, Nesterov: true}},
		{Adam{Rate: 0.01, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-6}, Adam{Rate: 0.01, Beta1: 0.8, Beta2: 0.951, Epsilon: 1e-6}},
		{AdamW{Rate: 0.01, Decay: 0.2}, AdamW{Rate: 0.01, Decay: 0.21}},
		{AdamW{Rate: 0.01, Decay: 0.2}, Adam{Rate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}},
	} {
		require.Greater(t, against(t, twin.c, twin.ref, tensor.Float32), 6e-5, "%+v", twin)
	}
}

// share returns a tensor of its own over the memory of d, as each graph has one.
func share(d *tensor.Dense) *tensor.Dense {
	return tensor.New(tensor.WithShape(d.Shape().Clone()...), tensor.WithBacking(d.Data()))
}

func TestRestoreContinuesBitForBit(t *testing.T) {
	for _, c := range every {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			r := rand.New(rand.NewPCG(5, 6))
			params := []*tensor.Dense{array(dtype, tensor.Shape{3, 2}, random(r, 6)...), vector(dtype, random(r, 2)...)}
			var gradients [][]float64
			for range 20 {
				gradients = append(gradients, random(r, 8))
			}
			step := func(s *Stepper, params []*tensor.Dense, i int) {
				g := gradients[i]
				require.NoError(t, s.Update(params, []*tensor.Dense{array(dtype, tensor.Shape{3, 2}, g[:6]...), vector(dtype, g[6:]...)}))
			}
			whole := start(t, c)
			for i := range 10 {
				step(whole, params, i)
			}
			copied := []*tensor.Dense{params[0].Clone().(*tensor.Dense), params[1].Clone().(*tensor.Dense)}
			resumed := start(t, c)
			count, arrays := whole.State()
			require.Equal(t, uint64(10), count)
			require.NoError(t, resumed.Restore(count, arrays, copied))
			for i := 10; i < 20; i++ {
				step(whole, params, i) // runs on first: the restored state must not share the arrays
			}
			for i := 10; i < 20; i++ {
				step(resumed, copied, i)
			}
			for i := range params {
				require.Equal(t, numbers(params[i]), numbers(copied[i]), "%+v %v", c, dtype)
			}

			if len(arrays) > 0 { // a run that lost its state must go another way
				lost := start(t, c)
				again := []*tensor.Dense{params[0].Clone().(*tensor.Dense), params[1].Clone().(*tensor.Dense)}
				step(lost, again, 0)
				step(whole, params, 0)
				require.NotEqual(t, numbers(params[0]), numbers(again[0]))
			}
		}
	}
}

// refused requires an error of a sentinel with a text that names what came and what was wanted.
func refused(t *testing.T, err, sentinel error, text string) {
	t.Helper()
	require.ErrorIs(t, err, sentinel)
	require.EqualError(t, err, text+": "+sentinel.Error())
}

func TestRestoreRefusesWhatDoesNotFit(t *testing.T) {
	p := []*tensor.Dense{vector(tensor.Float64, 1, 2)}
	s := start(t, SGD{Rate: 1, Momentum: 0.5})
	require.NoError(t, s.Update(p, []*tensor.Dense{vector(tensor.Float64, 1, 1)}))

	f64, f32 := tensor.Float64, tensor.Float32
	refused(t, s.Restore(1, nil, p), energy.ErrShape, "training: SGD: Restore: got 0 state arrays, want 1 for 1 parameters")
	refused(t, s.Restore(1, []*tensor.Dense{vector(f64, 1)}, p), energy.ErrShape, "training: SGD: Restore: state array 0 has shape (1), want (2)")
	refused(t, s.Restore(1, []*tensor.Dense{vector(f32, 1, 1)}, p), energy.ErrDtype, "training: SGD: Restore: state array 0 has dtype float32, want float64")
	require.ErrorContains(t, s.Restore(1, nil, nil), "got no parameters")

	step, arrays := s.State()
	require.Equal(t, uint64(1), step, "a refused Restore changes nothing")
	require.Equal(t, []float64{-1, -1}, numbers(arrays[0]))

	require.NoError(t, s.Restore(0, nil, p))
	step, arrays = s.State()
	require.Equal(t, uint64(0), step)
	require.Equal(t, []float64{0, 0}, numbers(arrays[0]))
}

func TestUpdateRefusesWrongInputs(t *testing.T) {
	f64, f32 := tensor.Float64, tensor.Float32
	transposed := array(f64, tensor.Shape{2, 2}, 1, 2, 3, 4)
	require.NoError(t, transposed.T())
	wide := array(f64, tensor.Shape{2, 3}, 1, 2, 3, 4, 5, 6)
	view, err := wide.Slice(nil, G.S(0, 2))
	require.NoError(t, err)
	columns := tensor.New(tensor.WithShape(2, 2), tensor.AsFortran([]float64{1, 2, 3, 4}))
	square := func() *tensor.Dense { return array(f64, tensor.Shape{2, 2}) }
	twice := vector(f64, 1, 2)

	list := func(d ...*tensor.Dense) []*tensor.Dense { return d }
	for _, c := range []struct {
		params, grads []*tensor.Dense
		sentinel      error
		want          string
	}{
		{nil, nil, energy.ErrShape, "training: Adam: got no parameters, want at least one"},
		{list(square()), nil, energy.ErrShape, "training: Adam: got 0 gradients for 1 parameters"},
		{list(nil), list(square()), energy.ErrShape, "training: Adam: parameter 0: value is nil"},
		{list(square()), list(nil), energy.ErrShape, "training: Adam: parameter 0: gradient is nil"},
		{list(tensor.New(tensor.FromScalar(1.0))), list(tensor.New(tensor.FromScalar(1.0))), energy.ErrShape, "training: Adam: parameter 0: value has shape (), want at least a vector with at least one element"},
		{list(tensor.New(tensor.WithBacking([]int{1}))), list(vector(f64, 1)), energy.ErrDtype, "training: Adam: parameter 0: value has dtype int, want float32 or float64"},
		{list(square()), list(vector(f64, 1, 2, 3, 4)), energy.ErrShape, "training: Adam: parameter 0: gradient has shape (4), want (2, 2)"},
		{list(vector(f64, 1)), list(vector(f32, 1)), energy.ErrDtype, "training: Adam: parameter 0: gradient has dtype float32, want float64"},
		{list(transposed), list(square()), energy.ErrShape, "training: Adam: parameter 0: value is a view or a transpose, want a contiguous row-major tensor"},
		{list(columns), list(square()), energy.ErrShape, "training: Adam: parameter 0: value is a view or a transpose, want a contiguous row-major tensor"},
		{list(square()), list(view.(*tensor.Dense)), energy.ErrShape, "training: Adam: parameter 0: gradient is a view or a transpose, want a contiguous row-major tensor"},
		{list(twice, share(twice)), list(vector(f64, 1, 1), vector(f64, 1, 1)), energy.ErrConfig, "training: Adam: parameter 1: value is the memory of parameter 0: it would be updated twice"},
	} {
		s := start(t, Adam{Rate: 1})
		refused(t, s.Update(c.params, c.grads), c.sentinel, c.want)
		step, arrays := s.State()
		require.Zero(t, step)
		require.Empty(t, arrays)
	}

	s := start(t, Adam{Rate: 1})
	p := vector(f64, 1, 2)
	require.NoError(t, s.Update(list(p), list(vector(f64, 1, 1))))
	before := numbers(p)
	refused(t, s.Update(list(p, vector(f64, 1)), list(p, p)), energy.ErrShape, "training: Adam: got 2 parameters, want the 1 of the first step")
	refused(t, s.Update(list(vector(f64, 1)), list(vector(f64, 1))), energy.ErrShape, "training: Adam: parameter 0: value has shape (1), want (2)")
	refused(t, s.Update(list(vector(f32, 1, 2)), list(vector(f32, 1, 2))), energy.ErrDtype, "training: Adam: parameter 0: value has dtype float32, want float64")
	step, _ := s.State()
	require.Equal(t, uint64(1), step)
	require.Equal(t, before, numbers(p))
}

func TestParametersThatShareAGradientBothMove(t *testing.T) {
	a, b, g := vector(tensor.Float64, 1, 2), vector(tensor.Float64, 3, 4), vector(tensor.Float64, 1, 1)
	require.NoError(t, start(t, SGD{Rate: 0.5}).Update([]*tensor.Dense{a, b}, []*tensor.Dense{g, g}))
	require.Equal(t, []float64{0.5, 1.5}, numbers(a))
	require.Equal(t, []float64{2.5, 3.5}, numbers(b))
	require.Equal(t, []float64{0, 0}, numbers(g))
}

func TestSetRateAndSetMomentum(t *testing.T) {
	p := []*tensor.Dense{vector(tensor.Float64, 0)}
	g := func() []*tensor.Dense { return []*tensor.Dense{vector(tensor.Float64, 1)} }
	s := start(t, SGD{Rate: 1, Momentum: 0.5})
	require.NoError(t, s.Update(p, g())) // v = −1
	require.NoError(t, s.SetRate(2))
	require.NoError(t, s.SetMomentum(0.25))
	require.NoError(t, s.Update(p, g())) // v = −0.25 − 2
	require.Equal(t, []float64{-1 - 2.25}, numbers(p[0]))
	require.NoError(t, s.SetRate(0))
	require.NoError(t, s.SetMomentum(0))
	require.NoError(t, s.Update(p, g()))
	require.Equal(t, []float64{-3.25}, numbers(p[0]))

	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		require.ErrorContains(t, s.SetRate(bad), "want a finite number, at least 0")
		require.ErrorContains(t, s.SetMomentum(bad), "want 0 ≤ momentum < 1")
	}
	require.ErrorContains(t, s.SetMomentum(1), "want 0 ≤ momentum < 1")
	for _, c := range []Solver{SGD{Rate: 1}, Adam{Rate: 1}, AdamW{Rate: 1, Decay: 1}} {
		require.ErrorContains(t, start(t, c).SetMomentum(0.5), c.Name()+": SetMomentum: this solver has no momentum")
	}
}

func TestResultDoesNotDependOnGOMAXPROCS(t *testing.T) {
	const n = 3*grain + 17 // cut among three threads, in parts that are not even
	for _, c := range every {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			run := func(threads int) []float64 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
				r := rand.New(rand.NewPCG(7, 8))
				params := []*tensor.Dense{vector(dtype, random(r, n)...)}
				s := start(t, c)
				for range 2 {
					g := vector(dtype, random(r, n)...)
					require.NoError(t, s.Update(params, []*tensor.Dense{g}))
					require.True(t, slices.Equal(numbers(g), make([]float64, n)))
				}
				return numbers(params[0])
			}
			require.True(t, slices.Equal(run(1), run(3)), "%+v %v", c, dtype)
		}
	}
}

func TestUpdateAllocatesNothingAfterTheFirst(t *testing.T) {
	for _, c := range every {
		s := start(t, c)
		params := []*tensor.Dense{array(tensor.Float32, tensor.Shape{20, 30}), vector(tensor.Float64, make([]float64, 50)...)}
		grads := []*tensor.Dense{array(tensor.Float32, tensor.Shape{20, 30}), vector(tensor.Float64, make([]float64, 50)...)}
		require.Zero(t, testing.AllocsPerRun(20, func() { // AllocsPerRun makes one call before it counts
			if err := s.Update(params, grads); err != nil {
				panic(err)
			}
		}), "%+v", c)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct {
		name string
		c    Solver
	}{{"SGD", SGD{Rate: 0.1}}, {"momentum", SGD{Rate: 0.1, Momentum: 0.9}}, {"Adam", Adam{Rate: 0.001}}} {
		b.Run(c.name+"/n=1.66M/f32", func(b *testing.B) {
			s := start(b, c.c)
			const n = 1_660_000
			params, grads := []*tensor.Dense{array(tensor.Float32, tensor.Shape{n})}, []*tensor.Dense{array(tensor.Float32, tensor.Shape{n})}
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Update(params, grads); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
