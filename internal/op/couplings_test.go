package op

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/internal/graphtest"
	"github.com/harmonium-go/harmonium/internal/units"
)

// plainCouplings is the projection in plain loops.
func plainCouplings(w array) array {
	out := array{make([]float64, len(w.x)), w.cols}
	for i := range w.cols {
		for j := range w.cols {
			if i != j {
				out.x[i*w.cols+j] = (w.at(i, j) + w.at(j, i)) / 2
			}
		}
	}
	return out
}

// couplingBuilders are the builders over units that are coupled among themselves.
func couplingBuilders() []builder {
	steps := MeanFieldConfig{Units: units.Spin, Temperature: 2, Steps: 2, Damping: 0.25}
	state := MeanFieldConfig{Units: units.Bernoulli, Temperature: 1.5, Steps: 3, FromState: true}
	unrolled := func(c MeanFieldConfig) builder {
		return builder{name: "MeanField(" + c.name() + ")", args: "bn nn n", out: "bn", kept: true,
			apply: func(in []*G.Node) (*G.Node, error) { return MeanField(c, in[0], in[1], in[2]) },
			plain: func(in []array) []float64 { return plainMeanField(c, in[0], in[1], in[2]) }}
	}
	return []builder{
		{name: "Couplings", args: "nn", out: "nn", apply: one(func(w *G.Node) (*G.Node, error) { return Couplings(w, nil) }), plain: func(in []array) []float64 { return plainCouplings(in[0]).x }},
		{name: "Couplings but for pairs", args: "nn", out: "nn",
			apply: one(func(w *G.Node) (*G.Node, error) {
				if w == nil || w.Dims() != 2 {
					return Couplings(w, nil)
				}
				return Couplings(w, ringOf(w.Shape()[0]))
			}),
			plain: func(in []array) []float64 {
				out := plainCouplings(in[0]).x
				for at, blocked := range ringOf(in[0].cols) {
					if blocked {
						out[at] = 0
					}
				}
				return out
			}},
		unrolled(steps),
		unrolled(state),
		{name: "MeanField at its fixed point", args: "bn nn n", out: "bn", kept: true,
			apply: func(in []*G.Node) (*G.Node, error) {
				w, err := Couplings(in[1], nil)
				if err != nil {
					return nil, err
				}
				c := MeanFieldConfig{Units: units.Spin, Temperature: 20, Tolerance: 1e-15, MaxSteps: 100}
				if in[0] != nil && in[0].Dtype() == tensor.Float32 {
					c.Tolerance = 1e-7
				}
				return MeanField(c, in[0], w, in[2])
			},
			plain: func(in []array) []float64 {
				return plainMeanField(MeanFieldConfig{Units: units.Spin, Temperature: 20, Steps: 100}, in[0], plainCouplings(in[1]), in[2])
			}},
	}
}

// ringOf marks the pairs of neighbours on a ring.
func ringOf(n int) []bool {
	marks := make([]bool, n*n)
	for i := range n {
		j := (i + 1) % n
		marks[i*n+j], marks[j*n+i] = true, true
	}
	return marks
}

func TestCouplingsOfOtherMarks(t *testing.T) {
	g := G.NewGraph()
	w := graphtest.Input(g, "w", normal(1, tensor.Float64, 3, 3))
	_, err := Couplings(w, make([]bool, 4))
	require.ErrorIs(t, err, ErrShape)
	require.ErrorContains(t, err, "W has shape (3, 3), and 4 pairs are marked")
	masks := [][]bool{nil, make([]bool, 9), ringOf(3)}
	var nodes G.Nodes
	for _, mask := range masks {
		nodes = append(nodes, G.Must(Couplings(w, mask)))
	}
	require.NotSame(t, nodes[0], nodes[2])
	require.NotSame(t, nodes[1], nodes[2], "other marks are another op")
	require.Equal(t, make([]float64, 9), graphtest.Value(t, nodes...)[2])
}

// What is symmetric with a zero diagonal stays as it is, bit for bit, and whatever comes is so afterwards: also at sizes that
// are no whole number of bands.
func TestCouplingsAreAProjection(t *testing.T) {
	for _, dtype := range dtypes {
		for _, n := range []int{1, 2, 15, 16, 17, 50} {
			once := graphtest.Value(t, G.Must(Couplings(graphtest.Input(G.NewGraph(), "w", normal(uint64(n), dtype, n, n)), nil)))[0]
			twice := graphtest.Value(t, G.Must(Couplings(graphtest.Input(G.NewGraph(), "w", graphtest.Tensor(dtype, once, n, n)), nil)))[0]
			require.Equal(t, once, twice)
			for i := range n {
				require.Zero(t, once[i*n+i])
				for j := range n {
					require.Equal(t, once[i*n+j], once[j*n+i])
				}
			}
		}
	}
	_, err := Couplings(graphtest.Input(G.NewGraph(), "w", normal(1, tensor.Float64, 2, 3)), nil)
	require.ErrorIs(t, err, ErrShape)
	require.ErrorContains(t, err, "W has shape (2, 3), want a square matrix")
}

// Γ*(m) = Im − Γ(I) at the input I that gives the mean m, and its slope is I.
func TestNegativeEntropyIsTheDual(t *testing.T) {
	for _, dtype := range dtypes {
		for _, k := range []units.Kind{units.Spin, units.Bernoulli} {
			inputs := []float64{-4, -1, -0.1, 0, 0.3, 2, 5, 0.7}
			g := G.NewGraph()
			in := graphtest.Input(g, "I", graphtest.Tensor(dtype, inputs, 4, 2))
			m := G.Must(UnitMean(k, in, nil))
			dual := G.Must(NegativeEntropy(k, m))
			gamma := G.Must(CGF(k, in, nil))
			product := G.Must(RowDot(in, m))
			got := graphtest.Value(t, dual, product, gamma)
			for i := range got[0] {
				require.InDelta(t, got[1][i]-got[2][i], got[0][i], 100*tolerance[dtype])
			}

			x := graphtest.Input(G.NewGraph(), "m", graphtest.Tensor(dtype, graphtest.Value(t, m)[0], 4, 2))
			grads, err := G.Grad(G.Must(G.Sum(G.Must(NegativeEntropy(k, x)))), x)
			require.NoError(t, err)
			slack := map[tensor.Dtype]float64{tensor.Float32: 2e-3, tensor.Float64: 1e-11}[dtype] // 1 − m has few digits at I = 5
			require.InDeltaSlice(t, inputs, graphtest.Value(t, grads[0])[0], slack)
		}
	}
}

func TestGradientOfNegativeEntropy(t *testing.T) {
	for _, dtype := range dtypes {
		for _, k := range []units.Kind{units.Spin, units.Bernoulli} {
			in := []*tensor.Dense{graphtest.Tensor(dtype, []float64{0.1, 0.5, 0.9, 0.25, 0.03, 0.625}, 2, 3)}
			gradients(t, k.Name, dtype, in, nil, 0, func(in []*G.Node) (*G.Node, error) { return NegativeEntropy(k, in[0]) })
		}
	}
}

// At the ends of the range the entropy is 0 and the gradient finite; beyond them there is neither.
func TestNegativeEntropyAtTheEnds(t *testing.T) {
	for _, dtype := range dtypes {
		for _, k := range []units.Kind{units.Spin, units.Bernoulli} {
			low := map[string]float64{"Spin": -1, "Bernoulli": 0}[k.Name]
			x := graphtest.Input(G.NewGraph(), "m", graphtest.Tensor(dtype, []float64{low, 1, 1.5, 0.5, math.NaN(), 0.5}, 3, 2))
			n := G.Must(NegativeEntropy(k, x))
			grads, err := G.Grad(G.Must(G.Sum(n)), x)
			require.NoError(t, err)
			got := graphtest.Value(t, n, grads[0])
			require.Zero(t, got[0][0])
			require.True(t, math.IsNaN(got[0][1]) && math.IsNaN(got[0][2]))
			for i, sign := range []float64{-1, 1} {
				require.Greater(t, sign*got[1][i], 8.0)
				require.Less(t, sign*got[1][i], 40.0)
			}
			require.True(t, math.IsNaN(got[1][4]))
		}
	}
}
