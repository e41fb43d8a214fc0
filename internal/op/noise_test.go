package op

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/stattest"
)

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// batch is an input of many rows that all hold the same values.
func batch(g *G.ExprGraph, dtype tensor.Dtype, rows int, row ...float64) *G.Node {
	return graphtest.Input(g, "x", graphtest.Tensor(dtype, slices.Repeat(row, rows), rows, len(row)))
}

// frequencies checks a random op's result, whose numbers may be a or b, against the probability of b in each column; the
// columns must be independent of each other.
func frequencies(out []float64, p []float64, a, b func(j int) float64) error {
	cells, counts := make([]float64, 1<<len(p)), make([]int, 1<<len(p))
	for c := range cells {
		cells[c] = 1
		for j, q := range p {
			if c>>j&1 == 0 {
				q = 1 - q
			}
			cells[c] *= q
		}
	}
	for i := 0; i < len(out); i += len(p) {
		c := 0
		for j := range p {
			switch out[i+j] {
			case b(j):
				c |= 1 << j
			case a(j):
			default:
				return fmt.Errorf("column %d holds %v", j, out[i+j])
			}
		}
		counts[c]++
	}
	return stattest.Distribution(counts, cells, 1e-6)
}

func zero(int) float64 { return 0 }
func unit(int) float64 { return 1 }

func TestDropout(t *testing.T) {
	row := []float64{1, -2, 3}
	for _, dtype := range dtypes {
		for _, seed := range stattest.Seeds {
			out := graphtest.Value(t, G.Must(Dropout(batch(G.NewGraph(), dtype, 20000, row...), 0.25, NewNoise(seed, "test"))))[0]
			kept := func(j int) float64 {
				if dtype == tensor.Float32 {
					return float64(float32(row[j]) * float32(1/0.75))
				}
				return row[j] * (1 / 0.75)
			}
			require.NoError(t, frequencies(out, []float64{0.75, 0.75, 0.75}, zero, kept))
			require.Error(t, frequencies(out, []float64{0.7, 0.75, 0.75}, zero, kept))
		}
	}
}

func TestBernoulli(t *testing.T) {
	p := []float64{0.125, 0.5, 0.875}
	for _, dtype := range dtypes {
		for _, seed := range stattest.Seeds {
			out := graphtest.Value(t, G.Must(Bernoulli(batch(G.NewGraph(), dtype, 20000, p...), NewNoise(seed, "test"))))[0]
			require.NoError(t, frequencies(out, p, zero, unit))
			require.Error(t, frequencies(out, []float64{0.125, 0.55, 0.875}, zero, unit))
		}
	}
	out := graphtest.Value(t, G.Must(Bernoulli(batch(G.NewGraph(), tensor.Float32, 5000, 0, 1, -1, 2), NewNoise(1, "ends"))))[0]
	require.Equal(t, slices.Repeat([]float64{0, 1, 0, 1}, 5000), out)
}

// The mask of the gradient is that of the value, and a draw's gradient passes straight through.
func TestRandomGradients(t *testing.T) {
	size := sizes[0]
	b := builder{args: "bn bn"}
	noise := NewNoise(3, "gradient")
	noise.SetStep(5)
	require.NoError(t, gradcheck.Check(gradcheck.Case{
		Dtype: tensor.Float64, Inputs: b.tensors(tensor.Float64, size), Wrt: []int{0},
		Build: func(in []*G.Node) (*G.Node, error) {
			out, err := Dropout(in[0], 0.4, noise)
			if err != nil {
				return nil, err
			}
			return weighted(out, in[1])
		},
	}))
	for _, dtype := range dtypes {
		in := b.nodes(G.NewGraph(), b.tensors(dtype, size))
		x, w := in[0], in[1]
		dropped, drawn := G.Must(Dropout(x, 0.4, noise)), G.Must(Bernoulli(w, noise))
		cost := G.Must(Combine([]float64{1, 1}, G.Must(weighted(dropped, w)), G.Must(weighted(drawn, x))))
		grads, err := G.Grad(cost, x)
		require.NoError(t, err)
		got := graphtest.Value(t, grads[0], dropped, drawn, x, w)
		for i, slope := range got[0] { // d/dx of Σ w·dropped + drawn·x
			require.InDelta(t, got[1][i]/got[3][i]*got[4][i]+got[2][i], slope, 1e-6)
		}

		in = b.nodes(G.NewGraph(), b.tensors(dtype, size))
		cost = G.Must(weighted(G.Must(Bernoulli(in[0], noise)), in[1]))
		grads, err = G.Grad(cost, in[0])
		require.NoError(t, err)
		got = graphtest.Value(t, grads[0], in[1])
		require.Equal(t, got[1], got[0])
	}
}

// Under EvalMode nothing is random, forward or backward.
func TestEvalMode(t *testing.T) {
	b := builder{args: "bn bn bn"}
	for _, dtype := range dtypes {
		in := b.nodes(G.NewGraph(), b.tensors(dtype, sizes[0]))
		dropped, drawn := G.Must(Dropout(in[0], 0.5, NewNoise(1, "a"))), G.Must(Bernoulli(in[1], NewNoise(1, "b")))
		cost := G.Must(Combine([]float64{1, 1}, G.Must(weighted(dropped, in[2])), G.Must(weighted(drawn, in[2]))))
		grads, err := G.Grad(cost, in[0], in[1])
		require.NoError(t, err)
		got := graphtest.Evaluate(t, dropped, drawn, grads[0], grads[1], in[0], in[1], in[2])
		require.Equal(t, [][]float64{got[4], got[5], got[6], got[6]}, got[:4])

		got = graphtest.Value(t, dropped, drawn, grads[0], in[0], in[1], in[2]) // and a training machine on the same graph draws again
		require.NotEqual(t, got[3], got[0])
		require.NotEqual(t, got[4], got[1])
		require.NotEqual(t, got[5], got[2])
	}
}

// One step has one set of draws: on any graph, at any batch size, on any number of cores. Other steps, seeds and purposes
// have others.
func TestSteps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	row := slices.Repeat([]float64{0.5}, 200)
	for _, dtype := range dtypes {
		for name, build := range map[string]func(x *G.Node, noise *Noise) (*G.Node, error){
			"Dropout":   func(x *G.Node, noise *Noise) (*G.Node, error) { return Dropout(x, 0.5, noise) },
			"Bernoulli": Bernoulli,
		} {
			run := func(noise *Noise, step uint64, rows int) []float64 {
				noise.SetStep(step)
				return graphtest.Value(t, G.Must(build(batch(G.NewGraph(), dtype, rows, row...), noise)))[0]
			}
			noise := NewNoise(1, "steps")
			runtime.GOMAXPROCS(1)
			first := run(noise, 7, 50)
			runtime.GOMAXPROCS(2)
			require.Equal(t, first, run(noise, 7, 50), name)
			require.Equal(t, first, run(NewNoise(1, "steps"), 7, 50), name)
			require.Equal(t, first, run(noise, 7, 60)[:len(first)], name)
			require.NotEqual(t, first, run(noise, 8, 50), name)
			require.NotEqual(t, first, run(NewNoise(2, "steps"), 7, 50), name)
			require.NotEqual(t, first, run(NewNoise(1, "others"), 7, 50), name)
			require.NotEqual(t, first[:200], first[200:400], name)
		}
	}
}

// One machine runs step after step.
func TestSetStepBetweenRuns(t *testing.T) {
	noise := NewNoise(1, "runs")
	out := G.Must(Bernoulli(batch(G.NewGraph(), tensor.Float64, 4, 0.5, 0.5, 0.5, 0.5, 0.5), noise))
	var value G.Value
	G.Read(out, &value)
	vm := G.NewTapeMachine(out.Graph())
	defer vm.Close()
	draws := map[uint64][]float64{}
	for _, step := range []uint64{0, 1, 2, 0, 1 << 40} {
		noise.SetStep(step)
		require.NoError(t, vm.RunAll())
		got := slices.Clone(value.Data().([]float64))
		vm.Reset()
		for other, seen := range draws {
			require.Equal(t, other == step, slices.Equal(seen, got), "steps %d and %d", other, step)
		}
		draws[step] = got
	}
}

// NaN in, NaN out, even where the mask is 0.
func TestRandomOpsKeepNaN(t *testing.T) {
	for _, dtype := range dtypes {
		x := batch(G.NewGraph(), dtype, 100, math.NaN(), 1)
		for _, out := range graphtest.Value(t, G.Must(Dropout(x, 0.5, NewNoise(1, "a"))), G.Must(Bernoulli(x, NewNoise(1, "b")))) {
			for i, v := range out {
				require.Equal(t, i%2 == 0, math.IsNaN(v))
			}
		}
	}
}

func TestRandomOpErrors(t *testing.T) {
	g := G.NewGraph()
	noise := NewNoise(1, "errors")
	for _, c := range []struct {
		x    *G.Node
		want error
	}{
		{nil, ErrShape}, {G.NewVector(g, tensor.Float64, G.WithShape(3), G.WithName("v")), ErrShape},
		{G.NewMatrix(g, tensor.Int, G.WithShape(3, 2), G.WithName("i")), ErrDtype},
	} {
		_, err := Dropout(c.x, 0.5, noise)
		require.ErrorIs(t, err, c.want)
		_, err = Bernoulli(c.x, noise)
		require.ErrorIs(t, err, c.want)
	}
}
