package energy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// symmetric returns a symmetric (n, n) matrix with zero diagonal.
func symmetric(n int) []float64 {
	w := random(n*n, 0.8)
	for i := range n {
		w[i*n+i] = 0
		for j := range i {
			w[i*n+j] = w[j*n+i]
		}
	}
	return w
}

// A diagonal and an asymmetric part count as the formula says.
func TestQuadraticEqualsEnumeration(t *testing.T) {
	for _, f := range families[:3] {
		n := f.side.Units
		for _, w := range [][]float64{symmetric(n), random(n*n, 1)} {
			twin := exact.Quadratic{Units: f.side, W: w, B: random(n, 1)}
			states := statesOf(t, f.side)
			var want []float64
			for _, x := range states {
				want = append(want, twin.Energy(x))
			}
			graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
				e := energy.Quadratic{Units: f.units, W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, n, n)), B: vector(g, "b", twin.B)}
				return G.Nodes{G.Must(e.Energy(matrix(g, "x", states)))}
			}, graphtest.Tensor(tensor.Float64, want, len(states)))
		}
	}
}

func TestQuadraticOfGaussianUnits(t *testing.T) {
	w, b, rows := random(9, 1), random(3, 1), statesOf(t, families[3].side)
	// with variances of 1/2 the units' own energy is |x|², or another W with −2 on the diagonal
	own := exact.Quadratic{W: append([]float64{}, w...), B: b, Units: exact.Side{Units: 3}}
	for i := range 3 {
		own.W[4*i] -= 2
	}
	var want []float64
	for _, x := range rows {
		want = append(want, own.Energy(x))
	}
	graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
		e := energy.Quadratic{Units: energy.FixedGaussian(3, 0.5), W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, 3, 3)), B: vector(g, "b", b),
			LogVariance: vector(g, "s", []float64{-0.6931471805599453, -0.6931471805599453, -0.6931471805599453})}
		return G.Nodes{G.Must(e.Energy(matrix(g, "x", rows)))}
	}, graphtest.Tensor(tensor.Float64, want, len(rows)))
}

// A unit given the others is distributed by its family at its input.
func TestQuadraticInput(t *testing.T) {
	for _, f := range families[:2] {
		n := f.side.Units
		twin := exact.Quadratic{Units: f.side, W: symmetric(n), B: random(n, 1)}
		states, g := statesOf(t, f.side), G.NewGraph()
		e := energy.Quadratic{Units: f.units, W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, twin.W, n, n)), B: vector(g, "b", twin.B)}
		means := graphtest.Value(t, G.Must(f.units.Mean(G.Must(e.Input(matrix(g, "x", states))), nil)))[0]
		for k, x := range states {
			for i := range x {
				others := map[int]float64{}
				for j, xj := range x {
					if j != i {
						others[j] = xj
					}
				}
				want, err := twin.ConditionalMean(1, others)
				require.NoError(t, err)
				require.InDelta(t, want[i], means[k*n+i], 1e-12)
			}
		}
	}
}

func TestQuadraticGradient(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		require.NoError(t, gradcheck.Check(gradcheck.Case{
			Dtype:  dtype,
			Inputs: []*tensor.Dense{graphtest.Tensor(dtype, random(12, 1), 4, 3), graphtest.Tensor(dtype, symmetric(3), 3, 3), graphtest.Tensor(dtype, random(3, 1), 3), graphtest.Tensor(dtype, random(3, 0.5), 3)},
			Build: func(in []*G.Node) (*G.Node, error) {
				e := energy.Quadratic{Units: energy.LearnedGaussian(3, 1), W: in[1], B: in[2], LogVariance: in[3]}
				f, err := e.Energy(in[0])
				if err != nil {
					return nil, err
				}
				return G.Sum(f)
			},
		}))
	}
	// the gradient of a symmetric W is symmetric
	g := G.NewGraph()
	w := graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, symmetric(3), 3, 3))
	e := energy.Quadratic{Units: energy.Spin(3), W: w, B: vector(g, "b", random(3, 1))}
	grad := gradient(t, G.Must(G.Mean(G.Must(e.Energy(matrix(g, "x", statesOf(t, families[1].side)[:3]))))), w)[0]
	for i := range 3 {
		for j := range 3 {
			require.Equal(t, grad[3*i+j], grad[3*j+i])
		}
	}
}

func TestQuadraticErrors(t *testing.T) {
	g := G.NewGraph()
	x, w, b := matrix(g, "x", [][]float64{{1, -1, 1}}), graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, symmetric(3), 3, 3)), vector(g, "b", []float64{1, 2, 3})
	for name, f := range map[string]func(e energy.Quadratic, x *G.Node) (*G.Node, error){
		"Energy": func(e energy.Quadratic, x *G.Node) (*G.Node, error) { return e.Energy(x) },
		"Input":  func(e energy.Quadratic, x *G.Node) (*G.Node, error) { return e.Input(x) },
	} {
		good := energy.Quadratic{Units: energy.Spin(3), W: w, B: b}
		_, err := f(good, x)
		require.NoError(t, err)
		for i, c := range []struct {
			e energy.Quadratic
			x *G.Node
		}{
			{good, nil}, {good, b}, {energy.Quadratic{Units: energy.Spin(3), B: b}, x}, {energy.Quadratic{Units: energy.Spin(3), W: w}, x},
			{energy.Quadratic{Units: energy.Spin(3), W: x, B: b}, x}, {energy.Quadratic{Units: energy.Spin(2), W: w, B: b}, x},
		} {
			_, err := f(c.e, c.x)
			require.ErrorIs(t, err, energy.ErrShape, "%d", i)
			require.ErrorContains(t, err, "energy: Quadratic: "+name+": ", "%d", i)
		}
	}
}
