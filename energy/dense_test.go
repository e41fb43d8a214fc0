package energy_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/gradcheck"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

var interactions = []energy.Interaction{
	energy.Power(2), energy.Power(3), energy.Power(20), energy.RectifiedPower(2), energy.RectifiedPower(3), energy.RectifiedPower(30), energy.Exponential(),
}

// spins are rows of ±1, the k-th row the binary digits of seed·(k+1).
func spins(rows, n int, seed uint64) []float64 {
	x := make([]float64, rows*n)
	for i := range x {
		x[i] = 1 - 2*float64(seed*uint64(i+1)>>17&1)
	}
	return x
}

// denseEnergy is −Σ F(s ξ·σ) in plain loops.
func denseEnergy(f energy.Interaction, scale float64, patterns, state []float64) (e float64) {
	n := len(state)
	for lo := 0; lo < len(patterns); lo += n {
		overlap := 0.0
		for i, x := range state {
			overlap += x * patterns[lo+i]
		}
		e -= f.At(scale * overlap)
	}
	return e
}

func TestDenseEnergy(t *testing.T) {
	const b, k, n = 4, 5, 6
	for _, f := range interactions {
		for _, scale := range []float64{0, 1. / n, 0.5} {
			patterns, states := spins(k, n, 0x9E3779B97F4A7C15), spins(b, n, 0xD1B54A32D192ED03)
			var want, logs []float64
			for i := range b {
				e := denseEnergy(f, map[bool]float64{true: 1, false: scale}[scale == 0], patterns, states[i*n:(i+1)*n])
				want, logs = append(want, e), append(logs, -math.Log(-e))
			}
			for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				tolerance := map[tensor.Dtype]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-13}[dtype]
				build := func(g *G.ExprGraph) (energy.Dense, *G.Node) {
					return energy.Dense{Patterns: graphtest.Input(g, "patterns", graphtest.Tensor(dtype, patterns, k, n)), Interaction: f, Scale: scale},
						graphtest.Input(g, "x", graphtest.Tensor(dtype, states, b, n))
				}
				graphtest.Run(t, tolerance, func(g *G.ExprGraph) G.Nodes {
					e, x := build(g)
					return G.Nodes{G.Must(e.Energy(x))}
				}, graphtest.Tensor(dtype, want, b))
				if f.Exponential() {
					graphtest.Run(t, tolerance, func(g *G.ExprGraph) G.Nodes {
						e, x := build(g)
						return G.Nodes{G.Must(e.LogEnergy(x))}
					}, graphtest.Tensor(dtype, logs, b))
				}
			}
		}
	}
}

// With degree 2 the energy is the classical one, −½ σᵀWσ with W = 2 Σ ξξᵀ less its diagonal, but for the constant −N·K.
func TestDenseOfDegreeTwoIsQuadratic(t *testing.T) {
	const k, n = 3, 5
	patterns, w := spins(k, n, 0x9E3779B97F4A7C15), make([]float64, n*n)
	for i := range n {
		for j := range n {
			for mu := range k {
				if i != j {
					w[i*n+j] += 2 * patterns[mu*n+i] * patterns[mu*n+j]
				}
			}
		}
	}
	g := G.NewGraph()
	x := graphtest.Input(g, "x", graphtest.Tensor(tensor.Float64, spins(8, n, 0xD1B54A32D192ED03), 8, n))
	dense := energy.Dense{Patterns: graphtest.Input(g, "patterns", graphtest.Tensor(tensor.Float64, patterns, k, n)), Interaction: energy.Power(2)}
	classical := energy.Quadratic{Units: energy.Spin(n), W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, n, n)), B: vector(g, "b", make([]float64, n))}
	got := graphtest.Value(t, G.Must(dense.Energy(x)), G.Must(classical.Energy(x)))
	for i := range got[0] {
		require.InDelta(t, got[1][i]-n*k, got[0][i], 1e-12)
	}
}

// XOR (Krotov & Hopfield 2016, section 3): the four true rows as patterns. Even powers cannot tell any state from another, odd ones and
// all rectified ones have the true rows as the states of least energy.
func TestDenseKnowsXOR(t *testing.T) {
	xor := []float64{-1, -1, -1, -1, 1, 1, 1, -1, 1, 1, 1, -1}
	for degree := 2; degree <= 9; degree++ {
		for _, f := range []energy.Interaction{energy.Power(degree), energy.RectifiedPower(degree)} {
			g := G.NewGraph()
			e := energy.Dense{Patterns: graphtest.Input(g, "patterns", graphtest.Tensor(tensor.Float64, xor, 4, 3)), Interaction: f}
			states := append([]float64{}, xor...)
			for _, x := range xor {
				states = append(states, -x)
			}
			got := graphtest.Value(t, G.Must(e.Energy(graphtest.Input(g, "x", graphtest.Tensor(tensor.Float64, states, 8, 3)))))[0]
			for i := range 4 {
				require.Equal(t, got[0], got[i], "%v", f)
				require.Equal(t, got[4], got[4+i], "%v", f)
			}
			if !f.Rectified() && degree%2 == 0 {
				require.Equal(t, got[0], got[4], "%v", f)
			} else {
				require.Less(t, got[0], got[4], "%v", f)
			}
		}
	}
}

func TestDenseGradient(t *testing.T) {
	const b, k, n = 3, 4, 5
	for _, f := range interactions {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			forms := map[string]func(energy.Dense, *G.Node) (*G.Node, error){"Energy": energy.Dense.Energy}
			if f.Exponential() {
				forms["LogEnergy"] = energy.Dense.LogEnergy
			}
			for name, form := range forms {
				require.NoError(t, gradcheck.Check(gradcheck.Case{
					Dtype:  dtype,
					Inputs: []*tensor.Dense{graphtest.Tensor(dtype, random(b*n, 1), b, n), graphtest.Tensor(dtype, random(k*n, 1), k, n)},
					Build: func(in []*G.Node) (*G.Node, error) {
						e, err := form(energy.Dense{Patterns: in[1], Interaction: f, Scale: 0.4}, in[0])
						if err != nil {
							return nil, err
						}
						return G.Sum(e)
					},
				}), "%v %s %v", f, name, dtype)
			}
		}
	}
}

// The plain form is honest about its end, the logarithmic one has none.
func TestDenseBeyondTheDtype(t *testing.T) {
	const n = 800
	ones := make([]float64, 2*n)
	for i := range ones {
		ones[i] = 1
	}
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		g := G.NewGraph()
		e := energy.Dense{Patterns: graphtest.Input(g, "patterns", graphtest.Tensor(dtype, ones, 2, n)), Interaction: energy.Exponential()}
		x := graphtest.Input(g, "x", graphtest.Tensor(dtype, ones[:n], 1, n))
		got := graphtest.Value(t, G.Must(e.Energy(x)), G.Must(e.LogEnergy(x)))
		require.Equal(t, math.Inf(-1), got[0][0])
		require.InDelta(t, -n-math.Ln2, got[1][0], 1e-4)

		e = energy.Dense{Patterns: e.Patterns, Interaction: energy.Power(30), Scale: 1. / n}
		require.InDelta(t, -2, graphtest.Value(t, G.Must(e.Energy(x)))[0][0], 1e-4)
	}
}

func TestInteraction(t *testing.T) {
	for _, f := range interactions {
		require.NoError(t, f.Validate())
		raw, err := json.Marshal(f)
		require.NoError(t, err)
		var back energy.Interaction
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Equal(t, f, back)
	}
	require.Equal(t, "[Power(3) RectifiedPower(20) Exponential()]", fmt.Sprint([]energy.Interaction{energy.Power(3), energy.RectifiedPower(20), energy.Exponential()}))
	require.Equal(t, []float64{-8, 0, 8, math.E}, []float64{energy.Power(3).At(-2), energy.RectifiedPower(3).At(-2), energy.RectifiedPower(3).At(2), energy.Exponential().At(1)})
	for _, bad := range []energy.Interaction{{}, energy.Power(1), energy.Power(-3), energy.RectifiedPower(0), energy.Power(1001)} {
		require.ErrorIs(t, bad.Validate(), energy.ErrConfig, "%v", bad)
		require.True(t, math.IsNaN(bad.At(1)))
	}
	for _, bad := range []string{`{}`, `[]`, `{"family":"Cubic"}`, `{"family":"Power"}`, `{"family":"Power","degree":1}`, `{"family":"Exponential","degree":2}`,
		`{"family":"Power","degree":2,"more":1}`, `{"family":"Power","degree":2.5}`} {
		back := energy.Power(7)
		require.Error(t, json.Unmarshal([]byte(bad), &back), bad)
		require.Equal(t, energy.Power(7), back, "nothing changes")
	}
}

func TestDenseErrors(t *testing.T) {
	g := G.NewGraph()
	patterns := graphtest.Input(g, "patterns", graphtest.Tensor(tensor.Float64, random(6, 1), 2, 3))
	x, b := matrix(g, "x", [][]float64{{1, -1, 1}}), vector(g, "b", []float64{1, 2, 3})
	for name, f := range map[string]func(energy.Dense, *G.Node) (*G.Node, error){
		"Energy": energy.Dense.Energy, "LogEnergy": energy.Dense.LogEnergy, "Overlaps": energy.Dense.Overlaps,
	} {
		_, err := f(energy.Dense{Patterns: patterns, Interaction: energy.Exponential()}, x)
		require.NoError(t, err)
		for i, c := range []struct {
			e    energy.Dense
			x    *G.Node
			want error
		}{
			{energy.Dense{Patterns: patterns, Interaction: energy.Exponential()}, nil, energy.ErrShape},
			{energy.Dense{Patterns: patterns, Interaction: energy.Exponential()}, b, energy.ErrShape},
			{energy.Dense{Patterns: patterns, Interaction: energy.Exponential()}, patterns, nil},
			{energy.Dense{Patterns: x, Interaction: energy.Exponential()}, matrix(g, "four", [][]float64{{1, 1, 1, 1}}), energy.ErrShape},
			{energy.Dense{Interaction: energy.Exponential()}, x, energy.ErrShape},
			{energy.Dense{Patterns: b, Interaction: energy.Exponential()}, x, energy.ErrShape},
			{energy.Dense{Patterns: patterns}, x, energy.ErrConfig},
			{energy.Dense{Patterns: patterns, Interaction: energy.Power(1)}, x, energy.ErrConfig},
			{energy.Dense{Patterns: patterns, Interaction: energy.Exponential(), Scale: -1}, x, energy.ErrConfig},
			{energy.Dense{Patterns: patterns, Interaction: energy.Exponential(), Scale: math.NaN()}, x, energy.ErrConfig},
		} {
			_, err := f(c.e, c.x)
			if c.want == nil {
				require.NoError(t, err, "%d", i)
				continue
			}
			require.ErrorIs(t, err, c.want, "%d", i)
			require.ErrorContains(t, err, "energy: Dense: "+name+": ", "%d", i)
		}
	}
	_, err := energy.Dense{Patterns: patterns, Interaction: energy.Power(2)}.LogEnergy(x)
	require.ErrorIs(t, err, energy.ErrConfig)
}
