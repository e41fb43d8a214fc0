package op

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/units"
)

// symmetric is a random matrix as Couplings gives them, its numbers of a deviation.
func symmetric(seed uint64, dtype tensor.Dtype, n int, deviation float64) *tensor.Dense {
	x := normal(seed, tensor.Float64, n, n).Float64s()
	out := make([]float64, n*n)
	for i := range n {
		for j := range i {
			out[i*n+j] = deviation * float64(float32(x[i*n+j]))
			out[j*n+i] = out[i*n+j]
		}
	}
	return graphtest.Tensor(dtype, out, n, n)
}

func plainMean(k units.Kind, x float64) float64 {
	if k.Name == "Spin" {
		return math.Tanh(x)
	}
	return plainSigmoid(x)
}

// plainMeanField is the updates in plain loops, a fixed number of them.
func plainMeanField(c MeanFieldConfig, x, w, b array) (out []float64) {
	n := len(b.x)
	for r := range x.rows() {
		field, m := make([]float64, n), make([]float64, n)
		for i := range n {
			field[i] = b.x[i]
			if c.FromState {
				m[i] = x.at(r, i)
				continue
			}
			field[i] += x.at(r, i)
			m[i] = plainMean(c.Units, field[i]/c.Temperature)
		}
		for range c.Steps {
			next := make([]float64, n)
			for i := range n {
				input := field[i]
				for j := range n {
					input += w.at(j, i) * m[j]
				}
				next[i] = plainMean(c.Units, input/c.Temperature)
				if c.Damping > 0 {
					next[i] = c.Damping*m[i] + (1-c.Damping)*next[i]
				}
			}
			m = next
		}
		out = append(out, m...)
	}
	return out
}

// unrolled lists fixed numbers of updates.
func unrolled() (all []MeanFieldConfig) {
	for _, k := range []units.Kind{units.Spin, units.Bernoulli} {
		for _, steps := range []int{1, 2, 5} {
			for _, temperature := range []float64{0.5, 1, 3} {
				for _, damping := range []float64{0, 0.4} {
					for _, from := range []bool{false, true} {
						all = append(all, MeanFieldConfig{Units: k, Temperature: temperature, Damping: damping, Steps: steps, FromState: from})
					}
				}
			}
		}
	}
	return all
}

func arrayOf(x *tensor.Dense) array {
	return array{append([]float64(nil), float64s(x)...), x.Shape()[x.Dims()-1]}
}

func meanFieldInputs(dtype tensor.Dtype, rows, n int, deviation float64) []*tensor.Dense {
	return []*tensor.Dense{normal(11, dtype, rows, n), symmetric(12, dtype, n, deviation), normal(13, dtype, n)}
}

func meanFieldNodes(g *G.ExprGraph, in []*tensor.Dense) G.Nodes {
	return G.Nodes{graphtest.Input(g, "x", in[0]), graphtest.Input(g, "w", in[1]), graphtest.Input(g, "b", in[2])}
}

func TestMeanFieldIsItsFormula(t *testing.T) {
	for _, dtype := range dtypes {
		for _, c := range unrolled() {
			in := meanFieldInputs(dtype, 4, 5, 0.8)
			want := graphtest.Tensor(dtype, plainMeanField(c, arrayOf(in[0]), arrayOf(in[1]), arrayOf(in[2])), 4, 5)
			graphtest.Run(t, map[tensor.Dtype]float64{tensor.Float32: 5e-6, tensor.Float64: 1e-13}[dtype], func(g *G.ExprGraph) G.Nodes {
				n := meanFieldNodes(g, in)
				return G.Nodes{G.Must(MeanField(c, n[0], n[1], n[2]))}
			}, want)
		}
	}
}

func TestGradientsOfMeanField(t *testing.T) {
	for _, dtype := range dtypes {
		tolerance := map[tensor.Dtype]float64{tensor.Float32: 3e-4, tensor.Float64: 1e-6}[dtype]
		for _, c := range unrolled() {
			in := meanFieldInputs(dtype, 3, 4, 0.8)
			in[1] = normal(12, dtype, 4, 4) // any W
			gradients(t, fmt.Sprintf("%v, %+v", dtype, c), dtype, in, nil, tolerance, func(in []*G.Node) (*G.Node, error) {
				return MeanField(c, in[0], in[1], in[2])
			})
		}
	}
}

// The gradient of the fixed point is that of differences, through Couplings.
func TestGradientsOfFixedPoints(t *testing.T) {
	for _, dtype := range dtypes {
		tolerance := map[tensor.Dtype]float64{tensor.Float32: 1e-3, tensor.Float64: 1e-6}[dtype]
		for _, k := range []units.Kind{units.Spin, units.Bernoulli} {
			for _, temperature := range []float64{0.4, 1, 3} {
				c := MeanFieldConfig{Units: k, Temperature: temperature, Tolerance: 1e-6, MaxSteps: 5000}
				if dtype == tensor.Float64 {
					c.Tolerance = 1e-13
				}
				in := meanFieldInputs(dtype, 3, 4, 0.5)
				in[1] = normal(12, dtype, 4, 4)
				gradients(t, fmt.Sprintf("%v, %+v", dtype, c), dtype, in, nil, tolerance, func(in []*G.Node) (*G.Node, error) {
					twin := c
					if in[0].Dtype() == tensor.Float64 {
						twin.Tolerance = 1e-13 // the differences of the float32 graph are those of its float64 twin
					}
					w, err := Couplings(in[1], nil)
					if err != nil {
						return nil, err
					}
					return MeanField(twin, in[0], w, in[2])
				})
			}
		}
	}
}

func gradientsOf(t *testing.T, c MeanFieldConfig, in []*tensor.Dense) [][]float64 {
	t.Helper()
	g := G.NewGraph()
	n := meanFieldNodes(g, in)
	out := G.Must(MeanField(c, n[0], n[1], n[2]))
	cost, err := weighted(out, graphtest.Input(g, "weighting", weights(in[0].Dtype(), out.Shape())))
	require.NoError(t, err)
	grads, err := G.Grad(cost, n...)
	require.NoError(t, err)
	return graphtest.Value(t, append(G.Nodes{out}, grads...)...)
}

// Many updates are the fixed point, and so are their gradients.
func TestFixedPointIsManyUpdates(t *testing.T) {
	for _, k := range []units.Kind{units.Spin, units.Bernoulli} {
		in := meanFieldInputs(tensor.Float64, 6, 9, 0.3)
		many := gradientsOf(t, MeanFieldConfig{Units: k, Temperature: 1, Steps: 400}, in)
		fixed := gradientsOf(t, MeanFieldConfig{Units: k, Temperature: 1, Tolerance: 1e-13, MaxSteps: 400}, in)
		for i := range many {
			require.InDeltaSlice(t, many[i], fixed[i], 1e-9)
		}
	}
}

// frustrated is a batch below the temperature at which there is one fixed point: some rows settle and some do not.
func frustrated(dtype tensor.Dtype) (MeanFieldConfig, []*tensor.Dense) {
	c := MeanFieldConfig{Units: units.Spin, Temperature: 0.6, Tolerance: 1e-5, MaxSteps: 60}
	return c, meanFieldInputs(dtype, 9, 40, 1/math.Sqrt(40))
}

// Of rows that settle and rows that do not, each has the bits that it would have alone, forward and backward.
func TestMeanFieldRowsAreAlone(t *testing.T) {
	for _, dtype := range dtypes {
		c, in := frustrated(dtype)
		r := newMeanFieldRun[float64](c)
		if dtype == tensor.Float64 {
			runMeanField(r, in)
			require.Contains(t, r.settled, true, "some rows settle")
			require.Contains(t, r.settled, false, "and some do not")
		}
		unrolled := MeanFieldConfig{Units: units.Bernoulli, Temperature: 0.5, Steps: 4, Damping: 0.1}
		for _, c := range []MeanFieldConfig{c, unrolled} {
			all := gradientsOf(t, c, in)
			n := in[2].Shape()[0]
			for i := range in[0].Shape()[0] {
				alone := append([]*tensor.Dense{graphtest.Tensor(dtype, float64s(in[0])[i*n:(i+1)*n], 1, n)}, in[1:]...)
				g := G.NewGraph()
				nodes := meanFieldNodes(g, alone)
				out := G.Must(MeanField(c, nodes[0], nodes[1], nodes[2]))
				whole := float64s(weights(dtype, in[0].Shape()))
				cost, err := weighted(out, graphtest.Input(g, "weighting", graphtest.Tensor(dtype, whole[i*n:(i+1)*n], 1, n)))
				require.NoError(t, err)
				grads, err := G.Grad(cost, nodes[0])
				require.NoError(t, err)
				got := graphtest.Value(t, out, grads[0])
				require.Equal(t, all[0][i*n:(i+1)*n], got[0])
				require.Equal(t, all[1][i*n:(i+1)*n], got[1])
			}
		}
	}
}

func runMeanField(r *meanFieldRun[float64], in []*tensor.Dense) []float64 {
	operands := make([]operand[float64], len(in))
	for i, x := range in {
		operands[i] = operand[float64]{x.Float64s(), x.Shape()}
	}
	out := operand[float64]{make([]float64, in[0].DataSize()), in[0].Shape()}
	r.forward(out, operands, 0, 0)
	return out.data
}

func TestMeanFieldAtAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, dtype := range dtypes {
		c, in := frustrated(dtype)
		var results [3][][]float64
		for i, cores := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(cores)
			results[i] = gradientsOf(t, c, in)
		}
		require.Equal(t, results[0], results[1])
		require.Equal(t, results[0], results[2])
	}
}

// A row that has not settled goes back through its updates, all of them where they are no more than a hundred.
func TestGradientWithoutAFixedPoint(t *testing.T) {
	in := meanFieldInputs(tensor.Float64, 5, 8, 0.1) // no update turns back
	want := gradientsOf(t, MeanFieldConfig{Units: units.Spin, Temperature: 1, Steps: 6}, in)
	got := gradientsOf(t, MeanFieldConfig{Units: units.Spin, Temperature: 1, Tolerance: 1e-15, MaxSteps: 6}, in)
	for i := range want {
		require.InDeltaSlice(t, want[i], got[i], 1e-13)
	}
}

// In a ferromagnet below its critical temperature 0 is a fixed point, but no minimum: (I − D^½WD^½) has a negative eigenvalue. The
// gradient is that of the single update that was taken.
func TestGradientAtASaddle(t *testing.T) {
	const n = 4
	w := make([]float64, n*n)
	for i := range w {
		if i/n != i%n {
			w[i] = 1
		}
	}
	in := []*tensor.Dense{graphtest.Tensor(tensor.Float64, make([]float64, 2*n), 2, n), graphtest.Tensor(tensor.Float64, w, n, n), graphtest.Tensor(tensor.Float64, make([]float64, n), n)}
	want := gradientsOf(t, MeanFieldConfig{Units: units.Spin, Temperature: 1.5, Steps: 1}, in)
	got := gradientsOf(t, MeanFieldConfig{Units: units.Spin, Temperature: 1.5, Tolerance: 1e-10, MaxSteps: 50}, in)
	require.Equal(t, want, got)
	require.Equal(t, make([]float64, 2*n), got[0])
	require.NotZero(t, got[1][0])
}

// A batch of rows of which one settles and the other does not has the sum of their gradients of W and b.
func TestGradientsOfAMixedBatch(t *testing.T) {
	c, in := frustrated(tensor.Float64)
	n := in[2].Shape()[0]
	all := gradientsOf(t, c, in)
	r := newMeanFieldRun[float64](c)
	runMeanField(r, in)
	w, b := make([]float64, n*n), make([]float64, n)
	whole := float64s(weights(tensor.Float64, in[0].Shape()))
	for i := range r.settled {
		alone := append([]*tensor.Dense{graphtest.Tensor(tensor.Float64, in[0].Float64s()[i*n:(i+1)*n], 1, n)}, in[1:]...)
		g := G.NewGraph()
		nodes := meanFieldNodes(g, alone)
		cost, err := weighted(G.Must(MeanField(c, nodes[0], nodes[1], nodes[2])), graphtest.Input(g, "weighting", graphtest.Tensor(tensor.Float64, whole[i*n:(i+1)*n], 1, n)))
		require.NoError(t, err)
		grads, err := G.Grad(cost, nodes[1], nodes[2])
		require.NoError(t, err)
		got := graphtest.Value(t, grads...)
		for k, v := range got[0] {
			w[k] += v
		}
		for k, v := range got[1] {
			b[k] += v
		}
	}
	scale := 1.0
	for _, v := range w {
		scale = max(scale, math.Abs(v))
	}
	require.InDeltaSlice(t, w, all[2], 1e-12*scale)
	require.InDeltaSlice(t, b, all[3], 1e-12*scale)
}

// Units that all repel each other: updated all at once they are all up and all down in turns, for ever. F is convex at T = 1, since no
// eigenvalue of W is above 1, so there is one fixed point; the halved step ends there.
func TestTurningBackIsDamped(t *testing.T) {
	const n = 6
	w := make([]float64, n*n)
	for i := range w {
		if i/n != i%n {
			w[i] = -1
		}
	}
	in := []*tensor.Dense{
		graphtest.Tensor(tensor.Float64, []float64{0.3, 0.2, 0.1, 0, -0.1, 0.1}, 1, n), graphtest.Tensor(tensor.Float64, w, n, n),
		graphtest.Tensor(tensor.Float64, make([]float64, n), n),
	}
	even := runMeanField(newMeanFieldRun[float64](MeanFieldConfig{Units: units.Spin, Temperature: 1, Steps: 1000}), in)
	odd := runMeanField(newMeanFieldRun[float64](MeanFieldConfig{Units: units.Spin, Temperature: 1, Steps: 1001}), in)
	require.Greater(t, math.Abs(even[0]-odd[0]), 1.9)

	r := newMeanFieldRun[float64](MeanFieldConfig{Units: units.Spin, Temperature: 1, Tolerance: 1e-12, MaxSteps: 1000})
	m := runMeanField(r, in)
	require.True(t, r.settled[0])
	for i := range n {
		require.InDelta(t, math.Tanh(in[0].Float64s()[i]+m[i]-sum(m)), m[i], 1e-11)
	}
}

// After a run and its gradients on either of two sizes, neither allocates anything.
func TestMeanFieldDoesNotAllocate(t *testing.T) {
	for _, dtype := range dtypes {
		c, _ := frustrated(dtype)
		for _, c := range []MeanFieldConfig{c, {Units: units.Spin, Temperature: 0.5, Steps: 3}} {
			g := G.NewGraph()
			in := meanFieldNodes(g, meanFieldInputs(dtype, 2, 3, 1))
			out := G.Must(MeanField(c, in[0], in[1], in[2]))
			grads, err := G.Grad(G.Must(G.Sum(out)), in...)
			require.NoError(t, err)
			forward := out.Op().(ownOp)
			var backward [3]ownOp
			for i, n := range grads {
				backward[i] = n.Op().(ownOp)
			}
			run := func(rows, n int) func() {
				args := meanFieldInputs(dtype, rows, n, 1/math.Sqrt(float64(n)))
				m, dx, dw, db, ones := tensor.New(tensor.Of(dtype), tensor.WithShape(rows, n)), tensor.New(tensor.Of(dtype), tensor.WithShape(rows, n)),
					tensor.New(tensor.Of(dtype), tensor.WithShape(n, n)), tensor.New(tensor.Of(dtype), tensor.WithShape(n)), normal(5, dtype, rows, n)
				calls := []struct {
					op  ownOp
					out *tensor.Dense
					in  []G.Value
				}{
					{forward, m, []G.Value{args[0], args[1], args[2]}}, {backward[1], dw, []G.Value{args[0], args[1], args[2], m, ones}},
					{backward[0], dx, []G.Value{args[0], dw}}, {backward[2], db, []G.Value{args[2], dw}},
				}
				return func() {
					for _, call := range calls {
						if _, err := call.op.UsePreallocDo(call.out, call.in...); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			small, large := run(3, 20), run(9, 40)
			requireNoAllocations(t, forward, func() {
				small()
				large()
			})
		}
	}
}

// What is not a number ends the updates of its row at once and leaves the others alone.
func TestMeanFieldOfNaN(t *testing.T) {
	c := MeanFieldConfig{Units: units.Spin, Temperature: 1, Tolerance: 1e-10, MaxSteps: 500}
	in := meanFieldInputs(tensor.Float64, 3, 6, 0.3)
	want := gradientsOf(t, c, in)
	in[0].Float64s()[6] = math.NaN()
	r := newMeanFieldRun[float64](c)
	runMeanField(r, in)
	require.LessOrEqual(t, r.taken[1], 2)
	got := gradientsOf(t, c, in)
	for k := range 2 {
		require.Equal(t, want[k][:6], got[k][:6])
		require.Equal(t, want[k][12:], got[k][12:])
		require.True(t, math.IsNaN(got[k][6]))
	}
}
