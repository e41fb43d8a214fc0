package energy_test

import (
	"errors"
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

// neighbours lists, for each unit, the states that differ from a state in that unit only, the state itself included.
func neighbours(s exact.Side, x []float64) (all [][][]float64) {
	width := max(1, s.States)
	for lo := 0; lo < len(x); lo += width {
		var rows [][]float64
		for k := range max(2, s.States) {
			other := slices.Clone(x)
			switch s.Family {
			case exact.OneHot:
				clear(other[lo : lo+width])
				other[lo+k] = 1
			case exact.Spin:
				other[lo] = float64(2*k - 1)
			default:
				other[lo] = float64(k)
			}
			rows = append(rows, other)
		}
		all = append(all, rows)
	}
	return all
}

// enumerated returns the log-pseudo-likelihood of a state, and the flow to its neighbours, from its energy and theirs.
func enumerated(s exact.Side, x []float64, energy func(x []float64) float64) (logPL, flow float64) {
	e := energy(x)
	for _, rows := range neighbours(s, x) {
		total := 0.0
		for _, other := range rows {
			f := energy(other)
			total += math.Exp(e - f)
			if !slices.Equal(other, x) {
				flow += math.Exp((e - f) / 2)
			}
		}
		logPL -= math.Log(total)
	}
	return logPL, flow
}

// discrete are the models whose visible units have values that pseudo-likelihood lists.
func discrete() []model {
	return slices.DeleteFunc(models(), func(m model) bool {
		return !slices.Contains([]exact.Family{exact.Bernoulli, exact.Spin, exact.OneHot}, m.Visible.Family)
	})
}

func TestRBMPseudoLikelihoodEqualsEnumeration(t *testing.T) {
	for _, m := range discrete() {
		states := statesOf(t, m.Visible)
		var want, flows []float64
		for _, v := range states {
			pl, flow := enumerated(m.Visible, v, func(x []float64) float64 {
				f, err := m.FreeEnergy(x)
				require.NoError(t, err)
				return f
			})
			want, flows = append(want, pl), append(flows, flow)
		}
		outputs := []*tensor.Dense{graphtest.Tensor(tensor.Float64, want, len(want)), graphtest.Tensor(tensor.Float64, flows, len(want))}
		for _, bind := range []func(g *G.ExprGraph) energy.RBM{m.bind, func(g *G.ExprGraph) energy.RBM {
			return m.centered(g, random(len(m.B), 1), random(len(m.C), 1))
		}} {
			graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
				e, v := bind(g), matrix(g, "v", states)
				return G.Nodes{G.Must(e.PseudoLikelihood(v)), G.Must(e.ProbabilityFlow(v))}
			}, outputs...)
		}
	}
}

// A machine without couplings has the likelihood for its pseudo-likelihood, joined sides one term for each unit of theirs.
func TestRBMPseudoLikelihoodOfJoinedUnits(t *testing.T) {
	visible := energy.Join(energy.Bernoulli(2), energy.OneHot(1, 3), energy.Spin(1)) // 6 numbers, 24 states
	hidden := energy.Join(energy.Spin(1), energy.LearnedGaussian(1, 1), energy.OneHot(1, 2))
	w, b, c, s := random(24, 0.6), random(6, 1), random(4, 0.8), []float64{0, 0.5, 0, 0}
	free := func(v []float64) float64 { // of that h
		input, e := slices.Clone(c), 0.0
		for i, vi := range v {
			e -= b[i] * vi
			for j := range input {
				input[j] += vi * w[4*i+j]
			}
		}
		e -= math.Log(2 * math.Cosh(input[0]))
		e -= math.Exp(s[1])*input[1]*input[1]/2 + (math.Log(2*math.Pi)+s[1])/2
		return e - math.Log(math.Exp(input[2])+math.Exp(input[3]))
	}
	var states [][]float64
	var want, flows []float64
	count, err := visible.StateCount()
	require.NoError(t, err)
	for i := range count {
		row := make([]float64, 6)
		visible.State(i, row)
		states = append(states, row)
	}
	for _, v := range states {
		total, flow := 0.0, 0.0
		for _, unit := range [][2]int{{0, 1}, {1, 2}, {2, 5}, {5, 6}} {
			z := 0.0
			for _, other := range states { // those that differ in this unit only
				if slices.Equal(slices.Delete(slices.Clone(v), unit[0], unit[1]), slices.Delete(slices.Clone(other), unit[0], unit[1])) {
					z += math.Exp(free(v) - free(other))
					if !slices.Equal(v, other) {
						flow += math.Exp((free(v) - free(other)) / 2)
					}
				}
			}
			total -= math.Log(z)
		}
		want, flows = append(want, total), append(flows, flow)
	}
	bind := func(w, b, c, s *G.Node) energy.RBM {
		return energy.RBM{Visible: visible, Hidden: hidden, W: w, B: b, C: c, HiddenLogVariance: s}
	}
	graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
		e := bind(graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, 6, 4)), vector(g, "b", b), vector(g, "c", c), vector(g, "s", s))
		v := matrix(g, "v", states)
		return G.Nodes{G.Must(e.PseudoLikelihood(v)), G.Must(e.ProbabilityFlow(v))}
	}, graphtest.Tensor(tensor.Float64, want, 24), graphtest.Tensor(tensor.Float64, flows, 24))
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		require.NoError(t, gradcheck.Check(gradcheck.Case{
			Dtype: dtype, Inputs: []*tensor.Dense{graphtest.Tensor(dtype, slices.Concat(states[3], states[17]), 2, 6), graphtest.Tensor(dtype, w, 6, 4),
				graphtest.Tensor(dtype, b, 6), graphtest.Tensor(dtype, c, 4), graphtest.Tensor(dtype, s, 4)},
			Build: func(in []*G.Node) (*G.Node, error) {
				rows, err := bind(in[1], in[2], in[3], in[4]).PseudoLikelihood(in[0])
				if err != nil {
					return nil, err
				}
				return G.Sum(rows)
			},
		}))
	}
}

// Gradients at states and between them, with regard to everything, offsets included.
func TestRBMPseudoLikelihoodGradients(t *testing.T) {
	for _, m := range discrete() {
		n, h := m.Visible.Units, m.Hidden.Units
		rows := slices.Concat(statesOf(t, m.Visible)[1], statesOf(t, m.Visible)[5], random(n, 1))
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			inputs := []*tensor.Dense{graphtest.Tensor(dtype, rows, 3, n), graphtest.Tensor(dtype, m.W, n, h), graphtest.Tensor(dtype, m.B, n),
				graphtest.Tensor(dtype, m.C, h), graphtest.Tensor(dtype, random(n, 0.5), n), graphtest.Tensor(dtype, random(h, 0.5), h)}
			if m.Hidden.LogVariance != nil {
				inputs = append(inputs, graphtest.Tensor(dtype, m.Hidden.LogVariance, h))
			}
			for i, cost := range []func(e energy.RBM, v *G.Node) (*G.Node, error){energy.RBM.PseudoLikelihood, energy.RBM.ProbabilityFlow} {
				require.NoError(t, gradcheck.Check(gradcheck.Case{Dtype: dtype, Inputs: inputs, Build: func(in []*G.Node) (*G.Node, error) {
					e := energy.RBM{Visible: m.visible, Hidden: m.hidden, W: in[1], B: in[2], C: in[3], VisibleOffset: in[4], HiddenOffset: in[5]}
					if len(in) > 6 {
						e.HiddenLogVariance = in[6]
					}
					perRow, err := cost(e, in[0])
					if err != nil {
						return nil, err
					}
					return G.Sum(perRow)
				}}), "%v, cost %d", m, i)
			}
		}
	}
}

func TestQuadraticPseudoLikelihoodEqualsEnumeration(t *testing.T) {
	for _, f := range families[:3] {
		n := f.side.Units
		w := symmetric(n)
		for i := range n {
			for j := range n {
				if f.side.States > 0 && i/f.side.States == j/f.side.States {
					w[i*n+j] = 0 // states of one unit
				}
			}
		}
		twin := exact.Quadratic{Units: f.side, W: w, B: random(n, 1)}
		states := statesOf(t, f.side)
		var want, flows []float64
		for _, x := range states {
			pl, flow := enumerated(f.side, x, twin.Energy)
			want, flows = append(want, pl), append(flows, flow)
		}
		of := func(w, b *G.Node) energy.Quadratic { return energy.Quadratic{Units: f.units, W: w, B: b} }
		graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
			e, x := of(graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, n, n)), vector(g, "b", twin.B)), matrix(g, "x", states)
			return G.Nodes{G.Must(e.PseudoLikelihood(x)), G.Must(e.ProbabilityFlow(x))}
		}, graphtest.Tensor(tensor.Float64, want, len(states)), graphtest.Tensor(tensor.Float64, flows, len(states)))
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			require.NoError(t, gradcheck.Check(gradcheck.Case{
				Dtype: dtype, Inputs: []*tensor.Dense{graphtest.Tensor(dtype, random(2*n, 1), 2, n), graphtest.Tensor(dtype, w, n, n), graphtest.Tensor(dtype, twin.B, n)},
				Build: func(in []*G.Node) (*G.Node, error) {
					e := of(in[1], in[2])
					return sumOf(e.PseudoLikelihood(in[0]))(e.ProbabilityFlow(in[0]))
				},
			}), fmt.Sprint(f.units))
		}
	}
}

// sumOf builds the sum of two results of builders over all rows.
func sumOf(a *G.Node, err error) func(b *G.Node, err error) (*G.Node, error) {
	return func(b *G.Node, err2 error) (*G.Node, error) {
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		return G.Sum(G.Must(G.Add(a, b)))
	}
}

// Of Gaussian units it is made of normal densities, with means σ²h and variances σ².
func TestQuadraticPseudoLikelihoodOfGaussianUnits(t *testing.T) {
	w, b, s, rows := symmetric(3), random(3, 1), []float64{-0.6, 0.1, 0.4}, statesOf(t, families[3].side)
	var want []float64
	for _, x := range rows {
		total := 0.0
		for i := range x {
			h := b[i]
			for j := range x {
				h += w[3*i+j] * x[j]
			}
			variance := math.Exp(s[i])
			total -= (x[i]-variance*h)*(x[i]-variance*h)/(2*variance) + math.Log(2*math.Pi*variance)/2
		}
		want = append(want, total)
	}
	build := func(x, w, b, s *G.Node) (*G.Node, error) {
		return energy.Quadratic{Units: energy.LearnedGaussian(3, 1), W: w, B: b, LogVariance: s}.PseudoLikelihood(x)
	}
	graphtest.Run(t, 1e-12, func(g *G.ExprGraph) G.Nodes {
		return G.Nodes{G.Must(build(matrix(g, "x", rows), graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, w, 3, 3)), vector(g, "b", b), vector(g, "s", s)))}
	}, graphtest.Tensor(tensor.Float64, want, len(rows)))
	require.NoError(t, gradcheck.Check(gradcheck.Case{
		Dtype:  tensor.Float64,
		Inputs: []*tensor.Dense{graphtest.Tensor(tensor.Float64, rows[0], 1, 3), graphtest.Tensor(tensor.Float64, w, 3, 3), graphtest.Tensor(tensor.Float64, b, 3), graphtest.Tensor(tensor.Float64, s, 3)},
		Build: func(in []*G.Node) (*G.Node, error) {
			perRow, err := build(in[0], in[1], in[2], in[3])
			if err != nil {
				return nil, err
			}
			return G.Sum(perRow)
		},
	}))
}

func TestPseudoLikelihoodRefuses(t *testing.T) {
	g := G.NewGraph()
	x := matrix(g, "x", [][]float64{{1, 1}})
	w, b := graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, make([]float64, 4), 2, 2)), vector(g, "b", []float64{0, 0})
	single := graphtest.Input(g, "single", graphtest.Tensor(tensor.Float32, []float64{1, 1}, 1, 2))
	quadratic := func(u energy.Units, x *G.Node) error {
		_, err := energy.Quadratic{Units: u, W: w, B: b}.PseudoLikelihood(x)
		return err
	}
	rbm := func(u energy.Units, x *G.Node) error {
		_, err := energy.RBM{Visible: u, Hidden: energy.Spin(2), W: w, B: b, C: b}.PseudoLikelihood(x)
		return err
	}
	flow := func(u energy.Units, x *G.Node) error {
		_, err := energy.RBM{Name: "mine", Visible: u, Hidden: energy.Spin(2), W: w, B: b, C: b}.ProbabilityFlow(x)
		return err
	}
	for _, c := range []struct {
		err  error
		want error
		text string
	}{
		{quadratic(energy.Spin(3), x), energy.ErrShape, "energy: Quadratic: PseudoLikelihood: x has shape (1, 2), want (batch, 3)"},
		{quadratic(energy.Spin(2), nil), energy.ErrShape, "x has no node"},
		{quadratic(energy.Spin(2), single), energy.ErrDtype, "PseudoLikelihood: "},
		{quadratic(energy.FixedGaussian(2, 2), x), energy.ErrConfig, "no log-variance node given"},
		{rbm(energy.Spin(3), x), energy.ErrShape, "energy: RBM: PseudoLikelihood: visible has shape (1, 2), want (batch, 3)"},
		{rbm(energy.Spin(2), nil), energy.ErrShape, "visible has no node"},
		{rbm(energy.Spin(2), single), energy.ErrDtype, "PseudoLikelihood: "},
		{rbm(energy.Gaussian(2), x), energy.ErrConfig, "units are Gaussian(2), want Bernoulli, Spin or OneHot"},
		{rbm(energy.Join(energy.Spin(1), energy.Gaussian(1)), x), energy.ErrConfig, "want Bernoulli, Spin or OneHot"},
		{flow(energy.Gaussian(2), x), energy.ErrConfig, "mine: ProbabilityFlow: units are Gaussian(2), want Bernoulli, Spin or OneHot"},
		{flow(energy.Spin(3), x), energy.ErrShape, "visible has shape (1, 2), want (batch, 3)"},
	} {
		require.ErrorIs(t, c.err, c.want)
		require.ErrorContains(t, c.err, c.text)
	}
}
