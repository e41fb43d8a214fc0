package op

import (
	"fmt"
	"math"
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
				next[i] = c.Damping*m[i] + (1-c.Damping)*plainMean(c.Units, input/c.Temperature)
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
					w, err := Couplings(in[1])
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
