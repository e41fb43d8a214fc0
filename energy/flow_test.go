package energy_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// The flow is that to the neighbours of each state, by their energies.
func TestProbabilityFlowEqualsEnumeration(t *testing.T) {
	for _, f := range families[:2] {
		t.Run(fmt.Sprint(f.units), func(t *testing.T) {
			n, states := f.side.Units, statesOf(t, f.side)
			twin := exact.Quadratic{Units: f.side, W: symmetric(n), B: random(n, 1)}
			want := make([]float64, len(states))
			for k, x := range states {
				for i := range x {
					other := slices.Clone(x)
					other[i] = states[0][i] + 1 - x[i] // the first state is of low values
					want[k] += math.Exp((twin.Energy(x) - twin.Energy(other)) / 2)
				}
			}
			graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
				e := energy.Quadratic{Units: f.units, W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, twin.W, n, n)), B: vector(g, "b", twin.B)}
				return G.Nodes{G.Must(e.ProbabilityFlow(matrix(g, "x", states)))}
			}, graphtest.Tensor(tensor.Float64, want, len(states)))

			for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				require.NoError(t, gradcheck.Check(gradcheck.Case{
					Dtype: dtype,
					Inputs: []*tensor.Dense{
						graphtest.Tensor(dtype, random(2*n, 1), 2, n), graphtest.Tensor(dtype, twin.W, n, n), graphtest.Tensor(dtype, twin.B, n),
					},
					Build: func(in []*G.Node) (*G.Node, error) {
						rows, err := energy.Quadratic{Units: f.units, W: in[1], B: in[2]}.ProbabilityFlow(in[0])
						if err != nil {
							return nil, err
						}
						return G.Sum(rows)
					},
				}))
			}
		})
	}
}

func TestProbabilityFlowRefuses(t *testing.T) {
	g := G.NewGraph()
	x, w, b := matrix(g, "x", [][]float64{{1, 1}}), graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, make([]float64, 4), 2, 2)), vector(g, "b", []float64{0, 0})
	for _, c := range []struct {
		units energy.Units
		err   error
		text  string
	}{
		{energy.Join(energy.Spin(1), energy.Gaussian(1)), energy.ErrConfig, "want Bernoulli, Spin or OneHot"},
		{energy.FixedGaussian(2, 1), energy.ErrConfig, "units are FixedGaussian(2, 1), want Bernoulli, Spin or OneHot"},
		{energy.Units{}, energy.ErrConfig, "no units given"},
		{energy.Spin(3), energy.ErrShape, "x has shape (1, 2)"},
	} {
		_, err := energy.Quadratic{Units: c.units, W: w, B: b}.ProbabilityFlow(x)
		require.ErrorIs(t, err, c.err)
		require.ErrorContains(t, err, "energy: Quadratic: ProbabilityFlow: ")
		require.ErrorContains(t, err, c.text)
	}
}
