package energy_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/energy"
	"github.com/harmonium-go/harmonium/internal/exact"
	"github.com/harmonium-go/harmonium/internal/graphtest"
)

// model is a small RBM and its twin that owes nothing to this package.
type model struct {
	exact.Harmonium
	visible, hidden energy.Units
}

var families = []struct {
	units energy.Units
	side  exact.Side
}{
	{energy.Bernoulli(3), exact.Side{Family: exact.Bernoulli, Units: 3}},
	{energy.Spin(3), exact.Side{Family: exact.Spin, Units: 3}},
	{energy.OneHot(2, 3), exact.Side{Family: exact.OneHot, Units: 6, States: 3}},
	{energy.LearnedGaussian(3, 1), exact.Side{Family: exact.Gaussian, Units: 3, LogVariance: []float64{-0.6, 0.1, 0.4}}},
	{energy.ReLU(2), exact.Side{Family: exact.ReLU, Units: 2}},
	{energy.Binomial(2, 3), exact.Side{Family: exact.Binomial, Units: 2, Trials: 3}},
	{energy.Poisson(2), exact.Side{Family: exact.Poisson, Units: 2}},
}

// models are all pairs of families that can be coupled, with couplings strong enough to matter and weak enough for pairs without a bound; those
// that the sign makes normalisable have it. Where both sides are integrated by sums they have one unit each.
func models() (all []model) {
	for _, v := range families {
		for _, h := range families {
			pair := []exact.Family{v.side.Family, h.side.Family}
			poisson := slices.Contains(pair, exact.Poisson)
			if poisson && slices.Contains(pair, exact.Gaussian) {
				continue
			}
			scale := 0.4
			if poisson || slices.Contains(pair, exact.ReLU) && slices.Contains(pair, exact.Gaussian) {
				scale = 0.2
			}
			if endless(v.side) && endless(h.side) {
				v.side.Units, h.side.Units = 1, 1
				v.units, h.units = single(v.side), single(h.side)
			}
			n, m := v.side.Units, h.side.Units
			w := random(n*m, scale)
			if poisson && unlisted(v.side) && unlisted(h.side) {
				for i, x := range w {
					w[i] = -math.Abs(x)
				}
			}
			all = append(all, model{exact.Harmonium{Visible: v.side, Hidden: h.side, W: w, B: random(n, 1), C: random(m, 0.7)}, v.units, h.units})
		}
	}
	return all
}

// endless and unlisted tell sides that are summed without an end, and those whose states cannot be listed.
func endless(s exact.Side) bool { return s.Family == exact.ReLU || s.Family == exact.Poisson }

func unlisted(s exact.Side) bool { return endless(s) || s.Family == exact.Gaussian }

func single(s exact.Side) energy.Units {
	if s.Family == exact.ReLU {
		return energy.ReLU(1)
	}
	return energy.Poisson(1)
}

func (m model) String() string { return fmt.Sprintf("%v × %v", m.visible, m.hidden) }

// random returns n fixed numbers in [−scale, scale].
func random(n int, scale float64) []float64 {
	r := rand.New(rand.NewPCG(uint64(n), uint64(scale*1000)))
	x := make([]float64, n)
	for i := range x {
		x[i] = scale * (2*r.Float64() - 1)
	}
	return x
}

// statesOf lists the states of a side, or some rows of numbers in its range where it has no list of states.
func statesOf(t *testing.T, s exact.Side) [][]float64 {
	if unlisted(s) {
		rows, x := [][]float64{}, random(7*s.Units, 2)
		for i := range x {
			if endless(s) {
				x[i] = math.Abs(x[i])
			}
		}
		for i := range 7 {
			rows = append(rows, x[i*s.Units:(i+1)*s.Units])
		}
		return rows
	}
	states, err := exact.States(s)
	require.NoError(t, err)
	return states
}

// vector and matrix add inputs in float64.
func vector(g *G.ExprGraph, name string, x []float64) *G.Node {
	return graphtest.Input(g, name, graphtest.Tensor(tensor.Float64, x, len(x)))
}

func matrix(g *G.ExprGraph, name string, rows [][]float64) *G.Node {
	var flat []float64
	for _, row := range rows {
		flat = append(flat, row...)
	}
	return graphtest.Input(g, name, graphtest.Tensor(tensor.Float64, flat, len(rows), len(rows[0])))
}

// bind puts the parameters in a graph.
func (m model) bind(g *G.ExprGraph) energy.RBM {
	e := energy.RBM{
		Visible: m.visible, Hidden: m.hidden, B: vector(g, "b", m.B), C: vector(g, "c", m.C),
		W: graphtest.Input(g, "W", graphtest.Tensor(tensor.Float64, m.W, m.Visible.Units, m.Hidden.Units)),
	}
	if s := m.Visible.LogVariance; s != nil {
		e.VisibleLogVariance = vector(g, "s", s)
	}
	if s := m.Hidden.LogVariance; s != nil {
		e.HiddenLogVariance = vector(g, "t", s)
	}
	return e
}

// leaves are the parameters of an energy, in the order of an exact gradient.
func leaves(e energy.RBM) (all G.Nodes) {
	for _, n := range []*G.Node{e.W, e.B, e.C, e.VisibleLogVariance, e.HiddenLogVariance} {
		if n != nil {
			all = append(all, n)
		}
	}
	return all
}

// gradient runs gorgonia.Grad of a cost.
func gradient(t *testing.T, cost *G.Node, wrt ...*G.Node) [][]float64 {
	grads, err := G.Grad(cost, wrt...)
	require.NoError(t, err)
	return graphtest.Value(t, grads...)
}
